/** The pictures of the project: a window onto a list that may be long, what is selected in it, and what is known of each. */
import type { App } from "@api/bridge.ts";
import { pictureUrl, type ProjectState } from "@api/main.ts";
import type { AttentionMaps } from "@api/engine.ts";
import type { PictureSize, ResultDetails, ResultInfo } from "@api/store.ts";
import { Turns } from "@api/turns.ts";
import type { Editor } from "./editor.svelte.ts";
import { Marks } from "./marks.ts";
import { type Order, ResultList, type Shelf } from "./resultList.svelte.ts";
import { Tray } from "./tray.svelte.ts";
import { View } from "./view.svelte.ts";

export type { Order, Shelf };

/** How long a card is on the screen before it gets its details, in milliseconds: while a list flies by, none does. */
const GLANCE = 80;
/** Attention maps that are kept in memory. */
const MOST_MAPS = 64;

export class Results {
  /** What the Results view shows, as it is searched and sorted there. */
  readonly sheet: ResultList;
  /** All that is kept, newest first, whatever the Results view looks for: the strip under the canvas. */
  readonly latest: ResultList;
  selection: readonly number[] = $state.raw([]);
  /** The one that keys and the viewer are about. */
  current: number | undefined = $state();
  details: ReadonlyMap<number, ResultDetails> = $state.raw(new Map<number, ResultDetails>());
  /** Where the boxes' words looked in the latest results asked for; null where that was not kept. */
  attention: ReadonlyMap<number, AttentionMaps | null> = $state.raw(new Map<number, AttentionMaps | null>());
  project: Pick<ProjectState, "key"> = $state.raw({ key: "none" });

  readonly marks: Marks;
  /** What is done to results by key: one after another, however fast the keys come. */
  readonly turns = new Turns();
  readonly tray = new Tray((ids) => this.inOrder(ids));
  readonly #app: App;
  readonly #view: View;
  /** True while the newest picture becomes the current one by itself: until the person chooses another. */
  #following = true;
  #detailsAsked = new Set<number>();
  /** Results on the screen whose details are not there yet. */
  readonly #wanted = new Set<number>();
  #isAskingSoon = false;

