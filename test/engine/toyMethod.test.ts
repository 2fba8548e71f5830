/** A method is one file behind one interface: a toy is added and drawn with, and nothing else knows of it. */
import { afterAll, beforeEach, expect, test } from "vitest";
import type { Method, Scene } from "../../src-main/scene/scene.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import type { PictureOptions } from "../../src-main/engine/queue.ts";
import { addMethod } from "../../src-main/guidance/methodOf.ts";
import { relativeError } from "../support/closeness.ts";
import { states, toy } from "../guidance/toyMethod.ts";
import "../support/keptSessions.ts";

addMethod("toy", toy);
const load = { path: "test/goldens/tiny-sd", provider: "cpu", memory: "fast", threads: 1 } as const;
const pipeline = await openPipeline(load, () => undefined);
afterAll(() => pipeline.close());
beforeEach(() => states.splice(0));

function sceneOf(method: string, scheduler: Scene["settings"]["scheduler"]): Scene {
  const prompt = "a red circle";
  const { defaults } = pipeline.summary;
  return {
    prompt,
    negativePrompt: "",
    regions: [{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 }],
    settings: {
      ...defaults,
      ...{ width: 64, height: 64, steps: 3, scheduler },
      guidance: { ...defaults.guidance, method: method as Method },
    },
  };
}
const draw = (scene: Scene, options: Partial<PictureOptions> = {}) => {
  const { signal } = new AbortController();
  return pipeline.generate(scene, "5", {
    previewEvery: 0,
    attention: false,
    signal,
    onStep: () => undefined,
    ...options,
  });
};

test.each(["lms", "euler-a", "heun", "ddim", "pndm", "dpmpp-2m"] as const)("a toy draws with %s", async (scheduler) => {
  const first = await draw(sceneOf("toy", scheduler));
  const plain = await draw(sceneOf("none", scheduler));
  expect(first.pixels.data).not.toEqual(plain.pixels.data);
  expect(first.record.scene.settings.guidance.method).toBe("toy");
  const second = await draw(sceneOf("toy", scheduler));
  expect(second.pixels.data).toEqual(first.pixels.data);
  const numbers = (picture: typeof first) => Float32Array.from(picture.pixels.data);
  expect(relativeError(numbers(first), numbers(plain))).toBeGreaterThan(1e-3);

  // What it carries is plain data of this picture alone, the same for the same seed.
  const half = states.length / 2;
  const [one, two] = [states.slice(0, half), states.slice(half)];
  const seen = one.at(-1)!["seen"]!.map(([step, loss, told, number]) => ({ step, loss, told, number }));
  expect(seen.at(-1)!.step).toBe(2);
  expect(seen.every(({ loss, told }) => loss! < 0 && told === 77)).toBe(true);
  expect(new Set(seen.map(({ number }) => number)).size).toBe(seen.length);
  expect(one).toEqual(two);

  // It is part of the picture's state: a run that goes on from there draws the same.
  const { state } = await draw(sceneOf("toy", scheduler), { until: 1 });
  const resumed = await draw(sceneOf("toy", scheduler), { from: state! });
  expect(resumed.pixels.data).toEqual(first.pixels.data);
});
