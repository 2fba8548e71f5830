/**
 * What a latent looks like without a decoder: each of its cells as a pixel, by a linear map from the latent's channels to colours. For
 * previews, which then cost nothing.
 */
import type { Pixels } from "../api/engine.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Grid } from "../guidance/masks.ts";
import { enlargePlanes, toPixels } from "./pixels.ts";

/** By channel of the latent: what it adds to red, green and blue from -1 to 1. */
type Colours = readonly (readonly [red: number, green: number, blue: number])[];

/** Fitted to decoded pictures by InvokeAI's authors (their step_callback.py, Apache-2.0); those of 1.x and 2.x share an autoencoder. */
const STABLE_DIFFUSION: Colours = [
  [0.3444, 0.1385, 0.067],
  [0.1247, 0.4027, 0.1494],
  [-0.3192, 0.2513, 0.2103],
  [-0.1307, -0.1874, -0.7445],
];
const XL: Colours = [
  [0.3816, 0.493, 0.532],
  [-0.3753, 0.1631, 0.1739],
  [0.177, 0.3588, -0.2048],
  [-0.435, -0.2644, -0.4289],
];

/** Channels of the autoencoder that the maps are of; others have latents of their own. */
const KNOWN_CHANNELS = "128,256,512,512";

/** The map of a checkpoint's latents; undefined for an autoencoder that is nobody's but its own, such as the demo model's, which is small. */
export function coloursOf({ family, vae }: Pick<Checkpoint, "family" | "vae">): Colours | undefined {
  if (vae.config.blockOutChannels.join() !== KNOWN_CHANNELS || vae.config.latentChannels !== 4) return undefined;
  return family === "sdxl" ? XL : STABLE_DIFFUSION;
}

/** A picture of a pixel per cell, or of `scale` a side, with soft edges between cells. */
export function latentPicture(latent: Float32Array, size: Grid, colours: Colours, scale = 1): Pixels {
  const { width, height } = size;
  const cells = width * height;
  const planes = new Float32Array(3 * cells);
  colours.forEach((adds, channel) => {
    for (let c = 0; c < 3; c++) {
      for (let p = 0; p < cells; p++) planes[c * cells + p]! += adds[c]! * latent[channel * cells + p]!;
    }
  });
  return toPixels(scale === 1 ? planes : enlargePlanes(planes, size, scale), width * scale, height * scale);
}
