/** Weights of words, applied to a text encoder's states. */

/** Of all numbers' mean size: a mean that is nearer to 0 is what rounding left of 0. */
const NO_MEAN = 1e-5;

/**
 * A chunk's states [positions, width], each position times its weight, and then all of them by what gives the chunk its mean back: as
 * AUTOMATIC1111's web UI does it (modules/sd_emphasis.py, `EmphasisOriginal`). States whose mean is 0, before or after, keep their size: the
 * quotient of the means says nothing then.
 */
export function emphasise(states: Float32Array<ArrayBuffer>, weights: readonly number[]): Float32Array<ArrayBuffer> {
  if (weights.every((weight) => weight === 1)) return states;
  const width = states.length / weights.length;
  const weighted = states.map((value, i) => value * weights[Math.floor(i / width)]!);
  const [before, after] = [meanOf(states), meanOf(weighted)];
  const least = NO_MEAN * meanOf(weighted.map(Math.abs));
  if (Math.abs(before) <= least || Math.abs(after) <= least) return weighted;
  return weighted.map((value) => value * (before / after));
}

function meanOf(numbers: Float32Array): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
