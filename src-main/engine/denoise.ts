/** One evaluation of the guided network: both halves of classifier-free guidance, injection, and loss guidance. */
import { guides, injects, type GuidanceSettings } from "../api/scene.ts";
import { layoutInputs } from "../guidance/attentionLoss.ts";
import type { Layout } from "../guidance/layout.ts";
import { gridKey } from "../guidance/masks.ts";
import { timestepFeatures } from "../model/unet.ts";
import type { UnetConfig } from "../checkpoint/unetConfig.ts";
import type { Evaluation } from "../sampling/sampler.ts";
import { toEpsilon, weightedSum } from "../sampling/sampler.ts";
import type { OpenUnet } from "./sessions/networks.ts";
import type { Feed } from "./sessions/session.ts";

/** What one half of classifier-free guidance is conditioned on. */
export interface Conditioning {
  /** Text states, [tokens, contextWidth]. */
  context: Float32Array;
  /** Stable Diffusion XL's second condition (additionFeatures). */
  addition?: Float32Array;
}

/** What stays the same in all steps of a picture. */
export interface Denoiser {
  unet: OpenUnet;
  config: UnetConfig;
  prediction: "epsilon" | "v_prediction";
  layout: Layout;
  guidance: GuidanceSettings;
  guidanceScale: number;
  prompt: Conditioning;
  negative: Conditioning;
}

export interface Denoised {
  /** Guided noise prediction. */
  epsilon: Float32Array;
  /** Mean attention of the prompt's tokens on the loss grid, [cells, tokens]. */
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
 * Evaluates the network at `latent`. Injection raises the scores of the conditional half by nu' ln(1 + sigma); loss
 * guidance adds eta sigma times the gradient with respect to the network's (scaled) input to the combined prediction,
 * after classifier-free guidance and independent of its scale (methods as in the authors' code).
 */
export async function denoise(d: Denoiser, evaluation: Evaluation, latent: Float32Array): Promise<Denoised> {
  const { sigma, stepIndex } = evaluation;
  const { method, nu, eta, injectionSteps, lossSteps } = d.guidance;
  const boxes = d.layout.tokenWeights.some((w) => w > 0);
  const isInjected = boxes && injects(method) && within(stepIndex, injectionSteps);
  const isGuided = boxes && guides(method) && within(stepIndex, lossSteps);

  const input = latent.map((v) => v * evaluation.inputScale);
  const shared: Record<string, Feed> = {
    latent: input,
    time: timestepFeatures(evaluation.timestep, d.config.blockOutChannels[0]!, d.config),
    token_weights: d.layout.tokenWeights,
  };
  for (const layer of d.unet.layers) shared[layoutInputs(layer).contrast] = d.layout.contrast.get(gridKey(layer))!;

  const run = ({ context, addition }: Conditioning, strength: number, gated: boolean) => {
    const feeds: Record<string, Feed> = { ...shared, context, ...(addition ? { addition } : {}) };
    for (const layer of d.unet.layers) {
      feeds[layoutInputs(layer).injection] = d.layout.injection.get(gridKey(layer))!.map((m) => m * strength);
    }
    return d.unet.session.run(feeds, gated);
  };

  const conditional = await run(d.prompt, isInjected ? nu * Math.log(1 + sigma) : 0, isGuided);
  let output = conditional.prediction!;
  if (d.guidanceScale !== 1) {
    const plain = (await run(d.negative, 0, false)).prediction!;
    output = weightedSum([d.guidanceScale, output], [1 - d.guidanceScale, plain]);
  }
  const epsilon = toEpsilon(output, input, sigma, d.prediction);
  const { gradient, maps, loss } = conditional;
  return {
    epsilon: gradient ? weightedSum([1, epsilon], [eta * sigma, gradient]) : epsilon,
    maps: maps!,
    loss: loss![0]!,
    ...(gradient ? { gradient } : {}),
  };
}
