/** Where the project's file is, whether saving reaches it, and what could not be saved of projects that were left. */
import type { UnsavedProject, WindowState } from "@api/main.ts";
import { fromDraft } from "./document.ts";
import type { Session } from "./session.svelte.ts";

export class FilePlace {
  /** Projects that were left before all of them could be saved. */
  unsaved: readonly UnsavedProject[] = $state.raw([]);
  readonly #session: Session;
  /** The notice of the last failure. */
  #told: number | undefined;

  constructor(session: Session) {
    this.#session = session;
    session.app.on("unsaved", ({ projects }) => (this.unsaved = projects));
    session.app.on("place", ({ project, note }) => {
      session.project = project;
      this.#forget();
      if (note !== null) session.notices.warn(note);
      if (!project.trouble && session.saving === "failed") void session.saveNow();
    });
  }

  /** Why saving does not reach the file, for the person; undefined as long as it does. */
  get trouble(): string | undefined {
    return this.#session.project?.trouble?.message;
  }

  /** Shows what was not saved as the newest change: what was saved is one undo away. */
  show({ unsaved, unsavedDraft }: WindowState): void {
    this.unsaved = unsaved;
    this.#forget();
    if (unsavedDraft) this.#session.editor.open(fromDraft(unsavedDraft), "What could not be saved");
  }

  saveFailed(error: unknown): void {
    if (this.trouble !== undefined) return; // the banner says it for as long as it is so
    const session = this.#session;
    this.#told = session.notices.error(
      error,
      { label: "Try again", run: () => void session.saveNow() },
      { label: "Save a copy as…", run: () => this.saveCopy() },
    );
  }

  /** Its buttons would be about another file. */
  #forget(): void {
    if (this.#told !== undefined) this.#session.notices.dismiss(this.#told);
    this.#told = undefined;
  }

  saveCopy(): void {
    void this.#session.attempt(() => this.#session.projects.saveAs());
  }

  openUnsaved(path: string): void {
    void this.#session.attempt(() => this.#session.projects.openRecent(path));
  }
}
