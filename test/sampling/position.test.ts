/** A run of a sampler that is cut off anywhere and goes on from its position draws the same bits as one that was never stopped. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TorchGenerator } from "../../src-main/sampling/random.ts";
import { toEpsilon, type Numbers, type SamplerPosition } from "../../src-main/sampling/sampler.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { STABLE_DIFFUSION, type SchedulerParameters } from "../../src-main/sampling/schedule.ts";
import { takesSpacing, type Spacing } from "../../src-main/scene/scene.ts";
import { OTHER_SPACINGS, SCHEDULERS, type SchedulerName } from "../../src-main/scene/schedulers.ts";

const CELLS = 16;
/** In float64 histories, as of networks that predict v with zero terminal SNR. */
const ZERO_SNR: SchedulerParameters = { ...STABLE_DIFFUSION, prediction: "v_prediction", zeroSnr: true };

/** Everything that the rest of a run follows from, as a copy that nothing else holds. */
interface Cut {
  latent: Float32Array;
  position: SamplerPosition;
  generator: ReturnType<TorchGenerator["position"]>;
}

interface Run {
  name: SchedulerName;
  parameters: SchedulerParameters;
  spacing: Spacing;
  steps: number;
}

/** The positions before every evaluation, from `from` on, and the end. The network is a closed formula that no evaluation shares with another. */
function play({ name, parameters, spacing, steps }: Run, seed: string, from?: Cut): { cuts: Cut[]; end: Float32Array } {
  const sampler = createSampler(name, parameters, steps, { spacing }, from?.position);
  const generator = from ? TorchGenerator.at(from.generator)! : new TorchGenerator(seed);
  let latent = from?.latent ?? generator.normal(CELLS).map((value) => value * sampler.initNoiseSigma);
  const cuts: Cut[] = [];
  for (let i = from?.position.next ?? 0; i < sampler.evaluations.length; i++) {
    cuts.push(structuredClone({ latent, position: sampler.position(), generator: generator.position() }));
    const at = sampler.evaluations[i]!;
    const output = latent.map((value, k) => Math.tanh(value * at.inputScale + Math.sin(at.timestep + k)));
    const epsilon: Numbers = toEpsilon(output, latent, at, parameters.prediction);
    latent = sampler.step(i, latent, epsilon, () => generator.normal(CELLS));
  }
  return { cuts, end: latent };
}

const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");

describe.each(SCHEDULERS)("%s", (name) => {
  const spacings: readonly Spacing[] = takesSpacing(name) ? ["model", "karras", ...OTHER_SPACINGS] : ["model"];

  test.each([
    ["noise", STABLE_DIFFUSION],
    ["velocity with zero terminal SNR", ZERO_SNR],
  ] as const)("goes on from every evaluation to the same bits, predicting %s", (_what, parameters) => {
    for (const spacing of spacings) {
      for (const steps of [1, 2, 7]) {
        const run = { name, parameters, spacing, steps };
        const whole = play(run, "7");
        for (const [i, cut] of whole.cuts.entries()) {
          const rest = play(run, "unused: the position decides", cut);
          expect(bits(rest.end), `${spacing}, ${steps} steps, from evaluation ${i}`).toBe(bits(whole.end));
        }
      }
    }
  });

  test("cut off again and again it draws the same bits, whatever the seed and the number of steps", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.integer({ min: 1, max: 24 }), (seed, steps) => {
        const run = { name, parameters: STABLE_DIFFUSION, spacing: "model", steps } as const;
        const whole = play(run, String(seed));
        let cut = whole.cuts[0]!;
        for (let i = 1; i < whole.cuts.length; i++) cut = play(run, "0", cut).cuts[1]!;
        expect(bits(play(run, "0", cut).end)).toBe(bits(whole.end));
      }),
      { numRuns: 10 },
    );
  });

  test("carries no more than the latest four arrays", () => {
    const { cuts } = play({ name, parameters: STABLE_DIFFUSION, spacing: "model", steps: 12 }, "7");
    for (const { position } of cuts) expect(Object.values(position.memory).flat().length).toBeLessThanOrEqual(4);
  });
});

test("a position is not changed by the steps that follow", () => {
  const run = { name: "pndm", parameters: STABLE_DIFFUSION, spacing: "model", steps: 6 } as const;
  const sampler = createSampler(run.name, run.parameters, run.steps, run);
  const latent = new TorchGenerator("1").normal(CELLS);
  const epsilon = latent.map((value) => value / 2);
  sampler.step(0, latent, epsilon, () => latent);
  const kept = sampler.position();
  const copy = structuredClone(kept);
  epsilon.fill(0);
  for (const i of [1, 2, 3]) sampler.step(i, latent, epsilon, () => latent);
  expect(kept).toEqual(copy);
});

test("a generator goes on within a pair of normals, and at a position that none can be at there is none", () => {
  const generator = new TorchGenerator("11");
  generator.normal(3); // the fourth waits
  const rest = TorchGenerator.at(generator.position())!;
  expect(rest.normal(5)).toEqual(generator.normal(5));
  expect(rest.normal(700)).toEqual(generator.normal(700));
  const { words } = generator.position();
  expect(TorchGenerator.at({ words: words.slice(1), used: 0, spare: undefined })).toBeUndefined();
  for (const used of [-1, 1.5, 625]) expect(TorchGenerator.at({ words, used, spare: undefined })).toBeUndefined();
});
