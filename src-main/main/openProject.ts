/** The project of one window: which file it is, and how it gets another one. Nothing here asks the person anything. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, invariant } from "../api/errors.ts";
import type { ProjectState } from "../api/main.ts";
import type { Client } from "../api/rpc.ts";
import type { Draft, ProjectInfo, StoreApi } from "../api/store.ts";

export const ENDING = "diorama";
/** SQLite's own files beside a project. */
const COMPANIONS = ["", "-journal", "-wal", "-shm"];

export class OpenProject {
  readonly #store: Client<StoreApi>;
  readonly #untitledFolder: string;
  #state: ProjectState | undefined;
  /** Made here and not changed since: nobody would miss it. */
  #pristine = false;
  /** Drafts and changes of project, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

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

  open(path: string): Promise<void> {
    return this.#inTurn(() => this.#leave(() => this.#store.openProject({ path })));
  }

  createUntitled(draft: Draft): Promise<void> {
    return this.#inTurn(async () => {
      mkdirSync(this.#untitledFolder, { recursive: true });
      await this.#leave(() => this.#store.createProject({ path: this.#freePath(), draft, replace: false }));
      this.#pristine = true;
    });
  }

  /** Goes on in a copy at `path`, replacing what is there. An untitled project's own file is gone afterwards. */
  moveTo(path: string): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.state;
      if (path === before.path) return;
      await this.#store.copyProject({ path, replace: true });
      const info = await this.#store.openProject({ path });
      this.#state = this.#describe(info, before.key); // the same pictures under the same numbers
      if (before.untitled) removeProject(before.path);
    });
  }

  /** Keeps a draft of the project with this key. What comes when that has gone is refused, and never written over another's. */
  saveDraft(key: string, draft: Draft): ReturnType<StoreApi["saveDraft"]> {
    return this.#inTurn(() => {
      this.refuseOther(key);
      this.touch();
      return this.#store.saveDraft(draft);
    });
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

  async #leave(next: () => Promise<ProjectInfo>): Promise<void> {
    const before = this.#state;
    const wasPristine = this.#pristine;
    const info = await next();
    this.#state = this.#describe(info, randomUUID());
    this.#pristine = false;
    if (before?.untitled && wasPristine && before.path !== info.path) removeProject(before.path);
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => undefined);
    return done;
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
