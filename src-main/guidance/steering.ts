/**
 * Injection and loss guidance (Patel & Serkh 2024, arXiv 2405.14101, as in the authors' code), alone and together: one program, in
 * which an injection of 0 and a gradient that nobody asks for cost nothing.
 */
import type { LossName } from "../scene/losses.ts";
import type { AttentionLayer } from "../model/unet.ts";
import type { ActingGuidance } from "../scene/methodSettings.ts";
import { exactSum, weightedSum } from "../sampling/sampler.ts";
import { injectionHook, layoutInputs, layoutLoss } from "./attentionLoss.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { refines, REGION_MASK, regionLoss } from "./losses.ts";
import { type AttentionProgram, type Feeds, type LayoutMethod, within } from "./method.ts";

/**
 * The largest noise level of Stable Diffusion's own schedule. Strengths that follow sigma were published on that schedule: where pure
 * noise counts as 4096 (zero terminal SNR) they stop growing here.
 */
const LARGEST_SIGMA = 14.6146;

/**
 * Graph inputs: token_weights [columns] and, per layer grid, injection [pixels, columns]; for the loss contrast [pixels, columns], too, or
 * region_mask [cells, columns] where it is one of losses.ts. `down` is as published over the layers up to the middle of the network alone:
 * its gradient goes through nothing above them, which is most of the network. `isPast`: the loss reads attention as it is before injection,
 * of features that injection in earlier layers has formed.
 */
function programFor(kind: LossName, isPast: boolean): AttentionProgram {
  const kinds = [...(kind === "authors" ? [] : [kind]), ...(isPast ? ["past injection"] : [])];
  return {
    name: ["steering", ...kinds].join(", "),
    build: (g, { target, columns }) => {
      const tokenWeights = g.input("token_weights", "float32", [columns]);
      return {
        scores: injectionHook(g),
        readsBare: isPast,
        ...(kind === "refined" ? { readsSelf: (layer: AttentionLayer) => refines(layer, target) } : {}),
        loss: (all, selfTaps) => {
          const taps = isPast ? all.map(({ bare, ...tap }) => ({ ...tap, probabilities: bare! })) : all;
          if (kind === "authors" || kind === "area") return { loss: layoutLoss(g, taps, target, tokenWeights) };
          if (kind !== "down") return { loss: regionLoss(g, { taps, selfTaps }, target, tokenWeights, kind) };
          const below = taps.filter(({ name }) => !name.startsWith("up_blocks."));
          return { loss: layoutLoss(g, below.length > 0 ? below : taps, target, tokenWeights) };
        },
      };
    },
  };
}

const PROGRAMS = new Map<string, AttentionProgram>();

/** That of a loss; `area` has that of `authors`, fed with other contrasts. The same one for the same. */
export function programOf(loss: LossName, isPast = false): AttentionProgram {
  const kind = loss === "area" ? "authors" : loss;
  const key = `${kind} ${isPast}`;
  const program = PROGRAMS.get(key) ?? programFor(kind, isPast);
  PROGRAMS.set(key, program);
  return program;
}

/** As published. */
export const STEERING = programOf("authors");

/** What the steering program is fed; `strength` is on the injection, 0 for none. */
export function steeringFeeds(layout: Layout, strength: number, loss: LossName = "authors"): Feeds {
  const { tokenWeights, injection, mask } = layout;
  const contrast = loss === "area" ? layout.contrastByArea : layout.contrast;
  const feeds: Record<string, Float32Array> = { token_weights: tokenWeights, [REGION_MASK]: mask };
  for (const [key, shares] of injection) {
    feeds[layoutInputs(key).contrast] = contrast.get(key)!;
    feeds[layoutInputs(key).injection] = shares.map((share) => share * strength);
  }
  return feeds;
}

/** The noise level at which loss guidance has the strength eta, however it falls with the noise. */
const ETA_SIGMA = 4;

/**
 * Strength of loss guidance at a noise level. A step moves the latent by about eta (sigma^2 - sigma'^2) times the gradient, so that of few
 * steps the first go far past where the gradient points; the last could go further than they do.
 */
export function etaAt({ eta, etaFall }: Pick<ActingGuidance, "eta" | "etaFall">, sigma: number): number {
  return etaFall === 0 ? eta : (eta * (1 + etaFall * ETA_SIGMA)) / (1 + etaFall * sigma);
}

/**
 * Injection raises the scores of the prompt's half by nu' ln(1 + sigma); loss guidance adds eta sigma times the gradient with respect to
 * the network's (scaled) input to the combined prediction, after classifier-free guidance and independent of its scale.
 */
export function steering({ injects, follows }: { injects: boolean; follows: boolean }): LayoutMethod<Layout> {
  return {
    program: STEERING,
    programOf: ({ loss, pastInjection }) => (follows ? programOf(loss, injects && pastInjection) : STEERING),
    layout: ({ regions, columns, latent, target, layers }) => layoutOf(regions, columns, latent, target, layers),
    async predict({ evaluation, settings, layout, ...step }, latent) {
      const { stepIndex } = evaluation;
      const sigma = Math.min(evaluation.sigma, LARGEST_SIGMA);
      const boxes = layout.tokenWeights.some((w) => w > 0);
      const isInjected = boxes && injects && within(stepIndex, settings.injectionSteps);
      const isFollowed = boxes && follows && within(stepIndex, settings.lossSteps);
      const answer = await step.guided(latent, {
        prompt: { feeds: steeringFeeds(layout, isInjected ? settings.nu * Math.log(1 + sigma) : 0, settings.loss) },
        negative: { feeds: steeringFeeds(layout, 0, settings.loss) },
        gradient: isFollowed,
      });
      const { epsilon, maps, loss, gradient } = answer;
      if (!gradient) return { latent, epsilon, maps, loss };
      const sum = epsilon instanceof Float64Array ? exactSum : weightedSum;
      const eta = etaAt(settings, sigma);
      return { latent, epsilon: sum([1, epsilon], [eta * sigma, gradient]), maps, loss, gradient };
    },
  };
}
