/** What the engine knows of how long pictures take, where that costs nothing. */
import type { LoadRequest } from "../api/engine.ts";
import { MOST_ESTIMATED } from "../api/engineMessages.ts";
import type { Engines } from "./engines.ts";
import type { Scene } from "../scene/scene.ts";

/** Seconds of a picture of each; null where they are not known. No checkpoint is opened to be asked. */
export async function estimateOf(
  engine: Pick<Engines, "summaryOf" | "with">,
  model: LoadRequest,
  scenes: { scene: Scene; until: number | null }[],
): Promise<(number | null)[]> {
  if (!engine.summaryOf(model)) return scenes.map(() => null);
  return engine.with(model, (api) => api.estimate({ scenes: scenes.slice(0, MOST_ESTIMATED) }));
}
