/** A picture goes on from where an earlier one was the same, though its boxes are elsewhere, to the bits that it has from the start. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { commonBeginnings } from "../../src-main/engine/beginnings.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import type { Picture } from "../../src-main/engine/queue.ts";
import type { Pipeline } from "../../src-main/engine/service.ts";
import { draftSettings } from "../../src-main/scene/efforts.ts";
import {
  type GuidanceSettings,
  METHODS,
  type Region,
  type Scene,
  type SceneSettings,
} from "../../src-main/scene/scene.ts";
import type { SchedulerName } from "../../src-main/scene/schedulers.ts";
import "../support/keptSessions.ts";

const load = { path: "test/goldens/tiny-sd", provider: "cpu", memory: "fast", threads: 1 } as const;
let tiny: Pipeline;
vi.setConfig({ testTimeout: 120_000 });
beforeAll(async () => (tiny = await openPipeline(load, () => undefined)));
afterAll(() => tiny.close());

const STEPS = 3;
const later = { start: 1, end: 2 };
const LATER = {
  ...{ injectionSteps: later, lossSteps: later, moveSteps: later, attentionSteps: later },
  ...{ moveIterations: 1, refine: false, nu: 1, eta: 1 },
} satisfies Partial<GuidanceSettings>;

const CIRCLE: Region = { id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 }; // prettier-ignore
const STAR: Region = { id: "b", box: { x: 0.5, y: 0.5, width: 0.5, height: 0.5 }, spans: [{ start: 19, end: 28 }], strength: 1 }; // prettier-ignore

function scene(
  guidance: Partial<GuidanceSettings>,
  { scheduler = "euler-a", ...more }: { scheduler?: SchedulerName } & Partial<SceneSettings> = {},
  regions: Region[] = [CIRCLE, STAR],
): Scene {
  const { defaults } = tiny.summary;
  const own = { width: 64, height: 64, steps: STEPS, scheduler, guidanceScale: 5, ...more };
  const settings = { ...defaults, ...own, guidance: { ...defaults.guidance, ...LATER, ...guidance } };
  return { prompt: "a red circle and a blue star", negativePrompt: "", regions, settings };
}

const moved = (of: Scene, id: string, change: Partial<Region> = { box: { x: 0.25, y: 0.375, width: 0.5, height: 0.5 } }) => ({
  ...of,
  regions: of.regions.map((region) => (region.id === id ? { ...region, ...change } : region)),
}); // prettier-ignore

function draw(of: Scene, sharesBeginning: boolean, seed = "7"): Promise<Picture> {
  const signal = new AbortController().signal;
  const options = { previewEvery: 0, attention: false, signal, onStep: () => undefined };
  return tiny.generate(of, seed, { ...options, sharesBeginning });
}

/** Draws one after the other, as a box is dragged; each must be the picture that it is from the start. Gives the steps that each took over. */
async function shared(scenes: readonly Scene[], seed?: string): Promise<(number | undefined)[]> {
  const taken: (number | undefined)[] = [];
  for (const of of scenes) {
    const live = await draw(of, true, seed);
    const whole = await draw(of, false, seed);
    expect(live.pixels).toEqual(whole.pixels);
    expect(live.record.obedience).toEqual(whole.record.obedience);
    expect(whole.shared).toBeUndefined();
    taken.push(live.shared);
  }
  return taken;
}

