/** Pictures that go on from a state: the same bits as without a stop, with every sampler, method and step; and what is refused. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { decodeState, encodeState, glanceAtState, STATE_VERSION } from "../../src-main/engine/pictureState.ts";
import type { Picture, PictureOptions } from "../../src-main/engine/queue.ts";
import type { Pipeline } from "../../src-main/engine/service.ts";
import { METHODS, type Method, type Scene, type SceneSettings } from "../../src-main/scene/scene.ts";
import { SCHEDULERS, type SchedulerName } from "../../src-main/scene/schedulers.ts";
import "../support/keptSessions.ts";

const load = { provider: "cpu", memory: "fast", threads: 1 } as const;
let tiny: Pipeline;
vi.setConfig({ testTimeout: 120_000 });
beforeAll(async () => (tiny = await openPipeline({ path: "test/goldens/tiny-sd", ...load }, () => undefined)));
afterAll(() => tiny.close());

const STEPS = 5;

function scene(settings: { scheduler?: SchedulerName; method?: Method; steps?: number } = {}): Scene {
  const { scheduler = "lms", method = "ilgd", steps = STEPS } = settings;
  const some = { start: 0, end: 3 };
  return {
    prompt: "a red circle and a blue star",
    negativePrompt: "",
    regions: [
      { id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 },
      { id: "b", box: { x: 0.5, y: 0.5, width: 0.5, height: 0.5 }, spans: [{ start: 19, end: 28 }], strength: 1 },
    ],
    settings: {
      ...tiny.summary.defaults,
      ...{ width: 64, height: 64, steps, scheduler, guidanceScale: 5 },
      guidance: { method, nu: 1, eta: 1, injectionSteps: some, lossSteps: { start: 0, end: Math.min(4, steps) } },
    },
  };
}

function draw(of: Scene, options: Partial<PictureOptions> = {}, seed = "7"): Promise<Picture> {
  const signal = new AbortController().signal;
  return tiny.generate(of, seed, { previewEvery: 0, attention: false, signal, onStep: () => undefined, ...options });
}

/** A picture with the state after each of its steps. */
async function drawn(of: Scene, seed = "7") {
  const states: Uint8Array<ArrayBuffer>[] = [];
  const picture = await draw(of, { onStep: ({ state }) => void states.push(state()) }, seed);
  return { picture, states };
}

/** What must be the same, whatever the way. */
const outcome = ({ pixels, obedience, record, attention }: Picture) => ({ pixels, obedience, record, attention });

async function expectSameFromEveryStep(of: Scene) {
  const { picture, states } = await drawn(of);
  expect(states).toHaveLength(of.settings.steps);
  for (const [i, from] of states.slice(0, -1).entries()) {
    const steps: number[] = [];
    const rest = await draw(of, { from, onStep: ({ step }) => void steps.push(step) });
    expect(outcome(rest), `after step ${i + 1}`).toEqual(outcome(picture));
    expect(steps).toEqual(Array.from({ length: of.settings.steps - i - 1 }, (_, k) => i + 2 + k));
  }
}

describe("a picture goes on from every step to the same bits", () => {
  test.each(SCHEDULERS)("with the sampler %s", (scheduler) => expectSameFromEveryStep(scene({ scheduler })));
  test.each(METHODS)("with the method %s", (method) =>
    expectSameFromEveryStep(scene({ method, scheduler: "dpmpp-sde" })),
  );

  // What they carry from step to step is their own; with samplers of one and of several evaluations, with and without noise.
  const others = METHODS.filter((method) => !["none", "injection", "loss", "ilgd"].includes(method));
  const pairs = others.flatMap((method) =>
    (["heun", "unipc", "euler-a"] as const).map((name) => [method, name] as const),
  );
  test.each(pairs)("with the method %s and the sampler %s", (method, scheduler) =>
    expectSameFromEveryStep(scene({ method, scheduler, steps: 3 })),
  );

  test("with guidance rescale, another spacing, and boxes that act for a part of the run", () => {
    const { regions, ...rest } = scene({ scheduler: "unipc" });
    const settings: SceneSettings = { ...rest.settings, guidanceRescale: 0.7, spacing: "exponential" };
    const parts = regions.map((region) => ({ ...region, during: { start: 0.2, end: 0.6 }, words: "yellow" }));
    return expectSameFromEveryStep({ ...rest, regions: parts, settings });
  });

  test("stopped at each of its steps", async () => {
    const of = scene({ scheduler: "pndm" });
    const { picture } = await drawn(of);
    let state: Uint8Array<ArrayBuffer> | undefined;
    for (let until = 1; until < STEPS; until++) {
      const part = await draw(of, { until, ...(state ? { from: state } : {}) });
      expect(part.record.scouted).toBe(until);
      state = part.state!;
    }
    expect(outcome(await draw(of, { from: state! }))).toEqual(outcome(picture));
  });
});

