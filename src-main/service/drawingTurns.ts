/**
 * An engine draws one picture at a time; those who draw on it take turns: the projects of all windows, the runs of a server, the machines of several people.
 * With one checkpoint each has a picture in turn, or several where these are faster together, the one that has waited longest first. To open another one costs seconds to minutes, so
 * that those with different checkpoints change over when the one that is open was drawn with for two minutes, or has nothing more to draw.
 */
import { isDeepStrictEqual } from "node:util";
import type { LoadRequest } from "../api/engine.ts";

/** Milliseconds for which a checkpoint stays while others are wanted. */
const STAY = 120_000;

interface Waiting {
  wants: () => LoadRequest | undefined;
  begin: (place: string) => void;
}

/** An engine, and what is open there as far as is known here. */
interface Place {
  isBusy: boolean;
  open: LoadRequest | undefined;
  since: number;
}

export class DrawingTurns {
  /** The one that has waited longest first. */
  #waiting: Waiting[] = [];
  /** Of what gives way, by what stops it, the place where it is drawn: see `spare`. */
  readonly #stops = new Map<() => void, string>();
  readonly #places = new Map<string, Place>();
  readonly #now: () => number;
  readonly #placeOf: (model: LoadRequest | undefined) => string;

  /** `placeOf` names the engine that has a checkpoint, where there are several: they draw beside each other. */
  constructor(
    now: () => number = () => performance.now(),
    placeOf: (model: LoadRequest | undefined) => string = () => "",
  ) {
    this.#now = now;
    this.#placeOf = placeOf;
  }

  /** Draws one picture, or several side by side, when it is this one's turn; `wants` is asked then with which checkpoint. */
  async take(wants: Waiting["wants"], draw: () => Promise<void>): Promise<void> {
    const wanted = this.#placeOf(wants());
    for (const [stop, place] of this.#stops) if (place === wanted) stop();
    const place = await new Promise<string>((begin) => {
      this.#waiting.push({ wants, begin });
      this.#next();
    });
    try {
      await draw();
    } finally {
      // A moment later: whoever has just drawn may want to go on with the same checkpoint.
      setImmediate(() => {
        this.#at(place).isBusy = false;
        this.#next();
      });
    }
  }

  /** Draws what nobody waits for, where nobody wants a turn there, and calls `stop` when somebody does. False where nothing was begun. */
  async spare(model: LoadRequest, draw: () => Promise<unknown>, stop: () => void): Promise<boolean> {
    const place = this.#placeOf(model);
    const isWanted = this.#waiting.some(({ wants }) => this.#placeOf(wants()) === place);
    if (isWanted || this.#at(place).isBusy) return false;
    this.#stops.set(stop, place);
    try {
      await draw();
      return true;
    } finally {
      this.#stops.delete(stop);
    }
  }

  #next(): void {
    for (const name of new Set(this.#waiting.map(({ wants }) => this.#placeOf(wants())))) {
      const place = this.#at(name);
      const next = place.isBusy ? undefined : this.#choose(name, place);
      if (!next) continue;
      place.isBusy = true;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      const model = next.wants();
      if (model && !isDeepStrictEqual(model, place.open)) {
        place.open = model;
        place.since = this.#now();
      }
      next.begin(name);
    }
  }

  #choose(name: string, { open, since }: Place): Waiting | undefined {
    const here = this.#waiting.filter(({ wants }) => this.#placeOf(wants()) === name);
    const isOpen = ({ wants }: Waiting) => isDeepStrictEqual(wants(), open);
    const same = here.find(isOpen);
    const other = here.find((one) => !isOpen(one));
    if (same && other) return this.#now() - since < STAY ? same : other;
    return same ?? other;
  }

  #at(name: string): Place {
    const known = this.#places.get(name) ?? { isBusy: false, open: undefined, since: 0 };
    this.#places.set(name, known);
    return known;
  }
}