describe("of a box that is dragged, each picture is the same bits as from the start", () => {
  test.each(METHODS)("with %s", async (method) => {
    const first = scene({ method });
    const expected = { none: STEPS - 1, multidiffusion: 0 }[method as string] ?? 1;
    const other = moved(moved(first, "b", { strength: 0.4 }), "a", { shape: { kind: "ellipse" }, box: STAR.box });
    expect((await draw(first, true)).shared).toBe(0);
    expect(await shared([other])).toEqual([expected]);
  });

  test.each(["lms", "dpmpp-sde", "pndm"] as const)("with the sampler %s", async (scheduler) => {
    const first = scene({ method: "ilgd" }, { scheduler });
    expect(await shared([first, moved(first, "a")])).toEqual([0, 1]);
  });

  test("in draft steps, where the whole network is not run in each", async () => {
    const own = tiny.summary.defaults;
    const first = scene({ method: "ilgd" });
    const settings = draftSettings({ ...first.settings, ...own, width: 64, height: 64 }, own);
    expect(settings.wholeEvery).toBeGreaterThan(1);
    expect(settings.guidance.injectionSteps.start).toBe(1);
    const draft = { ...first, settings };
    expect(await shared([draft, moved(draft, "a")], "8")).toEqual([0, 1]);
  });

  test("one that acts later than the others takes over more", async () => {
    const late = { ...STAR, during: { start: 0.6, end: 1 } };
    const first = scene({ method: "ilgd", lossSteps: { start: 1, end: STEPS } }, {}, [CIRCLE, late]);
    const scenes = [first, moved(first, "b"), moved(first, "a"), moved(first, "b", { strength: 2 })];
    expect(await shared(scenes)).toEqual([0, 2, 1, 2]);
    const multi = { ...first, settings: scene({ method: "multidiffusion" }).settings };
    const half = { ...multi, regions: [{ ...CIRCLE, during: { start: 0.4, end: 1 } }] };
    expect(await shared([half, moved(half, "a")])).toEqual([0, 1]);
  });

  test("where what lies in front wins, what is behind depends on it", async () => {
    const late = { ...STAR, box: { ...CIRCLE.box, x: 0.25 }, during: { start: 0.6, end: 1 } };
    const first = scene({ method: "ilgd", overlap: "front", lossSteps: { start: 1, end: STEPS } }, {}, [CIRCLE, late]);
    expect(await shared([first, moved(first, "b")])).toEqual([0, 1]);
  });
});

test("words of a box's own are read inside it from the first step: nothing is taken over", async () => {
  const first = scene({ method: "ilgd" }, {}, [{ ...CIRCLE, words: "yellow" }, STAR]);
  expect(commonBeginnings(first).map(({ step }) => step)).toEqual([1]); // if the other one is moved
  expect(await shared([first, moved(first, "a"), moved(first, "b")], "9")).toEqual([0, 0, 1]);
  const alone = { ...first, regions: [first.regions[0]!] };
  expect(commonBeginnings(alone)).toEqual([]);
});

test("another seed, prompt or setting begins anew", async () => {
  const first = scene({ method: "ilgd" }, { guidanceScale: 4 });
  const others = [
    { ...first, prompt: "a red circle and a blue stat" },
    { ...first, settings: { ...first.settings, guidanceScale: 3 } },
    { ...first, regions: [CIRCLE] },
  ];
  for (const of of [first, ...others]) expect((await draw(of, true)).shared).toBe(0);
  expect((await draw(first, true, "10")).shared).toBe(0);
  // The latest four are kept, and looking again keeps one.
  expect((await draw(moved(first, "a"), true)).shared).toBe(0);
  expect((await draw(moved(first, "b"), true)).shared).toBe(1);
});

test("methods as their authors use them: those whose boxes act from the first step take nothing over", () => {
  const taken = METHODS.map((method) => {
    const { defaults } = tiny.summary;
    const of = { ...scene({}), settings: { ...defaults, guidance: { ...defaults.guidance, method } } };
    return [method, commonBeginnings(of)[0]?.step ?? 0];
  });
  const last = tiny.summary.defaults.steps - 1;
  const others = METHODS.filter((method) => !["none", "injection", "loss", "ilgd"].includes(method));
  expect(Object.fromEntries(taken)).toEqual({
    ...{ none: last, injection: 1, loss: 1, ilgd: 1 },
    ...Object.fromEntries(others.map((method) => [method, 0])),
  });
});
