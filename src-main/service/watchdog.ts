/** Notices that a process does not answer: one that works on its calls one after the other, each in a time that can be told before. */

/** What it has been working on for longer than that should take. */
export interface Silence {
  /** The call. */
  name: string;
  request: unknown;
  /** Aborts when it has answered, or ended. */
  over: AbortSignal;
}

interface Waiting {
  name: string;
  request: unknown;
}

export class Watchdog {
  readonly #patienceOf: (name: string) => number;
  readonly #onSilence: (silence: Silence) => void;
  /** In the order in which they are worked on. */
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #silence: AbortController | undefined;

  /** `patienceOf` gives milliseconds from the moment at which nothing stands before a call any more. */
  constructor(patienceOf: (name: string) => number, onSilence: (silence: Silence) => void) {
    this.#patienceOf = patienceOf;
    this.#onSilence = onSilence;
  }

  /** Watches a call until it settles, and gives what it gives. */
  async watch<T>(name: string, request: unknown, call: () => Promise<T>): Promise<T> {
    const waiting = { name, request };
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) this.#begin();
    try {
      return await call();
    } finally {
      const at = this.#waiting.indexOf(waiting);
      this.#waiting.splice(at, 1);
      if (at === 0) this.#begin();
    }
  }

  /** Looks at the call that is first now. */
  #begin(): void {
    clearTimeout(this.#timer);
    this.#silence?.abort();
    this.#silence = undefined;
    const [first] = this.#waiting;
    if (!first) return;
    this.#timer = setTimeout(() => {
      this.#silence = new AbortController();
      this.#onSilence({ ...first, over: this.#silence.signal });
    }, this.#patienceOf(first.name));
    this.#timer.unref();
  }
}
