/** How large a picture is for a checkpoint's network. */
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { pixelsPerLatent } from "../checkpoint/recommendedSettings.ts";
import type { Grid } from "../guidance/masks.ts";
import type { SceneSettings } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";

/** Cells of a picture's latent. Throws `scene-invalid` where a side is not a whole number of them. */
export function latentSize(checkpoint: Checkpoint, settings: SceneSettings): Grid {
  const unit = pixelsPerLatent(checkpoint);
  const cells = (side: "width" | "height"): number => {
    const pixels = settings[side];
    if (pixels % unit === 0) return pixels / unit;
    const nearest = Math.max(1, Math.round(pixels / unit)) * unit;
    const problem = `${side}: ${checkpoint.name} draws multiples of ${unit} pixels, got ${pixels}; the nearest is ${nearest}`;
    throw new AppError("scene-invalid", problem, { at: `settings.${side}` });
  };
  return { height: cells("height"), width: cells("width") };
}
