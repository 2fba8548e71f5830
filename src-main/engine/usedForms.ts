/** Which of a provider's own operators the engine's process is told to use, by provider and device. */
import type { LoadRequest } from "../api/engine.ts";
import type { OwnForm } from "./sessions/ownOperators.ts";

type Place = Pick<LoadRequest, "provider" | "deviceId">;

export class UsedForms {
  readonly #found = new Map<string, readonly OwnForm[]>();
  readonly #deadly = new Set<string>();

  /** What a try found right there. */
  found(place: Place, forms: readonly OwnForm[]): void {
    this.#found.set(keyOf(place), forms);
  }

  /** None once a process ended with them; undefined where nothing was tried. */
  at(place: Place): readonly OwnForm[] | undefined {
    const key = keyOf(place);
    return this.#deadly.has(key) ? [] : this.#found.get(key);
  }

  /** A process that used them ended by itself: its driver may have died of them. */
  ended(place: Place): void {
    if (this.at(place)?.length) this.#deadly.add(keyOf(place));
  }
}

function keyOf({ provider, deviceId = 0 }: Place): string {
  return `${provider} ${deviceId}`;
}
