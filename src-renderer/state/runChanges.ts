/** What is new in a run beside the one before it, as one would say it: "moved yellow moon, steps 25, 3 seeds". */
import { countAlternatives } from "@scene/alternatives.ts";
import { isolated } from "@scene/rightToLeft.ts";
import type { Scene } from "@scene/scene.ts";
import { type BoxChange, layoutChanges } from "./variant.ts";
import { settingWords } from "./words.ts";

/** More than so many things are "and more". */
const MOST = 3;

const VERBS: Record<BoxChange["kind"], string> = {
  moved: "moved",
  resized: "resized",
  shape: "other shape for",
  added: "added",
  removed: "removed",
  strength: "other strength for",
  words: "other words for",
  steps: "other steps for",
};

/** `before` is undefined for the first run of a project; `pictures` is how many were asked for. */
export function runChange(before: Scene | undefined, after: Scene, pictures: number): string {
  const alternatives = countAlternatives(after);
  const prompts = "count" in alternatives ? alternatives.count : 1;
  const asked =
    prompts > 1 ? `${pictures} pictures of ${prompts} prompts` : pictures === 1 ? "1 seed" : `${pictures} seeds`;
  if (!before) return `first run, ${asked}`;
  const known = new Map(settingWords(before.settings));
  const changes = [
    ...(before.prompt === after.prompt ? [] : ["another prompt"]),
    ...layoutChanges(before, after).map(
      ({ kind, words }) => `${VERBS[kind]} ${words === "" ? "a box" : isolated(words)}`,
    ),
    ...startChange(before, after),
    ...(before.negativePrompt === after.negativePrompt ? [] : ["left out other things"]),
    ...settingWords(after.settings)
      // What the other method did not have is said by the method's name.
      .filter(([name, value]) => (known.has(name) || name === "LoRAs") && known.get(name) !== value)
      .map(([name, value]) => `${inSentence(name)} ${value}`),
  ];
  const told = changes.length === 0 ? ["the same scene"] : changes.slice(0, MOST);
  return [...told, ...(changes.length > MOST ? ["more"] : []), asked].join(", ");
}

/** A label in the middle of a sentence; LoRA stays LoRA. */
const inSentence = (label: string) =>
  /^\S+[A-Z]/.test(label) ? label : `${label.charAt(0).toLowerCase()}${label.slice(1)}`;

/** What the pictures of a run begin with, where that is another thing than before. */
function startChange(before: Scene, after: Scene): string[] {
  const of = ({ start, settings }: Scene) => JSON.stringify([start, settings.variationOf]);
  if (of(before) === of(after)) return [];
  const { start, settings } = after;
  if (start) return [start.redraw ? "a part drawn anew" : "went on from a picture"];
  return [settings.variationOf === undefined ? "began from noise" : `variations of seed ${settings.variationOf}`];
}
