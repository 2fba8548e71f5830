/** What the noise predictor is told in numbers besides the latent and the text: the timestep, and where it reads them the guidance scale and sizes. */
import type { UnetConfig } from "../checkpoint/unetConfig.ts";

/**
 * Sinusoidal features of a timestep, [width], as diffusers computes them in float32 (get_timestep_embedding).
 * `timestep` may be fractional.
 */
export function timestepFeatures(
  timestep: number,
  width: number,
  config: Pick<UnetConfig, "flipSinToCos" | "freqShift">,
) {
  const half = width / 2;
  const features = new Float32Array(width);
  const [sine, cosine] = config.flipSinToCos ? [half, 0] : [0, half];
  for (let i = 0; i < half; i++) {
    const exponent = Math.fround(Math.fround(-Math.log(10000) * i) / (half - config.freqShift));
    const angle = Math.fround(Math.fround(timestep) * Math.fround(Math.exp(exponent)));
    features[sine + i] = Math.sin(angle);
    features[cosine + i] = Math.cos(angle);
  }
  return features;
}

/** Sinusoidal features of a guidance scale, [width], as diffusers computes them in float32 (get_guidance_scale_embedding). */
export function guidanceFeatures(scale: number, width: number): Float32Array<ArrayBuffer> {
  const f = Math.fround;
  const half = width / 2;
  const w = f(f(scale - 1) * 1000);
  const rate = f(f(Math.log(10000)) / (half - 1));
  const features = new Float32Array(width);
  for (let i = 0; i < half; i++) {
    const angle = f(w * f(Math.exp(f(i * -rate))));
    features[i] = Math.sin(angle);
    features[half + i] = Math.cos(angle);
  }
  return features;
}

/**
 * Stable Diffusion XL's second condition: the pooled text, then features of the picture's original size, the corner of its crop and
 * the size wanted, each as [height, width] in pixels (diffusers' `add_time_ids`, StableDiffusionXLPipeline).
 */
export function additionFeatures(
  pooled: Float32Array,
  sizes: readonly [number, number, number, number, number, number],
  config: Pick<UnetConfig, "flipSinToCos" | "freqShift"> & { addition: { width: number; timeWidth: number } },
): Float32Array<ArrayBuffer> {
  const { width, timeWidth } = config.addition;
  const features = new Float32Array(width);
  features.set(pooled);
  sizes.forEach((size, i) => features.set(timestepFeatures(size, timeWidth, config), width - (6 - i) * timeWidth));
  return features;
}
