/**
 * The engine draws one picture at a time; those who want pictures (the projects of all windows, the runs of a server) take turns. With one
 * checkpoint each has a picture in turn, the one that has waited longest first. To open another one costs seconds to minutes, so that projects with different checkpoints change over
 * when the one that is open was drawn with for two minutes, or has nothing more to draw.
 */
import { isDeepStrictEqual } from "node:util";
import type { LoadRequest } from "../api/engine.ts";

/** Milliseconds for which a checkpoint stays while others are wanted. */
const STAY = 120_000;

interface Waiting {
  wants: () => LoadRequest | undefined;
  begin: () => void;
}

export class DrawingTurns {
  /** The one that has waited longest first. */
  #waiting: Waiting[] = [];
  #isBusy = false;
  #open: LoadRequest | undefined;
  #since = 0;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Draws one picture when it is this project's turn; `wants` is asked then with which checkpoint. */
  async take(wants: Waiting["wants"], draw: () => Promise<void>): Promise<void> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ wants, begin });
      this.#next();
    });
    try {
      await draw();
    } finally {
      // A moment later: whoever has just drawn may want to go on with the same checkpoint.
      setImmediate(() => {
        this.#isBusy = false;
        this.#next();
      });
    }
  }

  #next(): void {
    const next = this.#isBusy ? undefined : this.#choose();
    if (!next) return;
    this.#isBusy = true;
    this.#waiting = this.#waiting.filter((one) => one !== next);
    const model = next.wants();
    if (model && !isDeepStrictEqual(model, this.#open)) {
      this.#open = model;
      this.#since = this.#now();
    }
    next.begin();
  }

  #choose(): Waiting | undefined {
    const isOpen = ({ wants }: Waiting) => isDeepStrictEqual(wants(), this.#open);
    const same = this.#waiting.find(isOpen);
    const other = this.#waiting.find((one) => !isOpen(one));
    if (same && other) return this.#now() - this.#since < STAY ? same : other;
    return same ?? other;
  }
}
