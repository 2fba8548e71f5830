/** How what is meant for one number of steps is said in another: ranges of steps, and the strength of what acts in each of them. */

/**
 * The same share of the run in another number of steps: both ends are scaled and rounded. Two things survive
 * rounding, because they decide whether the method works at all: a range that leaves out step 0 goes on leaving it
 * out (the first latent is pure noise; the published ranges start at 1), and a range that was on stays on for at
 * least one step. So [1, 11) of 50 becomes [1, 4) of 20, [1, 2) of 4 and [2, 22) of 100.
 */
export function scaleStepRange(
  range: { start: number; end: number },
  from: number,
  to: number,
): { start: number; end: number } {
  if (from === to || range.end <= range.start) {
    return { start: Math.min(range.start, to), end: Math.min(range.end, to) };
  }
  const first = range.start > 0 ? 1 : 0;
  const start = Math.min(Math.max(first, Math.round((range.start * to) / from)), Math.max(0, to - 1));
  const end = Math.min(to, Math.max(start + 1, Math.round((range.end * to) / from)));
  return { start, end };
}

/** Steps of the published runs: with more, loss guidance keeps its strength. */
const PUBLISHED_STEPS = 50;
/**
 * Fewer steps are longer, and each follows its gradient further: at the strength of 50 steps, things are driven past their boxes and the
 * picture apart. Measured on the demo model (Euler a, iLGD, 40 scenes that no other figure is from): most things lie in their boxes at eta 4
 * in 50 steps, 2 to 3 in 20 and 1.5 in 8, which this power of the number of steps goes through: docs/evaluation.md has them.
 */
const ETA_POWER = 0.6;

/** The strength of loss guidance in `to` steps that does what `eta` does in `from`; three digits of it. */
export function scaleEta(eta: number, from: number, to: number): number {
  if (from === to) return eta;
  const share = (steps: number) => Math.min(1, steps / PUBLISHED_STEPS) ** ETA_POWER;
  return Number(((eta * share(to)) / share(from)).toPrecision(3));
}
