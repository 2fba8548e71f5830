/** A run of a method on tiny-sd from the numbers that a golden file begins with, and what it went through. */
import type { GuidanceSettings, Region, UnitBox } from "../../src-main/scene/scene.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { denoise, type Denoiser } from "../../src-main/engine/denoise.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import type { OpenUnet } from "../../src-main/engine/sessions/openUnet.ts";
import type { BoundRegion } from "../../src-main/guidance/layout.ts";
import type { LayoutMethod, MethodState } from "../../src-main/guidance/method.ts";
import type { SchedulerName } from "../../src-main/scene/schedulers.ts";
import type { SchedulerParameters } from "../../src-main/sampling/schedule.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { actingGuidance } from "../../src-main/scene/methodSettings.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { readTensors } from "./tensors.ts";

const TOKENS = 77;
const CELLS = 64;

export interface MethodRun {
  method: LayoutMethod;
  settings: Partial<GuidanceSettings>;
  scheduler: SchedulerName;
  steps: number;
  regions: readonly BoundRegion[];
  parameters?: Partial<SchedulerParameters>;
  /** Every step begins where the reference's does, as far as that is recorded: small differences do not grow. */
  isTaught?: boolean;
}

export interface MethodTrace {
  /** Latents handed to the sampler, and what it made of them, by evaluation. */
  moved: Float32Array[];
  latents: Float32Array[];
  epsilons: ArrayLike<number>[];
  /** Of every move: the gradient, and the evaluation that it was made before. */
  slopes: { evaluation: number; gradient: Float32Array; loss: number; told: Readonly<Record<string, Float32Array>> }[];
  looks: { evaluation: number; told: Readonly<Record<string, Float32Array>> }[];
  sigmas: number[];
  timesteps: number[];
}

export function golden(name: string) {
  const { tensors, metadata } = readTensors(`test/goldens/methods/${name}.safetensors`);
  return {
    metadata,
    at: (key: string) => tensors.get(key)!.data,
    has: (key: string) => tensors.has(key),
    spec: JSON.parse(metadata["spec"]!) as Record<string, never>,
  };
}

/** A region of boxes given by their corners. Several boxes of the same words are several regions. */
export function bound(id: string, tokens: readonly number[], corners: readonly number[]): BoundRegion {
  const [x, y, right, bottom] = corners as [number, number, number, number];
  const box: UnitBox = { x, y, width: right - x, height: bottom - y };
  const region: Region = { id, box, spans: [{ start: 0, end: 1 }], strength: 1 };
  return { region, tokens };
}

/** Boxes in pixels of a picture of 512 x 512, each with its one token, as the authors' code of BoxDiff and CSG has them. */
export function boundPixels(boxes: readonly (readonly number[])[], indices: readonly number[]): BoundRegion[] {
  return boxes.map((box, k) => bound(String(k), [indices[k]!], box.map((pixel) => pixel / 512))); // prettier-ignore
}

export async function runMethod(
  { at, has }: Pick<ReturnType<typeof golden>, "at" | "has">,
  { method, settings, scheduler, steps, regions, parameters = {}, isTaught = false }: MethodRun,
): Promise<MethodTrace> {
  const checkpoint = await openCheckpoint("test/goldens/tiny-sd");
  const networks = new Networks(checkpoint, { provider: "cpu", memory: "fast", threads: 2 }, "float32", TOKENS);
  const size = { height: CELLS, width: CELLS };
  const unet = await networks.unet(size, TOKENS, method.program, () => undefined);
  const sampler = createSampler(scheduler, { ...checkpoint.scheduler, ...parameters }, steps, { spacing: "model" });
  const trace: MethodTrace = { moved: [], latents: [], epsilons: [], slopes: [], looks: [], sigmas: [], timesteps: [] };
  let evaluation = 0;
  const watched = {
    both: (...of: Parameters<OpenUnet["both"]>) => unet.both(...of),
    look: async (inputs: Parameters<OpenUnet["look"]>[0]) => {
      const looked = await unet.look(inputs);
      trace.looks.push({ evaluation, told: looked.told });
      return looked;
    },
    slope: async (inputs: Parameters<OpenUnet["slope"]>[0]) => {
      const { gradient, loss, told } = await unet.slope(inputs);
      trace.slopes.push({ evaluation, gradient, loss, told });
      return { gradient, loss, told };
    },
  } as unknown as OpenUnet;
  const layout = method.layout({
    ...{
      regions,
      columns: TOKENS,
      picture: size,
      latent: size,
      target: unet.target,
      layers: unet.layers,
      attention: unet.attention,
    },
  });
  const noise = at("noise");
  const guidance = { ...DEFAULT_SETTINGS.guidance, ...settings };
  const beginning = { seed: "0", settings: actingGuidance(guidance, steps), noise };
  const encodeColours = () => Promise.reject(new Error("no method of these has colours"));
  const state: MethodState = (await method.begin?.({ ...beginning, encodeColours })) ?? {};
  const denoiser: Denoiser = {
    unet: watched,
    config: checkpoint.unet.config,
    prediction: "epsilon",
    evaluations: sampler.evaluations,
    method,
    layoutAt: () => layout,
    state,
    guidance,
    guidanceScale: 7.5,
    prompt: { context: at("cond") },
    negative: { context: at("uncond") },
  };
  let latent: Float32Array = noise.map((v) => v * sampler.initNoiseSigma);
  for (; evaluation < sampler.evaluations.length; evaluation++) {
    const predicted = await denoise(denoiser, evaluation, latent);
    latent = sampler.step(evaluation, predicted.latent, predicted.epsilon, () => new Float32Array());
    trace.moved.push(predicted.latent);
    trace.latents.push(latent);
    trace.epsilons.push(predicted.epsilon);
    trace.sigmas.push(sampler.evaluations[evaluation]!.sigma);
    trace.timesteps.push(sampler.evaluations[evaluation]!.timestep);
    if (isTaught && has(`latent.${evaluation}`)) latent = at(`latent.${evaluation}`);
  }
  await networks.close();
  return trace;
}
