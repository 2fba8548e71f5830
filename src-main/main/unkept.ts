/** Pictures that the store could not keep: on a full disk, say, they wait for room, in memory. */
import type { Client } from "../wire/rpc.ts";
import type { NewResult, ResultInfo, StoreApi } from "../api/store.ts";

interface Waiting {
  result: NewResult;
  onKept: (kept: ResultInfo) => void;
}

/** Bytes of pictures that wait; what comes then is lost, and was told as failed. */
const MOST_BYTES = 256 * 2 ** 20;

export class Unkept {
  readonly #store: Pick<Client<StoreApi>, "addResult">;
  #waiting: Waiting[] = [];

  constructor(store: Pick<Client<StoreApi>, "addResult">) {
    this.#store = store;
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** `onKept` is called when there was room after all. */
  add(result: NewResult, onKept: Waiting["onKept"] = () => undefined): void {
    const bytes = this.#waiting.reduce((sum, { result: { pixels } }) => sum + pixels.data.length, 0);
    if (bytes + result.pixels.data.length <= MOST_BYTES) this.#waiting.push({ result, onKept });
  }

  /** Hands them to the store again. What fails again waits on; why is told with the draft, which cannot be saved either. */
  async tryAgain(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      const kept = await this.#store.addResult(one.result).catch(() => undefined);
      if (kept) one.onKept(kept);
      else this.#waiting.push(one);
    }
  }

  /** For whoever keeps them from now on. */
  take(): NewResult[] {
    return this.#waiting.splice(0).map(({ result }) => result);
  }
}
