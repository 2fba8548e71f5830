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

  /** Takes note of a step of a picture that was begun from the start, as one of so many that are drawn side by side. */
  note(entry: Entry, { elapsed, pictureSecondsLeft }: StepEvent, beside = 1): void {
    if (pictureSecondsLeft !== undefined) entry.secondsEach = (elapsed + pictureSecondsLeft) / beside;
  }
}

/** Of the picture in work, one of so many side by side, and all that is behind them; what is not known counts as long as the one in work. */
export function secondsLeft(step: StepEvent, ahead: ReadonlyMap<Entry, number>, beside = 1): number | undefined {
  const { elapsed, pictureSecondsLeft } = step;
  if (pictureSecondsLeft === undefined) return undefined;
  let total = pictureSecondsLeft;
  const own = (elapsed + pictureSecondsLeft) / beside;
  for (const [{ secondsEach }, count] of ahead) total += count * (secondsEach ?? own);
  return total;
}
