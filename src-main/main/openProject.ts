/** The project of one window: which file it is, and how it gets another one. Nothing here asks the person anything. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { AppError, invariant, isAppError, messageOf } from "../wire/errors.ts";
import type { ProjectState } from "../api/main.ts";
import type { Client } from "../wire/rpc.ts";
import type { Draft, ProjectInfo, StoreApi } from "../api/store.ts";
import { projectTitle } from "../scene/projectTitle.ts";
import { Turns } from "../wire/turns.ts";
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
      const unsaved = await this.#leave(() => this.#createUntitled(draft));
      this.#pristine = true;
      return unsaved;
    });
  }

  /** In the app's own folder; where that cannot be written, in one that the system empties at times, rather than not at all. */
  async #createUntitled(draft: Draft): Promise<ProjectInfo> {
    const create = (folder: string) => this.#store.createProject({ path: freePath(folder), draft, replace: false });
    try {
      mkdirSync(this.#untitledFolder, { recursive: true });
      return await create(this.#untitledFolder);
    } catch (error) {
      for (const place of [tmpdir(), MEMORY_DISK]) {
        const folder = makeSpareFolder(place);
        if (folder === undefined) continue;
        try {
          const info = await create(folder);
          const note = `${messageOf(error)} This project lies in ${folder} for now, which the system may empty: save it under a name, on a disk with room.`;
          return { ...info, notes: [...info.notes, note] };
        } catch {
          rmSync(folder, { recursive: true, force: true }); // nothing is there either: the first reason is told
        }
      }
      throw error;
    }
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
    if (this.#state) this.#state = { ...this.#state, title: projectTitle(this.#state.name, draft.scene.prompt) };
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
    return { ...info, key, untitled: dirname(info.path) === this.#untitledFolder || isSpare(info.path) };
  }
}

function freePath(folder: string): string {
  for (let n = 1; ; n++) {
    const path = join(folder, `Untitled${n === 1 ? "" : ` ${n}`}.${ENDING}`);
    if (!existsSync(path)) return path;
  }
}

const SPARE = "diorama-untitled-";
/** Linux keeps it in memory. */
const MEMORY_DISK = "/dev/shm";

function makeSpareFolder(place: string): string | undefined {
  try {
    return mkdtempSync(join(place, SPARE));
  } catch {
    return undefined; // the next place is tried
  }
}

function isSpare(path: string): boolean {
  const folder = dirname(path);
  return basename(folder).startsWith(SPARE) && [tmpdir(), MEMORY_DISK].includes(dirname(folder));
}

function removeProject(path: string): void {
  if (isSpare(path)) rmSync(dirname(path), { recursive: true, force: true });
  for (const companion of COMPANIONS) rmSync(path + companion, { force: true });
}