  constructor(app: App, editor: Editor, view = new View()) {
    this.#app = app;
    this.#view = view;
    this.sheet = new ResultList(app);
    this.latest = new ResultList(app);
    this.marks = new Marks(app, editor, this);
    app.on("changed", ({ what }) => {
      if (what === "results") void this.refresh();
    });
    app.on("image", ({ result, attention }) => {
      this.#keepAttention(result.id, attention);
      this.arrived(result.id);
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
    return this.rows.find((row) => row?.id === this.current) ?? this.details.get(this.current ?? -1);
  }

  url(id: number, size: PictureSize): string {
    return pictureUrl(this.project, id, size);
  }

  /** Another project: nothing of the old one is left. */
  async open(project: Pick<ProjectState, "key">): Promise<void> {
    this.project = project;
    this.selection = [];
    this.tray.show([]);
    this.current = undefined;
    this.details = new Map();
    this.attention = new Map();
    this.#detailsAsked.clear();
    this.#wanted.clear();
    await this.refresh();
    this.current = this.latest.rows[0]?.id;
  }

  /** Searches and sorts the Results view. */
  async show(change: Parameters<ResultList["show"]>[0]): Promise<void> {
    this.selection = [];
    await this.sheet.show(change);
  }

  /** Reads again what is on the screen. */
  async refresh(): Promise<void> {
    await Promise.all([this.sheet.refresh(), this.latest.refresh()]);
  }

  /** From now on the newest picture is the current one, until the person chooses another. */
  follow(): void {
    this.#following = true;
  }

  /** The current one stays it, whatever arrives. */
  stay(): void {
    this.#following = false;
  }

  arrived(id: number): void {
    if (!this.#following) return;
    this.current = id;
    this.selection = [];
  }

  /** The ids of all in the list, in order. */
  allIds(): Promise<number[]> {
    return this.list.allIds();
  }

  /** These in the order of the list; those that are not in it come last, as they are given. */
  async inOrder(ids: readonly number[]): Promise<number[]> {
    const read = this.rows.flatMap((row) => row?.id ?? []);
    const list = ids.every((id) => read.includes(id)) ? read : await this.allIds();
    const places = new Map(list.map((id, place) => [id, place]));
    const placeOf = (id: number) => places.get(id) ?? list.length;
    return ids.toSorted((a, b) => placeOf(a) - placeOf(b));
  }

  /** Selects all of the list, whether it was read or not; the current one stays it. */
  async pickAll(): Promise<void> {
    this.#following = false;
    const ids = await this.allIds();
    this.selection = ids;
    if (this.current === undefined || !ids.includes(this.current)) this.current = ids[0];
  }

  /** Scene, seed and figures of a result; read once. */
  async read(id: number): Promise<ResultDetails> {
    const known = this.details.get(id);
    if (known) return known;
    const details = await this.#app.api.readResult({ id });
    this.details = new Map(this.details).set(id, details);
    return details;
  }

  /** Like `read`, for what is on the screen: asks once and fails silently, less is shown then. */
  want(id: number): void {
    if (this.#detailsAsked.has(id)) return;
    this.#detailsAsked.add(id);
    this.read(id).catch(() => this.#detailsAsked.delete(id));
  }

  /** Like `want`, a moment later and together with its neighbours, unless the function returned has taken the wish back by then. */
  wantSoon(id: number): () => void {
    if (this.#detailsAsked.has(id)) return () => undefined;
    this.#wanted.add(id);
    if (!this.#isAskingSoon) setTimeout(() => void this.#readWanted(), GLANCE);
    this.#isAskingSoon = true;
    return () => void this.#wanted.delete(id);
  }

  async #readWanted(): Promise<void> {
    this.#isAskingSoon = false;
    const ids = [...this.#wanted].filter((id) => !this.#detailsAsked.has(id));
    this.#wanted.clear();
    if (ids.length === 0) return;
    for (const id of ids) this.#detailsAsked.add(id);
    const read = await Promise.allSettled(ids.map((id) => this.#app.api.readResult({ id })));
    const details = new Map(this.details);
    for (const [i, result] of read.entries()) {
      if (result.status === "fulfilled") details.set(ids[i]!, result.value);
      else this.#detailsAsked.delete(ids[i]!);
    }
    this.details = details;
  }

  /** Sees to it that `attention` says where the words of a result looked; fails silently, nothing is shown then. */
  wantAttention(id: number): void {
    if (this.attention.has(id)) return;
    this.#app.api.readAttention({ id }).then(
      (maps) => this.#keepAttention(id, maps),
      () => undefined,
    );
  }

  #keepAttention(id: number, maps: AttentionMaps | null): void {
    const others = [...this.attention].filter(([one]) => one !== id);
    this.attention = new Map([...others, [id, maps] as const].slice(-MOST_MAPS));
  }

  /** Selects all from the current one to this one, also those that were scrolled by too fast to be read. */
  async pickRange(id: number): Promise<void> {
    this.#following = false;
    const { current } = this;
    const read = this.rows.map((row) => row?.id);
    const here = between(read, current, id);
    // With places in between that were not read, the store is asked for the whole order.
    const chosen = here?.every((one) => one !== undefined) ? here : between(await this.allIds(), current, id);
    if (chosen) this.selection = chosen.filter((one) => one !== undefined);
    else this.pick(id);
  }

  /** Marks one result as the current one; with `toggle` more than one can be selected. */
  pick(id: number, { toggle = false } = {}): void {
    this.#following = false;
    if (toggle) {
      const isIn = this.selection.includes(id);
      this.selection = isIn ? this.selection.filter((one) => one !== id) : [...this.selection, id];
    } else this.selection = [id];
    this.current = id;
  }

  /** A menu opens on a result: it is about this one, unless that is among those selected. */
  choose(id: number): void {
    if (this.selection.includes(id)) this.current = id;
    else this.pick(id);
  }

  /** The results an action is about: those selected, else the current one. */
  get chosen(): number[] {
    if (this.selection.length > 0) return [...this.selection];
    return this.current === undefined ? [] : [this.current];
  }
}

/** What lies between two members of a list, these included; undefined where one is not in it. */
function between<T>(list: readonly T[], one: T, other: T): T[] | undefined {
  const places = [list.indexOf(one), list.indexOf(other)];
  return places.includes(-1) || one === undefined
    ? undefined
    : list.slice(Math.min(...places), Math.max(...places) + 1);
}
