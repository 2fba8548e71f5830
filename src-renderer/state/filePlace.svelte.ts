/** Where the project's file is, whether saving reaches it, and what could not be saved of projects that were left. */
import type { App } from "@api/bridge.ts";
import type { UnsavedProject, WindowState } from "@api/main.ts";
import { fromDraft } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import type { Projects } from "./projects.svelte.ts";
import type { Saving } from "./saving.svelte.ts";

export class FilePlace {
  /** Projects that were left before all of them could be saved. */
  unsaved: readonly UnsavedProject[] = $state.raw([]);
  readonly #editor: Editor;
  readonly #saving: Saving;
  readonly #projects: Projects;
  readonly #notices: Notices;
  /** The notice of the last failure. */
  #told: number | undefined;

  constructor(app: App, editor: Editor, saving: Saving, projects: Projects, notices: Notices) {
    this.#editor = editor;
    this.#saving = saving;
    this.#projects = projects;
    this.#notices = notices;
    saving.onFailed = (error) => this.#saveFailed(error);
    app.on("unsaved", ({ projects }) => (this.unsaved = projects));
    app.on("place", ({ project, note }) => {
      saving.project = project;
      this.#forget();
      if (note !== null) notices.warn(note);
      if (!project.trouble && saving.state === "failed") void saving.now();
    });
  }

  /** Why saving does not reach the file, for the person; undefined as long as it does. */
  get trouble(): string | undefined {
    return this.#saving.project?.trouble?.message;
  }

  /** Shows what was not saved as the newest change: what was saved is one undo away. */
  show({ unsaved, unsavedDraft }: WindowState): void {
    this.unsaved = unsaved;
    this.#forget();
    if (unsavedDraft) this.#editor.open(fromDraft(unsavedDraft), "What could not be saved");
  }

  #saveFailed(error: unknown): void {
    if (this.trouble !== undefined) return; // the banner says it for as long as it is so
    this.#told = this.#notices.error(
      error,
      { label: "Try again", run: () => void this.#saving.now() },
      { label: "Save a copy as…", run: () => this.saveCopy() },
    );
  }

  /** Its buttons would be about another file. */
  #forget(): void {
    if (this.#told !== undefined) this.#notices.dismiss(this.#told);
    this.#told = undefined;
  }

  saveCopy(): void {
    void this.#notices.attempt(() => this.#projects.saveAs());
  }

  openUnsaved(path: string): void {
    void this.#notices.attempt(() => this.#projects.openRecent(path));
  }
}
