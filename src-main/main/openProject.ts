/** The project of one window: which file it is, and how it gets another one. Nothing here asks the person anything. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, invariant, isAppError } from "../api/errors.ts";
import type { ProjectState } from "../api/main.ts";
import type { Client } from "../api/rpc.ts";
import type { Draft, ProjectInfo, StoreApi } from "../api/store.ts";
import { Turns } from "../api/turns.ts";
import { isSameFile } from "../service/fileIdentity.ts";

export const ENDING = "diorama";
/** SQLite's own files beside a project. */
const COMPANIONS = ["", "-journal", "-wal", "-shm"];

export class OpenProject {
  readonly #store: Client<StoreApi>;
  readonly #untitledFolder: string;
  #state: ProjectState | undefined;
  /** Made here and not changed since: nobody would miss it. */
  #pristine = false;
  /** The last draft that was to be saved, while that has not succeeded. */
  #unsaved: Draft | undefined;
  /** Drafts and changes of project, one after the other. */
  readonly #turns = new Turns();

  constructor(store: Client<StoreApi>, untitledFolder: string) {
    this.#store = store;
    this.#untitledFolder = untitledFolder;
  }

  get state(): ProjectState {
    invariant(this.#state, "a window's project is open before it is asked for");
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state !== undefined;
  }

  get unsaved(): Draft | undefined {
    return this.#unsaved;
  }

  /** Opens a project, whatever becomes of the one before; gives what of that one could not be saved. */
  open(path: string): Promise<Draft | undefined> {
    return this.#turns.take(() => this.#leave(() => this.#store.openProject({ path })));
  }

  createUntitled(draft: Draft): Promise<Draft | undefined> {
    return this.#turns.take(async () => {
      mkdirSync(this.#untitledFolder, { recursive: true });
      const create = () => this.#store.createProject({ path: this.#freePath(), draft, replace: false });
      const unsaved = await this.#leave(create);
      this.#pristine = true;
      return unsaved;
    });
  }

  /**
   * Goes on in a copy at `path` with this draft, replacing what is there. An untitled project's own file is gone afterwards. Gives what
   * a person has to know: that the project could not be read any more, and the draft is all there is in the copy.
   */
  moveTo(path: string, draft: Draft): Promise<string | null> {
    return this.#turns.take(async () => {
      // Whether the file is still this project's own may be news; where it cannot even be looked at, the copy fails and says so.
      await this.#store.currentProject().catch(() => null);
      const before = this.state;
      if (before.trouble === null && isSameFile(path, before.path)) {
        await this.#save(draft);
        return null;
      }
      const note = await this.#copyTo(path, draft);
      const info = await this.#store.openProject({ path });
      this.#state = this.#describe(info, before.key); // the same pictures under the same numbers
      this.#unsaved = undefined;
      if (before.untitled) removeProject(before.path);
      return note;
    });
  }

  async #copyTo(path: string, draft: Draft): Promise<string | null> {
    try {
      await this.#store.copyProject({ path, replace: true, draft });
      return null;
    } catch (error) {
      // Of the place it goes to, another one can be chosen. Of the project itself, the draft is what there is.
      if (!isAppError(error, "project-invalid") || error.details.path === path) throw error;
      await this.#store.createProject({ path, draft, replace: true });
      return `${error.message} What was in the window is saved in ${path}; earlier pictures and versions are not in it.`;
    }
  }

  /** The project's file is called otherwise, or cannot be saved to, or can again. */
  placed(info: ProjectInfo): void {
    if (this.#state) this.#state = this.#describe(info, this.#state.key);
  }

  /** A draft that was kept when this project was left; it is saved with the next change. */
  takeUp(unsaved: Draft | undefined): void {
    this.#unsaved = unsaved;
  }

  /** Keeps a draft of the project with this key. What comes when that has gone is refused, and never written over another's. */
  saveDraft(key: string, draft: Draft): ReturnType<StoreApi["saveDraft"]> {
    return this.#turns.take(() => {
      this.refuseOther(key);
      this.touch();
      return this.#save(draft);
    });
  }

  async #save(draft: Draft): ReturnType<StoreApi["saveDraft"]> {
    this.#unsaved = draft;
    const saved = await this.#store.saveDraft(draft);
    this.#unsaved = undefined;
    return saved;
  }

  /** Something that was begun for the project with this key makes no sense for another. */
  refuseOther(key: string): void {
    if (key === this.state.key) return;
    throw new AppError("not-found", "This window has another project open by now.", { what: "project", id: key });
  }

  /** Something was changed. */
  touch(): void {
    this.#pristine = false;
  }

  /** Call when the store has let go of the file. */
  tidy(): void {
    if (this.#state?.untitled && this.#pristine) removeProject(this.#state.path);
  }

  async #leave(next: () => Promise<ProjectInfo>): Promise<Draft | undefined> {
    const before = this.#state;
    const wasPristine = this.#pristine;
    const info = await next();
    this.#state = this.#describe(info, randomUUID());
    this.#pristine = false;
    const unsaved = this.#unsaved;
    this.#unsaved = undefined;
    if (before?.untitled && wasPristine && before.path !== info.path) removeProject(before.path);
    return unsaved;
  }

  #describe(info: ProjectInfo, key: string): ProjectState {
    return { ...info, key, untitled: dirname(info.path) === this.#untitledFolder };
  }

  #freePath(): string {
    for (let n = 1; ; n++) {
      const path = join(this.#untitledFolder, `Untitled${n === 1 ? "" : ` ${n}`}.${ENDING}`);
      if (!existsSync(path)) return path;
    }
  }
}

function removeProject(path: string): void {
  for (const companion of COMPANIONS) rmSync(path + companion, { force: true });
}
