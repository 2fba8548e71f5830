/** Which results are chosen: those selected, and the current one, which keys and the viewer are about. */
import type { ResultList } from "./resultList.svelte.ts";

export class Selection {
  /** Those selected; the current one may be none of them. */
  ids: readonly number[] = $state.raw([]);
  current: number | undefined = $state();
  /** The list that is chosen from. */
  readonly #list: () => ResultList;
  /** True while the newest picture becomes the current one by itself: until the person chooses another. */
  #following = true;

  constructor(list: () => ResultList) {
    this.#list = list;
  }

  has(id: number): boolean {
    return this.ids.includes(id);
  }

  /** The results an action is about: those selected, else the current one. */
  get chosen(): number[] {
    if (this.ids.length > 0) return [...this.ids];
    return this.current === undefined ? [] : [this.current];
  }

  clear(): void {
    this.ids = [];
  }

  /** These are not selected any more. */
  leave(ids: ReadonlySet<number>): void {
    this.ids = this.ids.filter((id) => !ids.has(id));
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
    this.ids = [];
  }

  /** Marks one result as the current one; with `toggle` more than one can be selected. */
  pick(id: number, { toggle = false } = {}): void {
    this.stay();
    if (toggle) this.ids = this.has(id) ? this.ids.filter((one) => one !== id) : [...this.ids, id];
    else this.ids = [id];
    this.current = id;
  }

  /** A menu opens on a result: it is about this one, unless that is among those selected. */
  choose(id: number): void {
    if (this.has(id)) this.current = id;
    else this.pick(id);
  }

  /** Selects all from the current one to this one, also those that were scrolled by too fast to be read. */
  async pickRange(id: number): Promise<void> {
    this.stay();
    const { current } = this;
    const list = this.#list();
    const read = list.rows.map((row) => row?.id);
    const here = between(read, current, id);
    // With places in between that were not read, the store is asked for the whole order.
    const chosen = here?.every((one) => one !== undefined) ? here : between(await list.allIds(), current, id);
    if (chosen) this.ids = chosen.filter((one) => one !== undefined);
    else this.pick(id);
  }

  /** Selects all of the list, whether it was read or not; the current one stays it. */
  async pickAll(): Promise<void> {
    this.stay();
    const ids = await this.#list().allIds();
    this.ids = ids;
    if (this.current === undefined || !ids.includes(this.current)) this.current = ids[0];
  }
}

/** What lies between two members of a list, these included; undefined where one is not in it. */
function between<T>(list: readonly T[], one: T, other: T): T[] | undefined {
  const places = [list.indexOf(one), list.indexOf(other)];
  return places.includes(-1) || one === undefined
    ? undefined
    : list.slice(Math.min(...places), Math.max(...places) + 1);
}
