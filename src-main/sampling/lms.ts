/**
 * Linear multistep (Adams-Bashforth with uneven steps) on dz/dsigma = eps: the history of epsilons is interpolated by a
 * polynomial in sigma, which is integrated over the step. Order 4, as in k-diffusion and diffusers.
 */
import { continuousGrid } from "./grids.ts";
import { weightedSum, type StepperMaker } from "./sampler.ts";
import { initialScale, scaledEvaluations } from "./euler.ts";

const ORDER = 4;

/**
 * The weight of each past epsilon in step i, newest first: integrals of the Lagrange basis over [sigma_i, sigma_i+1].
 */
export function lmsCoefficients(sigmas: readonly number[], i: number, order = Math.min(i + 1, ORDER)): number[] {
  const nodes = Array.from({ length: order }, (_, k) => sigmas[i - k]!);
  const middle = (sigmas[i + 1]! + sigmas[i]!) / 2;
  const half = (sigmas[i + 1]! - sigmas[i]!) / 2;
  // Two-point Gauss-Legendre quadrature is exact up to degree 3, the degree of the basis.
  const points = [middle - half / Math.sqrt(3), middle + half / Math.sqrt(3)];
  return nodes.map((own, c) => {
    const basis = (tau: number): number =>
      nodes.reduce((product, node, k) => (k === c ? product : (product * (tau - node)) / (own - node)), 1);
    return half * (basis(points[0]!) + basis(points[1]!));
  });
}

export const lms: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = continuousGrid(parameters, steps, spacing);
  return {
    evaluations: scaledEvaluations(grid),
    initNoiseSigma: initialScale(parameters, grid),
    step(i, latent, epsilon, _noise, memory) {
      const history = [epsilon.slice(), ...(memory["history"] ?? [])];
      memory["history"] = history.slice(0, ORDER - 1);
      const weights = lmsCoefficients(grid.sigmas, i, history.length); // fewer where the run has just begun
      return weightedSum([1, latent], ...weights.map((weight, k) => [weight, history[k]!] as const));
    },
  };
};
