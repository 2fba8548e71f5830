/** What a page has of main: calls are handed to handlers in this process, events are whatever a test tells. */
import { AppError, toWire } from "../../../src-main/wire/errors.ts";
import type { AppBridge, MainApi, MainEvents } from "../../../src-main/api/main.ts";

/** As main answers them; what a test has no use for is not there, and a call of it is an error. */
export type Answers = Partial<{ [M in keyof MainApi]: (request: Parameters<MainApi[M]>[0]) => unknown }>;

export class FakeBridge {
  readonly bridge: AppBridge;
  /** Every call that came. */
  readonly calls: { method: string; request: unknown }[] = [];
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>();

  constructor(answers: Answers = {}) {
    this.bridge = {
      call: async (method, request) => {
        this.calls.push({ method, request: structuredClone(request) });
        await Promise.resolve();
        try {
          const answer = answers[method as keyof MainApi] as ((request: never) => unknown) | undefined;
          if (!answer) throw new AppError("bad-request", `There is no method "${method}".`, { method });
          return { ok: true, value: structuredClone(await answer(request as never)) };
        } catch (error) {
          return { ok: false, error: toWire(error) };
        }
      },
      on: (event, listener) => {
        const known = this.#listeners.get(event) ?? new Set();
        this.#listeners.set(event, known.add(listener));
        return () => known.delete(listener);
      },
      openFiles: () => Promise.resolve({ ok: true, value: [] }),
    };
  }

  emit<Name extends keyof MainEvents>(name: Name, payload: MainEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(structuredClone(payload));
  }
}
