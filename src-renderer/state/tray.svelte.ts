/** What is compared, in order: at most twelve pictures. */
import { Turns } from "@wire/turns.ts";

/** What Compare shows at most. */
export const MOST_COMPARED = 12;

/** Gives these results in the order of the list they come from. */
type InOrder = (ids: readonly number[]) => Promise<readonly number[]>;

export class Tray {
  ids: readonly number[] = $state.raw([]);
  /** Told, in words, when something did not get in or had to make room. */
  say: (text: string) => void = () => undefined;
  readonly #inOrder: InOrder;
  readonly #turns = new Turns();

  constructor(inOrder: InOrder) {
    this.#inOrder = inOrder;
  }

  has(id: number): boolean {
    return this.ids.includes(id);
  }

  /** Takes these out when all of them are in it, else puts those in that are not. */
  toggle(ids: readonly number[]): Promise<void> {
    return this.#turns.take(() => (ids.every((id) => this.has(id)) ? this.leave(ids) : this.#put(ids)));
  }

  leave(ids: readonly number[]): void {
    this.ids = this.ids.filter((id) => !ids.includes(id));
  }

  /** These and no others, in this order. */
  show(ids: readonly number[]): void {
    this.ids = ids.slice(0, MOST_COMPARED);
    this.#sayLeft(ids.length - this.ids.length);
  }

  /** Another version of the first one: that stays; of the others the oldest makes room. */
  follow(id: number): void {
    if (this.has(id)) return;
    const [first, ...others] = this.ids;
    const kept = others.slice(Math.max(0, others.length + 2 - MOST_COMPARED));
    this.ids = first === undefined ? [id] : [first, ...kept, id];
    if (kept.length < others.length) {
      this.say(`Compare shows ${MOST_COMPARED} pictures: the oldest try made room. It is still in Results.`);
    }
  }

  /** What is compared in the list's order stays in it; what has an order of its own gets the new ones at its end. */
  async #put(ids: readonly number[]): Promise<void> {
    const added = (await this.#inOrder(ids)).filter((id) => !this.has(id));
    const taken = added.slice(0, MOST_COMPARED - this.ids.length);
    const listed = await this.#inOrder(this.ids);
    const all = [...this.ids, ...taken];
    this.ids = listed.every((id, i) => id === this.ids[i]) ? await this.#inOrder(all) : all;
    this.#sayLeft(added.length - taken.length);
  }

  #sayLeft(count: number): void {
    if (count <= 0) return;
    const rest = count === 1 ? "1 more is not" : `${count} more are not`;
    this.say(
      `Compare shows ${MOST_COMPARED} pictures: the first ${MOST_COMPARED} are in it, ${rest}. Take some out to make room.`,
    );
  }
}
