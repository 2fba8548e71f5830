/** ||found - expected|| / ||expected||, infinite where the lengths differ or a value is no number. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let error = 0;
  let size = 0;
  for (let k = 0; k < expected.length; k++) {
    error += (found[k]! - expected[k]!) ** 2;
    size += expected[k]! ** 2;
  }
  const relative = Math.sqrt(error / size);
  return Number.isNaN(relative) ? Infinity : relative;
}
