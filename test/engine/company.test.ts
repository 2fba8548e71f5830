/** Pictures side by side: who waits for whom, and that each is what it is alone. */
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { EngineEvents, GenerateRequest } from "../../src-main/api/engine.ts";
import { seatsFor } from "../../src-main/engine/company.ts";
import { Estimator } from "../../src-main/engine/estimate.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { Queue } from "../../src-main/engine/queue.ts";
import type { BothInputs, BothOutputs, OpenUnet } from "../../src-main/engine/sessions/openUnet.ts";
import { BATCH } from "../../src-main/engine/sessions/pairChoice.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { relativeError } from "../support/closeness.ts";

describe("seats", () => {
  /** A network that notes which pictures ask at once, and answers with their names. */
  function network(fails = false) {
    const runs: string[] = [];
    const bothOf = (all: readonly BothInputs[], gradient: boolean) => {
      runs.push(`${all.map(String).join("+")}${gradient ? " guided" : ""}`);
      return fails ? Promise.reject(new Error("no run")) : Promise.resolve(all as unknown as BothOutputs[]);
    };
    return { unet: { bothOf } as unknown as OpenUnet, runs };
  }
  const named = (name: string) => name as unknown as BothInputs;

  test("nobody is answered before all have asked, and steps with and without gradient are a run each", async () => {
    const { unet, runs } = network();
    const [a, b, c] = seatsFor(3);
    const asked = [a!.both(unet, named("a"), false), b!.both(unet, named("b"), true)];
    expect(runs).toEqual([]);
    asked.push(c!.both(unet, named("c"), false));
    expect(await Promise.all(asked)).toEqual(["a", "b", "c"]);
    expect(runs).toEqual(["a+c", "b guided"]);
  });

  test("who leaves is not waited for, and leaves once", async () => {
    const { unet, runs } = network();
    const [a, b, c] = seatsFor(3);
    const waiting = [a!.both(unet, named("a"), false), c!.both(unet, named("c"), false)];
    b!.leave();
    b!.leave();
    expect(await Promise.all(waiting)).toEqual(["a", "c"]);
    c!.leave();
    expect(await a!.both(unet, named("a"), true)).toBe("a");
    expect(runs).toEqual(["a+c", "a guided"]);
  });

  test("a run that fails fails for all that were in it", async () => {
    const { unet } = network(true);
    const [a, b] = seatsFor(2);
    const both = await Promise.allSettled([a!.both(unet, named("a"), false), b!.both(unet, named("b"), false)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("seeds of a job, three in a run", async () => {
  const load = { path: "resources/models/demo", provider: "cpu", memory: "fast", threads: 1 } as const;
  const [one, many] = [await openPipeline(load, () => undefined), await openPipeline(load, () => undefined)];
  afterAll(() => Promise.all([one.close(), many.close()]));
  afterEach(() => vi.unstubAllEnvs());

  const scene: Scene = {
    prompt: "a red circle and a blue square",
    negativePrompt: "",
    regions: [{ id: "a", box: { x: 0, y: 0.1, width: 0.5, height: 0.6 }, spans: [{ start: 2, end: 12 }], strength: 1 }],
    settings: { ...one.summary.defaults, width: 128, height: 128, steps: 4, scheduler: "euler-a" },
  };
  type Told = { [Name in keyof EngineEvents]: [Name, EngineEvents[Name]] }[keyof EngineEvents];

  /** What a queue tells of a job; `heed` is called with each step. */
  async function drawn(
    pipeline: typeof one,
    rows: number,
    job: Partial<GenerateRequest>,
    heed?: (queue: Queue, step: EngineEvents["step"]) => void,
  ) {
    // prettier-ignore
    vi.stubEnv(BATCH, String(rows));
    const told: Told[] = [];
    const queue = new Queue((name, payload) => {
      told.push([name, payload] as Told);
      if (name === "step") heed?.(queue, payload as EngineEvents["step"]);
    });
    const drawer = {
      draw: pipeline.generate,
      atOnce: async (of: Scene) => (await pipeline.atOnce?.(of)) ?? 1,
      estimator: new Estimator(),
    };
    const request = { jobId: "j", scene, seeds: ["1"], previewEvery: 2, attention: false, ...job };
    await queue.generate(request, () => drawer);
    const of = <Name extends Told[0]>(name: Name) =>
      told.flatMap(([kind, payload]) => (kind === name ? [payload as EngineEvents[Name]] : []));
    return { images: of("image"), steps: of("step"), states: of("state") };
  }
  const SEEDS = ["11", "12", "13", "14", "15"];
  const alone = await drawn(one, 1, { seeds: SEEDS });
  const numbers = ({ pixels }: EngineEvents["image"]) => Float32Array.from(pixels.data);
  const expectAsAlone = (images: readonly EngineEvents["image"][]) => {
    for (const image of images) {
      const own = alone.images.find(({ seed }) => seed === image.seed)!;
      expect(relativeError(numbers(image), numbers(own)), image.seed).toBeLessThan(3e-3); // whole numbers from 0 to 255
      image.obedience.forEach((step, i) => expect(step["a"]).toBeCloseTo(own.obedience[i]!["a"]!, 3));
    }
  };

  test("give the pictures and what is told of each step that they give alone, also the two that are left", async () => {
    const { images, steps } = await drawn(many, 6, { seeds: SEEDS });
    expect(images.map(({ seed, index }) => [seed, index])).toEqual(SEEDS.map((seed, i) => [seed, i]));
    expect(images.map(({ record }) => record.engine.rows)).toEqual([6, 6, 6, 6, 6]);
    expectAsAlone(images);
    // The first three go side by side, with a preview each in the middle.
    expect(steps.slice(0, 6).map(({ seed, step }) => `${seed}:${step}`).sort()).toEqual(["11:1", "11:2", "12:1", "12:2", "13:1", "13:2"]); // prettier-ignore
    expect(steps.filter(({ preview }) => preview).map(({ step }) => step)).toEqual([2, 2, 2, 2, 2]);
    expect(new Set(images.map(({ pixels }) => pixels.data.join())).size).toBe(5);
  });

  test("have the same time left at the same step", async () => {
    const { steps } = await drawn(many, 6, { seeds: SEEDS.slice(0, 3) });
    for (const step of [2, 3]) {
      const left = steps.filter((one) => one.step === step).map(({ pictureSecondsLeft }) => pictureSecondsLeft);
      expect(left).toHaveLength(3);
      expect(left[0]).toBeGreaterThan(0);
      expect(new Set(left).size).toBe(1);
    }
  });

  test("cancel alone: one is kept as far as it came and goes on from there, the others are drawn", async () => {
    const { images, states } = await drawn(many, 6, { seeds: SEEDS.slice(0, 3) }, (queue, { index, step }) => {
      if (index === 1 && step === 2) queue.cancel("j", 1, true);
    });
    expect(images.map(({ seed }) => seed).sort()).toEqual(["11", "13"]);
    expectAsAlone(images);
    expect(states.map(({ seed, step }) => [seed, step])).toEqual([["12", 2]]);
    const rest = await drawn(many, 6, { seeds: ["12"], from: [states[0]!.state] });
    expect(rest.steps.map(({ step }) => step)).toEqual([3, 4]);
    expectAsAlone(rest.images);
  });

  test("all of them cancelled end the job", async () => {
    const job = drawn(many, 6, { seeds: SEEDS }, (queue) => queue.cancel("j"));
    await expect(job).rejects.toMatchObject({ code: "cancelled" });
  });
});
