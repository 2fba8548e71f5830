/** One connection on which everybody here listens to a pool: a connection cannot ask anything while it listens. */
import type { Redis } from "ioredis";
import { oneAtATime } from "./oneAtATime.ts";

interface Hearing {
  onMessage: (text: string) => void;
  /** It listens, also again after a cut: what was said meanwhile was not heard. */
  onReady: () => void;
}

export class Listener {
  readonly #redis: Redis;
  readonly #hearing = new Map<string, Set<Hearing>>();
  readonly #timer: NodeJS.Timeout;

  /** `pingEvery`: milliseconds; a network that fails without a word shows by this. */
  constructor(redis: Redis, pingEvery: number) {
    this.#redis = redis.duplicate();
    this.#redis.on("error", () => undefined); // the other connection says it
    this.#redis.on("message", (channel, text) => {
      for (const { onMessage } of this.#hearing.get(channel) ?? []) onMessage(text);
    });
    this.#redis.on("ready", () => {
      for (const all of this.#hearing.values()) for (const { onReady } of all) onReady();
    });
    const ping = oneAtATime(() => this.#redis.ping().catch(() => undefined));
    this.#timer = setInterval(ping, pingEvery);
  }

  /** Resolves when it is heard; the function given stops that. */
  async hear(channel: string, hearing: Hearing): Promise<() => void> {
    const all = this.#hearing.get(channel) ?? new Set();
    this.#hearing.set(channel, all.add(hearing));
    await this.#redis.subscribe(channel);
    return () => {
      all.delete(hearing);
      if (all.size > 0 || this.#hearing.get(channel) !== all) return;
      this.#hearing.delete(channel);
      void this.#redis.unsubscribe(channel).catch(() => undefined); // it is closed already
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redis.disconnect();
  }
}
