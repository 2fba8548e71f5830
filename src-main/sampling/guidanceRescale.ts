/** Guidance rescale: large guidance scales stretch a prediction, which burns colours; this takes the stretch back. */
import { weightedSum } from "./sampler.ts";

/**
 * phi of the guided prediction brought to the standard deviation of the prompt's own, the rest as it is (Lin et al. 2024,
 * arXiv 2305.08891, eq. 15 and 16). 0 <= phi <= 1.
 */
export function rescaleGuided(
  guided: Float32Array<ArrayBuffer>,
  conditional: Float32Array,
  phi: number,
): Float32Array<ArrayBuffer> {
  const stretch = deviation(guided);
  if (phi === 0 || stretch === 0) return guided;
  return weightedSum([(phi * deviation(conditional)) / stretch + 1 - phi, guided]);
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
