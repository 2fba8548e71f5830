/** The scene settings that a checkpoint is best used with, before anyone changed them. */
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import { nearestNumber } from "../scene/fields.ts";
import type { SceneSettings } from "../scene/scene.ts";
import { changeSettings } from "../scene/settingChanges.ts";
import { SETTINGS } from "../scene/settings.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { withDistilled } from "./distilled.ts";

/** What checkpoints whose last timestep is pure noise want: the rescale of their paper (Lin et al. 2024), and a sampler that takes the leap. */
const ZERO_SNR: Partial<SceneSettings> = { scheduler: "euler", guidanceRescale: 0.7 };

/** Pixels a side of a latent cell. */
export function pixelsPerLatent({ vae }: Pick<Checkpoint, "vae">): number {
  return 2 ** (vae.config.blockOutChannels.length - 1);
}

/**
 * The paper's settings at the size that the network was trained on; for distilled ones their steps, scale and sampler; over all that what
 * the makers' own diorama.json says.
 */
export function recommendedSettings(
  checkpoint: Pick<Checkpoint, "unet" | "vae" | "scheduler" | "distilled" | "recommended">,
): SceneSettings {
  const side = nearestNumber(SETTINGS.width, (checkpoint.unet.config.sampleSize ?? 64) * pixelsPerLatent(checkpoint));
  const sized: SceneSettings = {
    ...DEFAULT_SETTINGS,
    width: side,
    height: side,
    ...(checkpoint.scheduler.zeroSnr ? ZERO_SNR : {}),
  };
  const own = checkpoint.distilled ? withDistilled(sized, checkpoint.distilled) : sized;
  return changeSettings(own, checkpoint.recommended ?? {}, []);
}
