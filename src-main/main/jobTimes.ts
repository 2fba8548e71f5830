/** How long what is in the queue still takes: by its own pictures where one was drawn, else by what the engine has timed. */
import type { LoadRequest, StepEvent } from "../api/engine.ts";
import type { Scene } from "../scene/scene.ts";
import type { Entry } from "./jobEntry.ts";

/** Seconds that a picture of each scene takes with this checkpoint, where that is known. */
export type Estimate = (
  model: LoadRequest,
  scenes: { scene: Scene; until: number | null }[],
) => Promise<(number | null)[]>;

export class Times {
  readonly #estimate: Estimate | undefined;

  constructor(estimate: Estimate | undefined) {
    this.#estimate = estimate;
  }

  /** Asks about jobs of which nothing is known yet; true where something is new. */
  async ask(entries: readonly Entry[]): Promise<boolean> {
    const unknown = entries.filter(({ secondsEach }) => secondsEach === undefined);
    let isNew = false;
    for (const alike of Map.groupBy(unknown, ({ model }) => JSON.stringify(model)).values()) {
      const scenes = alike.map(({ alternatives, job: { until } }) => ({ scene: alternatives[0]!.scene, until }));
      const seconds = (await this.#estimate?.(alike[0]!.model, scenes)) ?? [];
      for (const [i, entry] of alike.entries()) entry.secondsEach ??= seconds[i] ?? undefined;
      isNew ||= seconds.some((one) => one !== null);
    }
    return isNew;
  }

  /** Takes note of a step of a picture that was begun from the start. */
  note(entry: Entry, { elapsed, pictureSecondsLeft }: StepEvent): void {
    if (pictureSecondsLeft !== undefined) entry.secondsEach = elapsed + pictureSecondsLeft;
  }
}

/** Of the picture in work and all that is behind it; what is not known counts as long as the picture in work. */
export function secondsLeft(step: StepEvent, ahead: ReadonlyMap<Entry, number>): number | undefined {
  const { elapsed, pictureSecondsLeft } = step;
  if (pictureSecondsLeft === undefined) return undefined;
  let total = pictureSecondsLeft;
  for (const [{ secondsEach }, count] of ahead) total += count * (secondsEach ?? elapsed + pictureSecondsLeft);
  return total;
}
