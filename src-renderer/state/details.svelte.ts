/** What is known of single results: their records, and where their words looked. Each is read once, when it is wanted. */
import type { App } from "@api/bridge.ts";
import type { AttentionMaps } from "@api/engine.ts";
import type { ResultDetails, ResultInfo } from "@api/store.ts";

/** How long a card is on the screen before it gets its details, in milliseconds: while a list flies by, none does. */
const GLANCE = 80;
/** Attention maps that are kept in memory. */
const MOST_MAPS = 64;

export class Details {
  #known: ReadonlyMap<number, ResultDetails> = $state.raw(new Map<number, ResultDetails>());
  #attention: ReadonlyMap<number, AttentionMaps | null> = $state.raw(new Map<number, AttentionMaps | null>());
  readonly #app: App;
  #asked = new Set<number>();
  /** Results on the screen that are not known yet. */
  readonly #wanted = new Set<number>();
  #isAskingSoon = false;

  constructor(app: App) {
    this.#app = app;
  }

  get(id: number): ResultDetails | undefined {
    return this.#known.get(id);
  }

  /** How many are known. */
  get size(): number {
    return this.#known.size;
  }

  /** Where the boxes' words looked, of the latest results asked for; null where that was not kept. */
  attention(id: number): AttentionMaps | null | undefined {
    return this.#attention.get(id);
  }

  /** Another project: nothing of the old one is left. */
  forget(): void {
    this.#known = new Map();
    this.#attention = new Map();
    this.#asked.clear();
    this.#wanted.clear();
  }

  /** Scene, seed and figures of a result; read once. */
  async read(id: number): Promise<ResultDetails> {
    const known = this.get(id);
    if (known) return known;
    const details = await this.#app.api.readResult({ id });
    this.#known = new Map(this.#known).set(id, details);
    return details;
  }

  /** Like `read`, for what is on the screen: asks once and fails silently, less is shown then. */
  want(id: number): void {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    this.read(id).catch(() => this.#asked.delete(id));
  }

  /** Like `want`, a moment later and together with its neighbours, unless the function returned has taken the wish back by then. */
  wantSoon(id: number): () => void {
    if (this.#asked.has(id)) return () => undefined;
    this.#wanted.add(id);
    if (!this.#isAskingSoon) setTimeout(() => void this.#readWanted(), GLANCE);
    this.#isAskingSoon = true;
    return () => void this.#wanted.delete(id);
  }

  async #readWanted(): Promise<void> {
    this.#isAskingSoon = false;
    const ids = [...this.#wanted].filter((id) => !this.#asked.has(id));
    this.#wanted.clear();
    if (ids.length === 0) return;
    for (const id of ids) this.#asked.add(id);
    const read = await Promise.allSettled(ids.map((id) => this.#app.api.readResult({ id })));
    const known = new Map(this.#known);
    for (const [i, result] of read.entries()) {
      if (result.status === "fulfilled") known.set(ids[i]!, result.value);
      else this.#asked.delete(ids[i]!);
    }
    this.#known = known;
  }

  /** Those that are known are marked so now. */
  mark(marked: readonly Pick<ResultInfo, "id" | "starred" | "state">[]): void {
    const known = new Map(this.#known);
    for (const { id, starred, state } of marked) {
      const one = known.get(id);
      if (one) known.set(id, { ...one, starred, state });
    }
    this.#known = known;
  }

  /** Sees to it that `attention` says where the words of a result looked; fails silently, nothing is shown then. */
  wantAttention(id: number): void {
    if (this.#attention.has(id)) return;
    this.#app.api.readAttention({ id }).then(
      (maps) => this.keepAttention(id, maps),
      () => undefined,
    );
  }

  keepAttention(id: number, maps: AttentionMaps | null): void {
    const others = [...this.#attention].filter(([one]) => one !== id);
    this.#attention = new Map([...others, [id, maps] as const].slice(-MOST_MAPS));
  }
}
