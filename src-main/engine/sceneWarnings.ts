/** What would be lost or go against itself if a scene were drawn as it is. */
import type { SceneWarning } from "../api/engine.ts";
import { lorasOf } from "../scene/loras.ts";
import { findLoras, findMarkup } from "../scene/promptMarkup.ts";
import { spacingOf, takesSpacing, type Scene } from "../scene/scene.ts";
import { areasOf, coverage, isHidden, overlapOfSmaller } from "../guidance/areas.ts";
import type { Grid } from "../guidance/masks.ts";
import { lossGrid } from "../guidance/masks.ts";
import { lossOfSpan, type Encoding } from "../model/tokenizer/encoding.ts";

/** Boxes of different phrases that share more than this part of the smaller one pull the same cells two ways. */
const CONFLICT = 0.6;

export function sceneWarnings(scene: Scene, encoding: Encoding, latent: Grid): SceneWarning[] {
  const warnings: SceneWarning[] = [];
  if (encoding.lost) warnings.push({ kind: "prompt-truncated", text: encoding.lost.text });
  for (const where of ["prompt", "negativePrompt"] as const) {
    const loras = where === "prompt" ? lorasOf(scene).unknown : findLoras(scene.negativePrompt);
    const texts = new Set(loras.map(({ span }) => scene[where].slice(span.start, span.end)));
    const unknown = [...texts].map((text) => ({ kind: "lora" as const, text }));
    for (const markup of [...unknown, ...findMarkup(scene[where], scene.settings.promptWeights)])
      warnings.push({ kind: "markup-ignored", markup, where });
  }
  const { scheduler } = scene.settings;
  const spacing = spacingOf(scene.settings);
  if (spacing !== "model" && !takesSpacing(scheduler)) warnings.push({ kind: "spacing-ignored", scheduler, spacing });
  const grid = lossGrid(latent);
  const areas = areasOf(scene);
  for (const region of scene.regions) {
    for (const span of region.spans) {
      if (lossOfSpan(encoding, span) === "none") continue;
      warnings.push({ kind: "phrase-lost", regionId: region.id, text: scene.prompt.slice(span.start, span.end) });
    }
    const area = areas.get(region.id)!;
    if (isHidden(area)) {
      warnings.push({ kind: "box-hidden", regionId: region.id });
      continue;
    }
    const { width, height } = region.box;
    const isBox = area.shape === undefined && area.under === undefined;
    const cells = isBox
      ? width * grid.width * height * grid.height
      : coverage(area, grid).reduce((sum, share) => sum + share, 0);
    const thin = width * grid.width < 1 || height * grid.height < 1 || cells < 1;
    if (thin) warnings.push({ kind: "box-below-cell", regionId: region.id, cells });
  }
  if (scene.settings.guidance.overlap === "front") return warnings; // what would compete has one owner
  scene.regions.forEach((a, i) => {
    for (const b of scene.regions.slice(i + 1)) {
      const shared = a.spans.some((s) => b.spans.some((t) => s.start < t.end && t.start < s.end));
      const overlap = overlapOfSmaller(areas.get(a.id)!, areas.get(b.id)!, CONFLICT);
      if (!shared && overlap > CONFLICT) warnings.push({ kind: "boxes-conflict", regionIds: [a.id, b.id], overlap });
    }
  });
  return warnings;
}
