/** One evaluation of the guided network: both halves of classifier-free guidance, under a method of layout control. */
import { actingGuidance } from "../scene/methodSettings.ts";
import type { GuidanceSettings } from "../scene/scene.ts";
import type { Work } from "../scene/shortcuts.ts";
import type { Half, LayoutMethod, MethodState, Prediction, Step } from "../guidance/method.ts";
import { invariant } from "../wire/errors.ts";
import { guidanceFeatures, timestepFeatures } from "../model/features.ts";
import type { UnetConfig } from "../checkpoint/unetConfig.ts";
import { rescaleGuided } from "../sampling/guidanceRescale.ts";
import type { Evaluation } from "../sampling/sampler.ts";
import { toEpsilon, weightedSum } from "../sampling/sampler.ts";
import type { GuidedOutputs, OpenUnet, UnetInputs, UnetOutputs } from "./sessions/openUnet.ts";
import type { Seat } from "./company.ts";
import { keep, kept } from "./kept.ts";

/** What one half of classifier-free guidance is conditioned on. */
export interface Conditioning {
  /** Text states, [columns, contextWidth]. */
  context: Float32Array;
  /** Where the columns are attended (columnMasks); everywhere where it is left out. */
  mask?: ReadonlyMap<string, Float32Array>;
  /** Stable Diffusion XL's second condition (additionFeatures). */
  addition?: Float32Array;
}

/** Both halves of classifier-free guidance. */
export interface Conditionings {
  prompt: Conditioning;
  negative: Conditioning;
}

/** What stays the same in all steps of a picture. */
export interface Denoiser extends Conditionings {
  unet: OpenUnet;
  config: UnetConfig;
  prediction: "epsilon" | "v_prediction";
  /** Of the whole run. */
  evaluations: readonly Evaluation[];
  method: LayoutMethod;
  /** What boxes become for the method at a step, counted from 0. */
  layoutAt: (step: number) => unknown;
  /** The picture's own; the method changes it. */
  state: MethodState;
  guidance: GuidanceSettings;
  guidanceScale: number;
  /** phi of guidance rescale; none where left out. */
  guidanceRescale?: number;
  /** What is computed in a step, counted from 0; all of it where left out. */
  workAt?: (step: number) => Work;
  /** Whether later steps may take an earlier one's gradient. */
  keepsGradient?: boolean;
  /** Among pictures that are drawn side by side. */
  seat?: Seat;
  /** Told the rows of the network in each run of both halves. */
  onRows?: (rows: number) => void;
  /** The method's own texts. */
  texts?: ReadonlyMap<string, Conditionings & { words: readonly number[] }>;
}

const ALL: Work = { isGuided: true, isFresh: true, isWhole: true, isKept: false };

/** Evaluates the network at `latent`, which is that of evaluation `number`, as the method does. */
export function denoise(d: Denoiser, number: number, latent: Float32Array): Promise<Prediction> {
  const evaluation = d.evaluations[number]!;
  const { guidanceWidth } = d.config;
  const time = timestepFeatures(evaluation.timestep, d.config.blockOutChannels[0]!, d.config);
  const shared = {
    time,
    ...(guidanceWidth ? { guidance: guidanceFeatures(d.guidanceScale, guidanceWidth) } : {}),
  };
  const inputsOf = (at: Float32Array, conditioning: Conditioning, { feeds, context }: Half): UnetInputs => {
    const input = at.map((v) => v * evaluation.inputScale);
    return { ...shared, latent: input, ...conditioning, ...(context ? { context } : {}), feeds };
  };
  const step: Step = {
    evaluation,
    number,
    count: d.evaluations.length,
    settings: actingGuidance(d.guidance, d.evaluations.at(-1)!.stepIndex + 1),
    layout: d.layoutAt(evaluation.stepIndex),
    states: d.prompt.context,
    text(name) {
      const text = d.texts?.get(name);
      invariant(text, `no text ${name}`);
      return { states: text.prompt.context, words: text.words };
    },
    async guided(at, { prompt, negative, gradient: isAsked = false, text }) {
      const texts = text === undefined ? d : d.texts?.get(text);
      invariant(texts, `no text ${text}`);
      const { isGuided, isWhole, isKept, isFresh } = d.workAt?.(evaluation.stepIndex) ?? ALL;
      const earlier = isAsked && !isFresh ? kept(d.state, "gradient") : undefined;
      const gradient = isAsked && !earlier;
      const inputs = inputsOf(at, texts.prompt, prompt);
      /** What the outermost layers go around, where they are what this step runs; it may be missing after a half was left out. */
      const deepOf = (name: "prompt" | "negative") => (isWhole || gradient ? undefined : kept(d.state, name));
      const noted = <Run extends Partial<UnetOutputs>>(run: Run, name: "prompt" | "negative") => {
        if (isKept && run.deep) keep(d.state, name, run.deep);
        if (isKept && run.maps) keep(d.state, "maps", run.maps);
        return run;
      };
      const promptHalf = async (): Promise<UnetOutputs & Partial<GuidedOutputs>> => {
        const deep = deepOf("prompt");
        if (!deep) return noted(await (gradient ? d.unet.runGuided(inputs) : d.unet.run(inputs)), "prompt");
        const prediction = await d.unet.runOutermost({ ...inputs, deep });
        return { prediction, maps: kept(d.state, "maps")!, loss: 0, told: {} };
      };
      const negativeHalf = async (half: UnetInputs) => {
        const deep = deepOf("negative");
        if (deep) return d.unet.runOutermost({ ...half, deep });
        const { prediction, deep: fresh } = await d.unet.run(half);
        return noted({ prediction, ...(fresh ? { deep: fresh } : {}) }, "negative").prediction;
      };
      let conditional: UnetOutputs & Partial<GuidedOutputs>;
      let plain: Float32Array | undefined;
      // A network that reads the scale was distilled to do both halves' work in one.
      if (d.guidanceScale === 1 || guidanceWidth || !isGuided) conditional = await promptHalf();
      else {
        const half = inputsOf(at, texts.negative, negative);
        if (deepOf("prompt") || deepOf("negative"))
          [conditional, plain] = [await promptHalf(), await negativeHalf(half)];
        else {
          const halves = { prompt: inputs, negative: half };
          const both = await (d.seat?.both(d.unet, halves, gradient) ?? d.unet.both(halves, gradient));
          d.onRows?.(both.rows);
          conditional = noted(both.prompt, "prompt");
          plain = noted(both.negative, "negative").prediction;
        }
      }
      let output = conditional.prediction;
      if (plain) {
        const mixed = weightedSum([d.guidanceScale, output], [1 - d.guidanceScale, plain]);
        output = rescaleGuided(mixed, output, d.guidanceRescale ?? 0);
      }
      const { maps, loss, told, gradient: computed } = conditional;
      if (computed && d.keepsGradient) keep(d.state, "gradient", computed);
      const slope = computed ?? earlier;
      const epsilon = toEpsilon(output, at, evaluation, d.prediction);
      return { epsilon, maps, loss, outputs: told, ...(slope ? { gradient: slope } : {}) };
    },
    async look(at, prompt) {
      const { loss, told } = await d.unet.look(inputsOf(at, d.prompt, prompt));
      return { loss, outputs: told };
    },
    async slope(at, prompt) {
      const { loss, told, gradient } = await d.unet.slope(inputsOf(at, d.prompt, prompt));
      return { loss, outputs: told, gradient };
    },
  };
  return d.method.predict(step, latent, d.state);
}