describe("scouting", () => {
  test("draws to a step, shows what is foreseen there, and is finished to the same picture", async () => {
    const of = scene();
    const steps: [number, number][] = [];
    const scouted = await draw(of, { until: 3, onStep: ({ step, steps: all }) => void steps.push([step, all]) });
    expect(steps).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    const { picture } = await drawn(of);
    expect(scouted.record).toEqual({
      ...picture.record,
      obedience: scouted.record.obedience,
      course: scouted.record.course,
      scouted: 3,
    });
    const begun = Object.entries(picture.record.course!).map(([id, values]) => [id, values.slice(0, 3)]);
    expect(scouted.record.course).toEqual(Object.fromEntries(begun));
    expect(scouted.obedience).toEqual(picture.obedience.slice(0, 3));
    expect(scouted.pixels).toMatchObject({ width: 64, height: 64 });
    expect(scouted.pixels.data).not.toEqual(picture.pixels.data);
    const finished = await draw(of, { from: scouted.state! });
    expect(outcome(finished)).toEqual(outcome(picture));
    expect(finished.state).toBeUndefined();
    expect(finished.seconds).toBeGreaterThan(scouted.seconds);
  });

  test("to the last step or beyond it is drawing", async () => {
    const of = scene();
    for (const until of [STEPS, STEPS + 3]) {
      const { record, state } = await draw(of, { until });
      expect([record.scouted, state]).toEqual([undefined, undefined]);
    }
  });
});

describe("as bytes", () => {
  test("a state is told and read again as it was", async () => {
    const { states } = await drawn(scene({ scheduler: "pndm" }));
    for (const bytes of states) expect(Buffer.from(encodeState(decodeState(bytes))).equals(bytes)).toBe(true);
    expect(glanceAtState(states[2]!)).toMatchObject({ step: 3, identity: { seed: "7", device: "cpu, float32" } });
  });

  test("what a method carries comes back as it was, with its arrays", async () => {
    const [state] = (await drawn(scene())).states;
    const method = { last: [Float32Array.of(1, -0, NaN), Float32Array.of(2)], seen: [Float64Array.of(7)] };
    expect(decodeState(encodeState({ ...decodeState(state!), method })).method).toEqual(method);
  });

  test("of 512 x 512 takes 67 to 326 KB", () => {
    const latent = new Float32Array(4 * 64 * 64);
    const size = (arrays: number) =>
      encodeState({
        identity: {
          scene: "0".repeat(64),
          seed: "1",
          model: { name: "m", hash: "h", prediction: "epsilon" },
          device: "cpu",
        },
        ...{ step: 0, seconds: 0, latent, method: {}, start: {}, obedience: [] },
        sampler: { next: 0, memory: { history: Array.from({ length: arrays }, () => latent) } },
        generator: { words: new Uint32Array(624), used: 624, spare: undefined },
      }).length;
    expect(size(0)).toBeLessThan(69_000);
    expect(size(4)).toBeLessThan(333_000);
  });

  test("damage anywhere is refused, with what to do", async () => {
    const [, state] = (await drawn(scene())).states;
    for (let at = 0; at < state!.length; at += Math.ceil(state!.length / 300)) {
      const bytes = state!.slice();
      bytes[at]! ^= 1 << (at % 8);
      expect(() => decodeState(bytes), `byte ${at}`).toThrow(expect.objectContaining({ code: "state-invalid" }));
    }
    for (const bytes of [state!.slice(0, -1), state!.slice(0, 20), new Uint8Array(), Uint8Array.from([...state!, 0])]) {
      const problem = /^What was kept of this unfinished picture is damaged: .*\. Draw its seed from the start\.$/;
      expect(() => decodeState(bytes)).toThrow(problem);
    }
    await expect(draw(scene(), { from: state!.fill(0, 300, 400) })).rejects.toMatchObject({ code: "state-invalid" });
  });

  test("another version is refused as such", async () => {
    const [state] = (await drawn(scene())).states;
    const bytes = Buffer.from(state!);
    bytes.writeUInt32LE(STATE_VERSION + 1, 8);
    expect(() => decodeState(bytes)).toThrow(
      `by another version of Diorama (its state is of version ${STATE_VERSION + 1}, this one goes on from ${STATE_VERSION})`,
    );
  });

  test("another scene, seed or checkpoint is refused by name", async () => {
    const of = scene();
    const [state] = (await drawn(of)).states;
    await expect(draw({ ...of, prompt: "a red circle and a blue stone" }, { from: state! })).rejects.toMatchObject({
      code: "state-invalid",
      details: { why: "other" },
      message: /^This unfinished picture was begun from another scene/,
    });
    await expect(draw(of, { from: state! }, "8")).rejects.toThrow("was begun from another seed (7)");
    const { identity, ...rest } = decodeState(state!);
    const other = encodeState({
      ...rest,
      identity: { ...identity, model: { ...identity.model, name: "other", hash: "x" } },
    });
    await expect(draw(of, { from: other })).rejects.toThrow("was begun with the checkpoint other");
    const elsewhere = encodeState({ ...rest, identity: { ...identity, device: "webgpu, float16" } });
    await expect(draw(of, { from: elsewhere })).rejects.toThrow(
      "on another device (webgpu, float16, now cpu, float32)",
    );
  });
});
