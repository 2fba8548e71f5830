/** Undo and redo. A gesture is one step; typing within a moment is one step; what another process did can be a step too. */

/** Something that was done outside the document and can be taken back, such as binning results. */
export interface Effect {
  undo: () => Promise<void>;
  redo: () => Promise<void>;
}

export type Step<State> = { label: string } & (
  { kind: "change"; before: State; after: State; merge: string | undefined; at: number } | ({ kind: "effect" } & Effect)
);

/** Steps with the same merge key follow each other within this many milliseconds become one. */
const MERGE_MILLISECONDS = 1_000;

export class History<State> {
  #done: Step<State>[] = [];
  #undone: Step<State>[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get undoLabel(): string | undefined {
    return this.#done.at(-1)?.label;
  }

  /** The step that undo would take back. */
  get last(): Step<State> | undefined {
    return this.#done.at(-1);
  }

  get redoLabel(): string | undefined {
    return this.#undone.at(-1)?.label;
  }

  /** Notes a change. `merge` names what is being changed, so that a run of small changes to it is one step. */
  change(label: string, before: State, after: State, merge?: string): void {
    const at = this.#now();
    const last = this.#done.at(-1);
    this.#undone = [];
    if (merge !== undefined && last?.kind === "change" && last.merge === merge && at - last.at < MERGE_MILLISECONDS) {
      this.#done[this.#done.length - 1] = { ...last, after, at };
      return;
    }
    this.#done.push({ kind: "change", label, before, after, merge, at });
  }

  effect(label: string, effect: Effect): void {
    this.#undone = [];
    this.#done.push({ kind: "effect", label, ...effect });
  }

  /** The step to take back; whoever asked carries it out. */
  undo(): Step<State> | undefined {
    const step = this.#done.pop();
    if (step) this.#undone.push(step);
    return step;
  }

  redo(): Step<State> | undefined {
    const step = this.#undone.pop();
    if (step) this.#done.push(step);
    return step;
  }

  clear(): void {
    this.#done = [];
    this.#undone = [];
  }
}
