/** What is done to results: stars, rejections, the bin; each a step of undo. */
import type { App } from "@api/bridge.ts";
import type { ResultInfo } from "@api/store.ts";
import type { Details } from "./details.svelte.ts";
import type { Editor } from "./editor.svelte.ts";
import type { ResultList } from "./resultList.svelte.ts";
import type { Selection } from "./selection.svelte.ts";
import type { Tray } from "./tray.svelte.ts";

/** Where marks are seen: the list at hand, what is chosen in it, what is compared, what is known of each. */
interface Seen {
  readonly list: ResultList;
  readonly selection: Selection;
  readonly tray: Tray;
  readonly details: Details;
  refresh(): Promise<void>;
}

export class Marks {
  readonly #app: App;
  readonly #editor: Editor;
  readonly #results: Seen;

  constructor(app: App, editor: Editor, results: Seen) {
    this.#app = app;
    this.#editor = editor;
    this.#results = results;
  }

  async star(ids: readonly number[]): Promise<void> {
    const rows = await this.#infosOf(ids);
    const starred = !rows.every((row) => row.starred);
    await this.#mark(rows, starred ? "Star" : "Unstar", { starred });
  }

  async reject(ids: readonly number[]): Promise<void> {
    const rows = await this.#infosOf(ids);
    const state = rows.every((row) => row.state === "rejected") ? "kept" : "rejected";
    await this.#mark(rows, state === "rejected" ? "Reject" : "Keep", { state });
  }

  /** To the bin, or back out of it. */
  async bin(ids: readonly number[]): Promise<void> {
    const rows = await this.#infosOf(ids);
    const state = rows.every((row) => row.state === "binned") ? "kept" : "binned";
    await this.#mark(rows, state === "binned" ? "Delete" : "Restore", { state });
  }

  /** For good when the project is closed; until then a step of undo like any other. Resolves to how many were in it. */
  async emptyBin(): Promise<number> {
    const ids = await this.#app.api.emptyBin();
    const leave = async () => {
      this.#results.selection.leave(new Set(ids));
      if (this.#results.selection.current !== undefined && ids.includes(this.#results.selection.current))
        this.#results.selection.current = undefined;
      this.#results.tray.leave(ids);
      await this.#results.refresh();
    };
    await leave();
    if (ids.length === 0) return 0;
    this.#editor.record("Empty the bin", {
      undo: async () => {
        await this.#app.api.refillBin({ ids });
        await this.#results.refresh();
      },
      redo: async () => {
        await this.#app.api.emptyBin();
        await leave();
      },
    });
    return ids.length;
  }

  /** Changes marks and notes how to take that back, each result to what it was. */
  async #mark(rows: readonly ResultInfo[], verb: string, change: Partial<Pick<ResultInfo, "starred" | "state">>) {
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    const redo = async () => {
      await this.#app.api.markResults({ ids, ...change });
      await this.#showMarks(rows.map((row) => ({ ...row, ...change })));
    };
    const undo = async () => {
      const alike = Map.groupBy(rows, ({ starred, state }) => `${starred} ${state}`);
      for (const group of alike.values()) {
        const { starred, state } = group[0]!;
        await this.#app.api.markResults({ ids: group.map(({ id }) => id), starred, state });
      }
      await this.#showMarks(rows);
    };
    const neighbour = this.#neighbourOf(ids);
    await redo();
    const current = rows.find(({ id }) => id === this.#results.selection.current);
    if (current && !this.#results.list.holds({ ...current, ...change })) this.#results.selection.current = neighbour;
    this.#editor.record(rows.length === 1 ? `${verb} picture` : `${verb} ${rows.length} pictures`, { undo, redo });
  }

  /** The result to go on with when these leave the list. */
  #neighbourOf(ids: readonly number[]): number | undefined {
    const at = this.#results.list.rows.findIndex((row) => row?.id === this.#results.selection.current);
    const others = (list: readonly (ResultInfo | undefined)[]) => list.find((row) => row && !ids.includes(row.id))?.id;
    return (
      others(this.#results.list.rows.slice(at + 1)) ??
      others(this.#results.list.rows.slice(0, Math.max(0, at)).reverse())
    );
  }

  /** Results as they are marked now; those that have left the list are not selected any more. */
  async #showMarks(marked: readonly ResultInfo[]): Promise<void> {
    const gone = new Set(marked.filter((one) => !this.#results.list.holds(one)).map(({ id }) => id));
    this.#results.selection.leave(gone);
    this.#results.details.mark(marked);
    await this.#results.refresh();
  }

  async #infosOf(ids: readonly number[]): Promise<ResultInfo[]> {
    const known = new Map(this.#results.list.rows.flatMap((row) => (row ? [[row.id, row] as const] : [])));
    return Promise.all(ids.map(async (id) => known.get(id) ?? this.#app.api.readResult({ id })));
  }
}
