/** Tasks that take turns: each begins when all that were given before it have ended, well or not. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does `task` in its turn; its result and its errors are the caller's. */
  take<T>(task: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => undefined); // told to whoever gave the task
    return done;
  }

  /** Resolves, never rejects, when all that was given so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
