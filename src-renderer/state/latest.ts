/** One at work and one that waits: who asks again meanwhile takes the place of the one that waits. So nothing queues, and the last is done. */

export class Latest<Wish> {
  readonly #work: (wish: Wish) => Promise<"done" | "later">;
  /** Milliseconds after which what could not be done is tried again. */
  readonly #rest: number;
  #waiting: { wish: Wish } | undefined;
  #current: { wish: Wish; isDropped: boolean } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `work` tells itself what goes wrong. What it leaves for later waits, unless a newer wish does. */
  constructor(work: (wish: Wish) => Promise<"done" | "later">, rest: number) {
    this.#work = work;
    this.#rest = rest;
  }

  ask(wish: Wish): void {
    this.#waiting = { wish };
    if (this.#timer === undefined) void this.#next();
  }

  /** What waits is not wanted any more, nor what is at work, should it want to be tried again. */
  drop(): void {
    this.#waiting = undefined;
    if (this.#current) this.#current.isDropped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #next(): Promise<void> {
    if (this.#current || !this.#waiting) return;
    const current = { ...this.#waiting, isDropped: false };
    this.#waiting = undefined;
    this.#current = current;
    const outcome = await this.#work(current.wish);
    this.#current = undefined;
    if (outcome === "done") {
      void this.#next();
      return;
    }
    if (!current.isDropped) this.#waiting ??= { wish: current.wish };
    if (!this.#waiting) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#next();
    }, this.#rest);
  }
}
