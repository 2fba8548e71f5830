/** The project that is open, and what of it is on the disk: drafts save themselves, a moment after each change. */
import type { App } from "@api/bridge.ts";
import { messageOf } from "@wire/errors.ts";
import type { ProjectState } from "@api/main.ts";
import { lineOfTitle, projectTitle } from "@scene/projectTitle.ts";
import { toDraft } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Edit } from "./edits.ts";

/** A change is saved when nothing was changed for so long, in milliseconds. */
const SAVE_AFTER = 400;

export class Saving {
  project: ProjectState | undefined = $state.raw();
  state: "saved" | "waiting" | "saving" | "failed" = $state("saved");
  /** The draft differs from the version last named. */
  changed = $state(false);
  /** Told why a save failed. */
  onFailed: (error: unknown) => void = () => undefined;
  /** Why the last save failed, while `state` is "failed". */
  #why = "";
  /** The revision that is on the disk. */
  #saved = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #app: App;
  readonly #editor: Editor;

  constructor(app: App, editor: Editor) {
    this.#app = app;
    this.#editor = editor;
  }

  /** What the project is called, as long as it has no name of its own by what is written. */
  get title(): string {
    return this.project ? projectTitle(this.project.name, this.#editor.document.prompt) : "";
  }

  /** Of the title, what the prompt gives to it. */
  get line(): string {
    return this.project ? lineOfTitle(this.project.name, this.#editor.document.prompt) : "";
  }

  /** Why what is on the screen is not on the disk; null when it is. */
  get problem(): string | null {
    return this.state === "failed" ? this.#why : null;
  }

  /** Another project, whose draft is in the editor; `changed` when it differs from its version. */
  show(project: ProjectState, changed: boolean): void {
    clearTimeout(this.#timer);
    this.project = project;
    this.#saved = this.#editor.revision;
    this.state = "saved";
    this.changed = changed;
  }

  /** What the program itself fills in is no change of the person's: where nothing can be written, nothing of theirs is unsaved. */
  fillIn(change: Edit): void {
    const wasSaved = this.#editor.revision === this.#saved;
    this.#editor.adjust(change);
    if (wasSaved && this.project?.trouble?.kind === "read-only") this.#saved = this.#editor.revision;
  }

  /** Called after every change of the document: it is saved a moment later. */
  documentChanged(): void {
    if (this.#editor.revision === this.#saved) return;
    this.state = "waiting";
    this.changed = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.now(), SAVE_AFTER);
  }

  /** Resolves when what is on the screen is on the disk, or cannot get there. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    const { revision } = this.#editor;
    const { project } = this;
    if (revision === this.#saved || !project) return;
    const isOver = () => this.project?.key !== project.key;
    this.state = "saving";
    try {
      const { changed } = await this.#app.api.saveDraft({ key: project.key, draft: toDraft(this.#editor.document) });
      if (isOver()) return;
      this.#saved = revision;
      this.changed = changed;
      this.state = revision === this.#editor.revision ? "saved" : "waiting";
    } catch (error) {
      if (isOver()) return;
      this.state = "failed";
      this.#why = messageOf(error).slice(0, 2_000);
      this.onFailed(error);
    }
  }

  /** What was on the screen at `revision` is on the disk, as a version or in another file. */
  isSaved(project: ProjectState, revision: number): void {
    this.project = project;
    this.#saved = revision;
    this.changed = revision !== this.#editor.revision;
    this.state = this.changed ? "waiting" : "saved";
  }
}
