/** All runs: as many as the server takes, the ended ones for as long as there is room. */
import { Refusal } from "./errors.ts";
import { Run, type RunParts, type RunRequest } from "./run.ts";

/** Runs that are drawn or wait. */
const MOST_RUNS = 100;
/** Pictures that all of them together still have to draw. */
const MOST_LEFT = 10_000;
/** Characters of the scenes of all of them. */
const MOST_TEXT = 32 * 2 ** 20;
/** Ended runs that can still be asked for. */
const MOST_ENDED = 200;

export class Runs {
  readonly #parts: RunParts;
  readonly #runs = new Map<string, Run>();

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  begin(request: RunRequest): Run {
    const active = [...this.#runs.values()].filter((run) => !run.isOver);
    const left = active.reduce((sum, run) => sum + run.left, request.alternatives * request.seeds.length);
    const text = active.reduce((sum, run) => sum + run.characters, request.scene.text.length);
    if (active.length >= MOST_RUNS || left > MOST_LEFT || text > MOST_TEXT) {
      const message = "There is too much to draw already. Wait until some of it is done, or cancel a run.";
      throw new Refusal(429, "busy", message, { headers: { "Retry-After": "30" } });
    }
    const run = new Run(this.#parts, request);
    this.#runs.set(run.id, run);
    void run.ended.then(() => this.#forget());
    return run;
  }

  get(id: string): Run {
    const run = this.#runs.get(id);
    if (run) return run;
    const message = `There is no such run. Ended runs are forgotten when the server ends, and after ${MOST_ENDED} others; their pictures stay.`;
    throw new Refusal(404, "not-found", message);
  }

  /** Cancels all, and resolves when nothing is drawn any more. */
  async stop(): Promise<void> {
    for (const run of this.#runs.values()) run.cancel();
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended));
  }

  #forget(): void {
    const ended = [...this.#runs.values()].filter((run) => run.isOver);
    for (const run of ended.slice(0, Math.max(0, ended.length - MOST_ENDED))) this.#runs.delete(run.id);
  }
}
