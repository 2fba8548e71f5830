/** The project of one window: which file it is, and how it gets another one. Nothing here asks the person anything. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { invariant } from "../api/errors.ts";
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

  async open(path: string): Promise<void> {
    await this.#leave(async () => this.#store.openProject({ path }));
  }

  async createUntitled(draft: Draft): Promise<void> {
    mkdirSync(this.#untitledFolder, { recursive: true });
    await this.#leave(async () => this.#store.createProject({ path: this.#freePath(), draft, replace: false }));
    this.#pristine = true;
  }

  /** Goes on in a copy at `path`, replacing what is there. An untitled project's own file is gone afterwards. */
  async moveTo(path: string): Promise<void> {
    const before = this.state;
    if (path === before.path) return;
    await this.#store.copyProject({ path, replace: true });
    const info = await this.#store.openProject({ path });
    this.#state = this.#describe(info, before.key); // the same pictures under the same numbers
    if (before.untitled) removeProject(before.path);
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
