/** What a new project begins with. */
import { readFileSync } from "node:fs";
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import type { LoadRequest } from "../api/engine.ts";
import { DEMO_MODEL } from "../api/main.ts";
import { parseSceneText } from "../scene/parser.ts";
import { formatSeeds } from "../scene/seeds.ts";
import type { Draft } from "../api/store.ts";

const DEMO: LoadRequest = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };

/** The scene of the first start: the demo model draws it within seconds. */
export function sampleDraft(scenePath: string): Draft {
  const { scene, seeds } = parseSceneText(readFileSync(scenePath, "utf8"), DEFAULT_SETTINGS);
  return { scene, seeds: formatSeeds(seeds ?? ["1"]), model: DEMO, editor: {} };
}

/** The same checkpoint and settings, and nothing drawn yet. */
export function emptyDraft(like: Draft): Draft {
  return { ...like, scene: { ...like.scene, prompt: "", negativePrompt: "", regions: [] }, editor: {} };
}
