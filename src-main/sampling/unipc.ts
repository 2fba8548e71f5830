/**
 * UniPC (Zhao et al. 2023), order 2 with B(h) = e^h - 1 ("bh2") on the predicted clean latent: a predictor step like
 * DPM-Solver++'s, and, at no further evaluation, a corrector that repeats the step before with the new prediction
 * known. Keeps x.
 */
import { dataPrediction, levelOf, solverEvaluations } from "./dpmSolver.ts";
import { solverGrid } from "./grids.ts";
import { weightedSum, type Numbers, type StepperMaker } from "./sampler.ts";

const ORDER = 2;

/**
 * Corrector weights of the older slope and the newest, from the paper's linear system R rho = b with nodes r and 1:
 * phi_1 = expm1(-h), b_1 = (phi_1/(-h) - 1)/phi_1, b_2 = 2 ((phi_1/(-h) - 1)/(-h) - 1/2)/phi_1.
 */
function correctorWeights(h: number, r: number): [older: number, newest: number] {
  const phi1 = Math.expm1(-h);
  const phi2 = phi1 / -h - 1;
  const b1 = phi2 / phi1;
  const b2 = (2 * (phi2 / -h - 0.5)) / phi1;
  const older = (b1 - b2) / (1 - r);
  return [older, b1 - older];
}

export const unipc: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = solverGrid(parameters, steps, spacing);
  const levels = grid.sigmas.map(levelOf);

  /** Width of the step from level i, and where the level before it lies in units of that width (negative). */
  function width(i: number): { h: number; r: number } {
    const h = levels[i + 1]!.lambda - levels[i]!.lambda;
    return { h, r: i > 0 ? (levels[i - 1]!.lambda - levels[i]!.lambda) / h : 0 };
  }

  /** The last step is of first order, and so is one whose level before is the same (timesteps rounded together). */
  function orderOf(i: number): number {
    const { h, r } = width(i);
    return h === 0 || r === 0 ? 1 : Math.min(ORDER, steps - i, i + 1);
  }

  /** (s'/s) x - alpha' phi_1 D, and the factor -alpha' phi_1 that differences of D get on top. */
  function firstOrder(i: number, x: Numbers, d: Numbers) {
    const [here, next] = [levels[i]!, levels[i + 1]!];
    const gain = -next.alpha * Math.expm1(here.lambda - next.lambda);
    return {
      gain,
      terms: [
        [next.s / here.s, x],
        [gain, d],
      ] as [number, Numbers][],
    };
  }

  /** `data`: predictions of the levels before, newest first; `start`: the corrected latent at the level before. */
  function correct(i: number, latent: Float32Array, newest: Numbers, data: readonly Numbers[], start?: Numbers) {
    const [d, older] = data;
    if (!start || !d) return latent.slice();
    const { h, r } = width(i - 1);
    if (h === 0) return latent.slice();
    const { gain, terms } = firstOrder(i - 1, start, d);
    const isFirstOrder = orderOf(i - 1) === 1 || !older;
    const weights = isFirstOrder ? [0, 0.5] : correctorWeights(h, r);
    const [slope, change] = [isFirstOrder ? 0 : weights[0]! / r, weights[1]!];
    return weightedSum(...terms, [-gain * (slope + change), d], [gain * slope, older ?? d], [gain * change, newest]);
  }

  function predict(i: number, x: Numbers, [d, older]: readonly Numbers[]) {
    const { gain, terms } = firstOrder(i, x, d!);
    if (orderOf(i) === 1 || !older) return weightedSum(...terms);
    const slope = 0.5 / width(i).r; // rho_1 = 1/2 for order 2 as the paper simplifies it
    return weightedSum(...terms, [-gain * slope, d!], [gain * slope, older]);
  }

  return {
    evaluations: solverEvaluations(grid),
    initNoiseSigma: 1,
    step(i, latent, epsilon, _noise, memory) {
      const newest = dataPrediction(levels[i]!, latent, epsilon);
      const before = memory["data"] ?? [];
      const start = correct(i, latent, newest, before, memory["start"]?.[0]);
      const data = [newest, ...before].slice(0, ORDER);
      Object.assign(memory, { start: [start], data });
      return predict(i, start, data);
    },
  };
};
