/** Has a page save what it shows before its window goes away. */
import type { MainEvents } from "../api/main.ts";
import type { PageEvents } from "./pageEvents.ts";
import { within } from "./within.ts";

/** How long a page may take to save, in milliseconds. */
const PATIENCE = 5_000;

export class PageSaving {
  readonly #page: PageEvents;
  #answer: ((problem: string | null) => void) | undefined;

  constructor(page: PageEvents) {
    this.#page = page;
  }

  /** Resolves to why the page could not save, or null. */
  async ask(reason: MainEvents["closing"]["reason"]): Promise<string | null> {
    if (!this.#page.isListening) return null; // it has shown nothing yet, or has nothing any more
    let problem: string | null = "Its window does not answer: the last changes may be in it.";
    const saved = new Promise<void>((resolve) => {
      this.#answer = (told) => {
        problem = told;
        resolve();
      };
    });
    this.#page.emit("closing", { reason });
    await within(PATIENCE, saved);
    return problem;
  }

  /** The page has saved, or tells why it could not. */
  answered(problem: string | null): void {
    this.#answer?.(problem);
  }
}
