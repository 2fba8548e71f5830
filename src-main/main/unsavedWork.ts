/** Work that could not be saved when its project was left. It is kept for as long as the program runs, and offered in every window. */
import type { UnsavedProject } from "../api/main.ts";
import type { Draft, NewResult } from "../api/store.ts";
import { isSameFile } from "../service/fileIdentity.ts";

export interface Unsaved extends UnsavedProject {
  draft: Draft | undefined;
  /** Pictures of its runs. */
  pictures: NewResult[];
}

export class UnsavedWork {
  #all: Unsaved[] = [];
  readonly #onChange: (projects: UnsavedProject[]) => void;

  constructor(onChange: (projects: UnsavedProject[]) => void) {
    this.#onChange = onChange;
  }

  get projects(): UnsavedProject[] {
    return this.#all.map(({ path, name }) => ({ path, name }));
  }

  /** Keeps what there is of it, if anything. */
  keep(work: Unsaved): void {
    if (!work.draft && work.pictures.length === 0) return;
    const before = this.#remove(work.path);
    const pictures = [...(before?.pictures ?? []), ...work.pictures];
    this.#all = [...this.#all, { ...work, draft: work.draft ?? before?.draft, pictures }];
    this.#onChange(this.projects);
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  draftOf(path: string): Draft | undefined {
    return this.#find(path)?.draft;
  }

  /** Gives what was kept of the project at this path to its window; it is that one's from now on. */
  take(path: string): Unsaved | undefined {
    const work = this.#remove(path);
    if (work) this.#onChange(this.projects);
    return work;
  }

  #remove(path: string): Unsaved | undefined {
    const work = this.#find(path);
    this.#all = this.#all.filter((one) => one !== work);
    return work;
  }

  #find(path: string): Unsaved | undefined {
    return this.#all.find((work) => isSameFile(work.path, path));
  }
}
