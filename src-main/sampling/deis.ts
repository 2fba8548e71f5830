/**
 * DEIS (Zhang & Chen 2023, the log-rho form of order 2 that diffusers has by default): Adams-Bashforth on dz/dsigma = eps with the history
 * interpolated by a line in log sigma. Keeps x, as the other solvers on its grid.
 */
import { levelOf, solverEvaluations } from "./dpmSolver.ts";
import { solverGrid } from "./grids.ts";
import { weightedSum, type Numbers, type StepperMaker } from "./sampler.ts";

/** Below this many steps the last one is of first order (diffusers' `lower_order_final`). */
const FEW_STEPS = 15;

/** Integral over [from, to] of the line in log sigma that is 1 at `one` and 0 at `zero`. */
function lineIntegral(from: number, to: number, one: number, zero: number): number {
  const at = (t: number) => (t * (Math.log(t) - Math.log(zero) - 1)) / (Math.log(one) - Math.log(zero));
  return at(to) - at(from);
}

export const deis: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = solverGrid(parameters, steps, spacing);
  const levels = grid.sigmas.map(levelOf);
  return {
    evaluations: solverEvaluations(grid),
    initNoiseSigma: 1,
    step(i, latent, epsilon, _noise, memory) {
      const before = memory["before"]?.[0];
      const [from, to] = [grid.sigmas[i]!, grid.sigmas[i + 1]!];
      const last = i > 0 ? grid.sigmas[i - 1]! : from;
      const scale = levels[i + 1]!.alpha;
      const terms: [number, Numbers][] = [[scale / levels[i]!.alpha, latent]];
      // A line needs two levels, and log sigma an end above 0.
      const isSecond = before && last !== from && to > 0 && !(i === steps - 1 && steps < FEW_STEPS);
      if (isSecond) {
        terms.push([scale * lineIntegral(from, to, from, last), epsilon]);
        terms.push([scale * lineIntegral(from, to, last, from), before]);
      } else terms.push([scale * (to - from), epsilon]);
      memory["before"] = [epsilon.slice()];
      return weightedSum(...terms);
    },
  };
};
