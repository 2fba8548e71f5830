/** The pictures of the project: the lists that show them, which are chosen, which are compared, what is known of each, what is done to them. */
import type { App } from "@api/bridge.ts";
import { pictureUrl, type ProjectState } from "@api/main.ts";
import { type DrawnSeed, type PictureSize, RESULT_STATES, type ResultInfo } from "@api/store.ts";
import { Turns } from "@wire/turns.ts";
import { Details } from "./details.svelte.ts";
import type { Editor } from "./editor.svelte.ts";
import { Marks } from "./marks.ts";
import { askOnce, type Order, ResultList, type Shelf } from "./resultList.svelte.ts";
import { Selection } from "./selection.svelte.ts";
import { Tray } from "./tray.svelte.ts";
import { View } from "./view.svelte.ts";

export type { Order, Shelf };

const PAGE = 500;

export class Results {
  readonly #app: App;
  /** What the Results view shows, as it is searched and sorted there. */
  readonly sheet: ResultList;
  /** All that is kept, newest first, whatever the Results view looks for: the strip under the canvas. */
  readonly latest: ResultList;
  readonly selection = new Selection(() => this.list);
  readonly details: Details;
  project: Pick<ProjectState, "key"> = $state.raw({ key: "none" });

  readonly marks: Marks;
  /** What is done to results by key: one after another, however fast the keys come. */
  readonly turns = new Turns();
  readonly tray = new Tray((ids) => this.inOrder(ids));
  readonly #view: View;

  constructor(app: App, editor: Editor, view = new View()) {
    this.#app = app;
    this.#view = view;
    this.details = new Details(app);
    const ask = askOnce(app);
    this.sheet = new ResultList(ask);
    this.latest = new ResultList(ask);
    this.marks = new Marks(app, editor, this);
    app.on("changed", ({ what }) => {
      if (what === "results") void this.refresh();
    });
    app.on("image", ({ result, attention }) => {
      this.details.keepAttention(result.id, attention);
      this.selection.arrived(result.id);
    });
  }

  /** The list that keys and commands are about: the strip where the canvas is, else that of the Results view. */
  get list(): ResultList {
    return this.#view.mode === "compose" ? this.latest : this.sheet;
  }

  get rows(): ResultList["rows"] {
    return this.list.rows;
  }

  get total(): number {
    return this.list.total;
  }

  get currentResult(): ResultInfo | undefined {
    const { current } = this.selection;
    return this.rows.find((row) => row?.id === current) ?? this.details.get(current ?? -1);
  }

  url(id: number, size: PictureSize): string {
    return pictureUrl(this.project, id, size);
  }

  /** Another project: nothing of the old one is left. */
  async open(project: Pick<ProjectState, "key">): Promise<void> {
    this.project = project;
    this.selection.clear();
    this.selection.current = undefined;
    this.tray.show([]);
    this.details.forget();
    for (const list of [this.sheet, this.latest]) list.forget(); // else their pictures would be asked of the new project
    await this.refresh();
    this.selection.current = this.latest.rows[0]?.id;
  }

  /** Searches and sorts the Results view. */
  async show(change: Parameters<ResultList["show"]>[0]): Promise<void> {
    this.selection.clear();
    await this.sheet.show(change);
  }

  /** Shows these pictures in the Results view, on the shelf where they are. */
  async reveal(drawn: readonly Pick<DrawnSeed, "id" | "state">[]): Promise<void> {
    const [first] = drawn;
    if (!first) return;
    this.#view.mode = "results";
    const shelf = drawn.some(({ state }) => state === "kept") ? "kept" : first.state;
    await this.show({ shelf, text: "", leastObedience: 0, filter: {} });
    const there = drawn.filter(({ state }) => state === shelf).map(({ id }) => id);
    this.selection.pick(there[0]!);
    this.selection.ids = there;
  }

  /** All that is in a collection, or has a tag. */
  async showLabel(kind: "collection" | "tag", id: number): Promise<void> {
    this.#view.mode = "results";
    this.#view.finding = true;
    await this.show({ shelf: "kept", text: "", leastObedience: 0, filter: { [kind]: id } });
  }

  /** Reads again what is on the screen. */
  async refresh(): Promise<void> {
    await Promise.all([this.sheet.refresh(), this.latest.refresh()]);
  }

  /** The ids of all in the list, in order. */
  allIds(): Promise<number[]> {
    return this.list.allIds();
  }

  /** All that are only scouted, wherever they are: none of them leaves the project. */
  async scoutedIds(): Promise<Set<number>> {
    const ids = new Set<number>();
    for (const state of RESULT_STATES) {
      for (let offset = 0; ; offset += PAGE) {
        const query = { state, scouted: true, order: "oldest", offset, limit: PAGE } as const;
        const { results, total } = await this.#app.api.listResults(query);
        for (const { id } of results) ids.add(id);
        if (offset + PAGE >= total) break;
      }
    }
    return ids;
  }

  /** These in the order of the list; those that are not in it come last, as they are given. */
  async inOrder(ids: readonly number[]): Promise<number[]> {
    const read = this.rows.flatMap((row) => row?.id ?? []);
    const list = ids.every((id) => read.includes(id)) ? read : await this.allIds();
    const places = new Map(list.map((id, place) => [id, place]));
    const placeOf = (id: number) => places.get(id) ?? list.length;
    return ids.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
