/** Counts how often a process has died lately: what dies again and again is not started again by itself. */

const MOST = 3;
const MINUTE = 60_000;

export class Deaths {
  #times: number[] = [];

  /** Notes one more; true when there were more than three within a minute. `now` in milliseconds. */
  add(now = Date.now()): boolean {
    this.#times = [...this.#times.filter((time) => now - time < MINUTE), now];
    return this.#times.length > MOST;
  }

  forget(): void {
    this.#times = [];
  }
}
