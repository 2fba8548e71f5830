/** What is told of many measured times. */

export interface Spread {
  count: number;
  p50: number;
  p95: number;
  worst: number;
}

/** Of frames also the share that came later than a screen of 30 Hz would show them. */
export interface Frames extends Spread {
  late: number;
}

const LATE = 33.4;

export function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), worst: sorted.at(-1) ?? NaN };
}

/** From the moments at which frames began, in milliseconds. */
export function framesOf(moments: readonly number[]): Frames {
  const times = moments.slice(1).map((moment, i) => moment - moments[i]!);
  return { ...spreadOf(times), late: times.filter((time) => time > LATE).length / times.length };
}
