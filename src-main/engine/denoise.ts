/** One evaluation of the guided network: both halves of classifier-free guidance, injection, and loss guidance. */
import { guides, injects, type GuidanceSettings } from "../scene/scene.ts";
import type { Layout } from "../guidance/layout.ts";
import { guidanceFeatures, timestepFeatures } from "../model/unet.ts";
import type { UnetConfig } from "../checkpoint/unetConfig.ts";
import { rescaleGuided } from "../sampling/guidanceRescale.ts";
import type { Evaluation, Numbers } from "../sampling/sampler.ts";
import { exactSum, toEpsilon, weightedSum } from "../sampling/sampler.ts";
import type { OpenUnet } from "./sessions/openUnet.ts";

/** What one half of classifier-free guidance is conditioned on. */
export interface Conditioning {
  /** Text states, [columns, contextWidth]. */
  context: Float32Array;
  /** Where the columns are attended (columnMasks); everywhere where it is left out. */
  mask?: ReadonlyMap<string, Float32Array>;
  /** Stable Diffusion XL's second condition (additionFeatures). */
  addition?: Float32Array;
}

/** What stays the same in all steps of a picture. */
export interface Denoiser {
  unet: OpenUnet;
  config: UnetConfig;
  prediction: "epsilon" | "v_prediction";
  /** What boxes ask for at a step, counted from 0. */
  layoutAt: (step: number) => Layout;
  guidance: GuidanceSettings;
  guidanceScale: number;
  /** phi of guidance rescale; none where left out. */
  guidanceRescale?: number;
  prompt: Conditioning;
  negative: Conditioning;
}

export interface Denoised {
  /** Guided noise prediction. */
  epsilon: Numbers;
  /** Mean attention of the prompt's tokens on the loss grid, [cells, columns]. */
  maps: Float32Array<ArrayBuffer>;
  /** Value of the layout loss; 0 without boxes. */
  loss: number;
  /** Gradient of the loss with respect to the network's input, where this evaluation is guided. */
  gradient?: Float32Array;
}

function within(step: number, range: { start: number; end: number }): boolean {
  return step >= range.start && step < range.end;
}

/**
 * The largest noise level of Stable Diffusion's own schedule. Strengths that follow sigma were published on that schedule: where pure
 * noise counts as 4096 (zero terminal SNR) they stop growing here.
 */
const LARGEST_SIGMA = 14.6146;

/**
 * Evaluates the network at `latent`. Injection raises the scores of the conditional half by nu' ln(1 + sigma); loss
 * guidance adds eta sigma times the gradient with respect to the network's (scaled) input to the combined prediction,
 * after classifier-free guidance and independent of its scale (methods as in the authors' code).
 */
export async function denoise(d: Denoiser, evaluation: Evaluation, latent: Float32Array): Promise<Denoised> {
  const { stepIndex } = evaluation;
  const sigma = Math.min(evaluation.sigma, LARGEST_SIGMA);
  const { method, nu, eta, injectionSteps, lossSteps } = d.guidance;
  const layout = d.layoutAt(stepIndex);
  const boxes = layout.tokenWeights.some((w) => w > 0);
  const isInjected = boxes && injects(method) && within(stepIndex, injectionSteps);
  const isGuided = boxes && guides(method) && within(stepIndex, lossSteps);

  const { guidanceWidth } = d.config;
  const input = latent.map((v) => v * evaluation.inputScale);
  const shared = {
    latent: input,
    time: timestepFeatures(evaluation.timestep, d.config.blockOutChannels[0]!, d.config),
    ...(guidanceWidth ? { guidance: guidanceFeatures(d.guidanceScale, guidanceWidth) } : {}),
    tokenWeights: layout.tokenWeights,
    contrast: layout.contrast,
    injection: layout.injection,
  };
  const inputs = { ...shared, ...d.prompt, strength: isInjected ? nu * Math.log(1 + sigma) : 0 };
  const guided = isGuided ? await d.unet.runGuided(inputs) : undefined;
  const conditional = guided ?? (await d.unet.run(inputs));
  let output = conditional.prediction;
  // A network that reads the scale was distilled to do both halves' work in one.
  if (d.guidanceScale !== 1 && !guidanceWidth) {
    const plain = (await d.unet.run({ ...shared, ...d.negative, strength: 0 })).prediction;
    const mixed = weightedSum([d.guidanceScale, output], [1 - d.guidanceScale, plain]);
    output = rescaleGuided(mixed, output, d.guidanceRescale ?? 0);
  }
  const epsilon = toEpsilon(output, latent, evaluation, d.prediction);
  const { maps, loss } = conditional;
  if (!guided) return { epsilon, maps, loss };
  const { gradient } = guided;
  const sum = d.prediction === "epsilon" ? weightedSum : exactSum;
  return { epsilon: sum([1, epsilon], [eta * sigma, gradient]), maps, loss, gradient };
}
