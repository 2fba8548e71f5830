/** A window onto a list of results that may be long: of what lies on one shelf, in one order, the pages that were looked at. */
import type { App } from "@api/bridge.ts";
import type { ResultInfo, ResultPage, ResultQuery } from "@api/store.ts";
import type { Method } from "@scene/methods.ts";

export type Shelf = "kept" | "scouted" | "starred" | "rejected" | "binned";
export type Order = ResultQuery["order"];

/** What results must have to be shown; what is left out is not asked. */
export interface Filter {
  collection?: number | undefined;
  tag?: number | undefined;
  model?: string | undefined;
  method?: Method | undefined;
  /** A box is tied to these words. */
  phrase?: string | undefined;
  /** That box is obeyed so far, 0 to 1. */
  leastOfPhrase?: number | undefined;
}

const PAGE = 100;
/** Pages that are read again when something has changed. */
const PAGES_AT_ONCE = 6;

export type AskResults = (query: ResultQuery) => Promise<ResultPage>;

/**
 * Asks the store for results. What several lists ask for in one go, as when a project opens, is asked once; who asks later,
 * even in the same event, gets an answer of their own, as something may have changed.
 */
export function askOnce(app: App): AskResults {
  const asked = new Map<string, Promise<ResultPage>>();
  return (query) => {
    const key = JSON.stringify(query);
    const known = asked.get(key);
    if (known) return known;
    const page = app.api.listResults(query);
    asked.set(key, page);
    queueMicrotask(() => asked.delete(key));
    return page;
  };
}

export class ResultList {
  shelf: Shelf = $state("kept");
  order: Order = $state("newest");
  text = $state("");
  /** Only those obeyed at least so far, 0 to 1; 0 shows all. */
  leastObedience = $state(0);
  filter: Filter = $state.raw({});
  /** How many there are under this filter. */
  total = $state(0);
  /** Those that were read so far, by place in the list; the rest is empty. */
  rows: readonly (ResultInfo | undefined)[] = $state.raw([]);

  readonly #ask: AskResults;
  /** Pages that were read or are being read, the one shown last at the end. */
  #asked = new Set<number>();
  #generation = 0;
  #refreshing: Promise<void> | undefined;
  #refreshAgain = false;

  constructor(ask: AskResults) {
    this.#ask = ask;
  }

  /** Whether a result, marked as it is, belongs on this list's shelf. */
  holds({ starred, state, scouted }: Pick<ResultInfo, "starred" | "state" | "scouted">): boolean {
    if (this.shelf === "starred") return starred && state === "kept";
    if (this.shelf === "scouted") return scouted !== null && state === "kept";
    return state === this.shelf;
  }

  async show(change: {
    shelf?: Shelf;
    order?: Order;
    text?: string;
    leastObedience?: number;
    filter?: Filter;
  }): Promise<void> {
    if (change.shelf) this.shelf = change.shelf;
    if (change.order) this.order = change.order;
    if (change.text !== undefined) this.text = change.text;
    if (change.filter) this.filter = change.filter;
    if (change.leastObedience !== undefined) this.leastObedience = change.leastObedience;
    await this.refresh();
  }

  /** Another project: what was read, or is being read, is of the one before. */
  forget(): void {
    this.#generation++;
    this.#asked.clear();
    this.filter = {}; // its collections and words are another project's
    this.total = 0;
    this.rows = [];
  }

  /** Reads the pages again that were on the screen. Calls during a refresh become one more. */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#readAgain();
    try {
      await this.#refreshing;
    } finally {
      this.#refreshing = undefined;
    }
  }

  async #readAgain(): Promise<void> {
    do {
      this.#refreshAgain = false;
      const generation = ++this.#generation;
      // What was scrolled by long ago is read again when it is scrolled to.
      const pages = new Set([0, ...[...this.#asked].slice(-PAGES_AT_ONCE)]);
      const read = await Promise.all([...pages].map((page) => this.#read(page)));
      if (generation !== this.#generation) continue;
      this.#asked = pages;
      this.total = read[0]?.total ?? 0;
      const rows: (ResultInfo | undefined)[] = new Array<undefined>(this.total).fill(undefined);
      for (const { page, results } of read) results.forEach((result, i) => (rows[page * PAGE + i] = result));
      this.rows = rows;
    } while (this.#refreshAgain);
  }

  /** Sees to it that the rows from `first` to `last` are read. */
  async need(first: number, last: number): Promise<void> {
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      const isKnown = this.#asked.delete(page);
      this.#asked.add(page);
      if (!isKnown) await this.#readInto(page);
    }
  }

  /** A refresh that runs meanwhile knows nothing of this page, and its rows are other ones: then it is read after it. */
  async #readInto(page: number): Promise<void> {
    for (;;) {
      await this.#refreshing;
      const generation = this.#generation;
      const { results } = await this.#read(page);
      if (generation !== this.#generation) continue;
      this.#asked.add(page);
      const rows = [...this.rows];
      results.forEach((result, i) => (rows[page * PAGE + i] = result));
      this.rows = rows;
      return;
    }
  }

  async #read(page: number) {
    const text = this.text.trim();
    const { collection, tag, model, method, phrase, leastOfPhrase } = this.filter;
    const labels = [collection, tag].filter((id) => id !== undefined);
    const query: ResultQuery = {
      ...(labels.length > 0 ? { labels } : {}),
      ...(model === undefined ? {} : { model }),
      ...(method === undefined ? {} : { method }),
      ...(phrase === undefined ? {} : { phrase }),
      ...(leastOfPhrase === undefined ? {} : { leastOfPhrase }),
      ...(this.shelf === "starred" ? { starred: true } : {}),
      ...(this.shelf === "scouted" ? { scouted: true } : {}),
      state: this.shelf === "starred" || this.shelf === "scouted" ? "kept" : this.shelf,
      ...(text ? { text } : {}),
      ...(this.leastObedience > 0 ? { leastObedience: this.leastObedience } : {}),
      order: this.order,
      offset: page * PAGE,
      limit: PAGE,
    };
    return { page, ...(await this.#ask(query)) };
  }

  /** The ids of all under this filter, in order. */
  async allIds(): Promise<number[]> {
    const ids: number[] = [];
    for (let page = 0; page * PAGE < this.total; page++)
      ids.push(...(await this.#read(page)).results.map(({ id }) => id));
    return [...new Set(ids)]; // one that arrives meanwhile pushes others over the edge of a page
  }
}
