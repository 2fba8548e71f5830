/** Collections and tags: which there are, which of them results have, and what is done with them; each a step of undo. */
import type { App } from "@api/bridge.ts";
import type { Facets, Label } from "@api/finding.ts";
import type { Editor } from "./editor.svelte.ts";

const NO_FACETS: Facets = { models: [], methods: [], phrases: [] };

export class Labels {
  /** Collections, then tags, by name. */
  list: readonly Label[] = $state.raw([]);
  /** What results can be filtered by. */
  facets: Facets = $state.raw(NO_FACETS);
  /** Grows when results have others: what shows some asks again. */
  revision = $state(0);
  readonly #app: App;
  readonly #editor: Editor;

  constructor(app: App, editor: Editor, attempt: (action: () => Promise<unknown>) => Promise<void>) {
    this.#app = app;
    this.#editor = editor;
    app.on("changed", ({ what }) => {
      if (what === "labels") void attempt(() => this.read());
      if (what === "runs") void attempt(() => this.readFacets());
    });
  }

  /** Another project: what shows labels reads its own. */
  forget(): void {
    this.list = [];
    this.facets = NO_FACETS;
  }

  async read(): Promise<void> {
    this.list = await this.#app.api.listLabels();
    this.revision++;
  }

  async readFacets(): Promise<void> {
    this.facets = await this.#app.api.facets();
  }

  /** By label, how many of these results have it. */
  async of(ids: readonly number[]): Promise<Map<number, number>> {
    const found = ids.length === 0 ? [] : await this.#app.api.labelsOf({ ids: [...ids] });
    return new Map(found.map(({ id, results }) => [id, results.length]));
  }

  /** Makes it where there is none of that name, and gives it to these results. */
  async give(kind: Label["kind"], name: string, ids: readonly number[]): Promise<void> {
    const isThere = this.list.some((one) => one.kind === kind && one.name.toLowerCase() === name.trim().toLowerCase());
    const { id, name: own } = await this.#app.api.makeLabel({ kind, name });
    const changed = ids.length === 0 ? [] : await this.#app.api.labelResults({ id, ids: [...ids], on: true });
    const what = kind === "collection" ? `Put into “${own}”` : `Tag “${own}”`;
    this.#editor.record(what, {
      undo: async () => {
        if (changed.length > 0) await this.#app.api.labelResults({ id, ids: changed, on: false });
        if (!isThere) await this.#app.api.deleteLabel({ id });
      },
      redo: async () => {
        if (!isThere) await this.#app.api.undeleteLabel({ id });
        if (changed.length > 0) await this.#app.api.labelResults({ id, ids: changed, on: true });
      },
    });
  }

  /** Puts results into a collection, or a tag on them, or takes it away. */
  async set({ id, kind, name }: Label, ids: readonly number[], on: boolean): Promise<void> {
    const set = (to: boolean, of: readonly number[]) => this.#app.api.labelResults({ id, ids: [...of], on: to });
    const changed = await set(on, ids);
    if (changed.length === 0) return;
    const what = kind === "collection" ? (on ? "Put into" : "Take out of") : on ? "Tag" : "Take off the tag";
    this.#editor.record(`${what} “${name}”`, {
      undo: async () => void (await set(!on, changed)),
      redo: async () => void (await set(on, changed)),
    });
  }

  async rename({ id, kind, name: before }: Label, name: string): Promise<void> {
    if (name.trim() === "" || name === before) return;
    await this.#app.api.renameLabel({ id, name });
    this.#editor.record(`Rename the ${kind}`, {
      undo: () => this.#app.api.renameLabel({ id, name: before }),
      redo: () => this.#app.api.renameLabel({ id, name }),
    });
  }

  /** Its results stay where they are. */
  async delete({ id, kind, name }: Label): Promise<void> {
    await this.#app.api.deleteLabel({ id });
    this.#editor.record(`Delete the ${kind} “${name}”`, {
      undo: () => this.#app.api.undeleteLabel({ id }),
      redo: () => this.#app.api.deleteLabel({ id }),
    });
  }
}
