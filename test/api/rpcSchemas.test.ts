/** The engine's requests at and just past their bounds. */
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { engineSchemas, LIMITS } from "../../src-main/api/engineMessages.ts";
import { sceneSchema } from "../../src-main/api/sceneMessages.ts";
import { describe as tell } from "../../src-main/wire/rpc.ts";
import type { Region, Scene } from "../../src-main/scene/scene.ts";

const settings = DEFAULT_SETTINGS;
const region: Region = {
  id: "a",
  box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 },
  spans: [{ start: 2, end: 5 }],
  strength: 1,
};
const scene: Scene = { prompt: "a cat on a mat", negativePrompt: "", regions: [region], settings };
const request = { jobId: "job 1", scene, seeds: ["0"], previewEvery: 0, attention: false };

const complaint = (schema: v.GenericSchema, value: unknown): string | undefined => {
  const result = v.safeParse(schema, value);
  return result.success ? undefined : tell(result.issues[0]);
};

test("a request as the editor sends it is accepted unchanged", () => {
  expect(v.parse(engineSchemas.generate, request)).toEqual(request);
  expect(v.parse(engineSchemas.load, { path: "/models/sd", provider: "cpu", memory: "auto" })).toEqual({
    path: "/models/sd",
    provider: "cpu",
    memory: "auto",
  });
});

describe("a scene is refused, with the field's path, when", () => {
  const withSettings = (change: object): unknown => ({ ...scene, settings: { ...settings, ...change } });
  const withGuidance = (change: object): unknown => withSettings({ guidance: { ...settings.guidance, ...change } });
  const withRegion = (change: object): unknown => ({ ...scene, regions: [{ ...region, ...change }] });
  const withBox = (change: object): unknown => withRegion({ box: { ...region.box, ...change } });
  test.each<[string, unknown, string]>([
    ["the width is no multiple of 8", withSettings({ width: 513 }), "settings.width: expected a multiple of 8"],
    ["the height is 0", withSettings({ height: 0 }), "settings.height: expected at least 64"],
    ["the picture is huge", withSettings({ width: 2056 }), "settings.width: expected at most 2048"],
    ["steps are broken", withSettings({ steps: 2.5 }), "settings.steps: expected a whole number"],
    ["the scale is NaN", withSettings({ guidanceScale: NaN }), "settings.guidanceScale: "],
    ["the scale is infinite", withSettings({ guidanceScale: Infinity }), "settings.guidanceScale: "],
    ["the scheduler is unknown", withSettings({ scheduler: "warp" }), "settings.scheduler: "],
    ["nu is below 0", withGuidance({ nu: -0.1 }), "settings.guidance.nu: expected at least 0"],
    [
      "steps run backwards",
      withGuidance({ lossSteps: { start: 9, end: 8 } }),
      "settings.guidance.lossSteps: expected start <= end",
    ],
    [
      "steps end after the run",
      withGuidance({ lossSteps: { start: 1, end: 51 } }),
      "settings.guidance.lossSteps: [1, 51] reaches beyond the last of 50 steps",
    ],
    ["karras and another spacing", withSettings({ karras: true, spacing: "simple" }), "settings.spacing: "],
    ["a name has two lines", withRegion({ id: "a\nb" }), "regions[0].id: expected a name"],
    ["a box is outside", withBox({ x: 0.8 }), "regions[0].box: expected a box inside the picture"],
    ["a box is flat", withBox({ height: 0 }), "regions[0].box: expected a width and a height above 0"],
    ["a coordinate is a text", withBox({ x: "0" }), "regions[0].box.x: "],
    ["a span is empty", withRegion({ spans: [{ start: 3, end: 3 }] }), "regions[0].spans[0]: expected start < end"],
    [
      "a span leaves the prompt",
      withRegion({ spans: [{ start: 3, end: 15 }] }),
      "regions: expected every phrase to lie inside",
    ],
    ["a box has no phrase", withRegion({ spans: [] }), "regions[0]: expected at least one phrase"],
    ["strength is above 3", withRegion({ strength: 3.01 }), "regions[0].strength: expected at most 3"],
    ["two boxes have one id", { ...scene, regions: [region, region] }, "regions: expected every id once"],
    ["there are too many boxes", { ...scene, regions: Array(65).fill(region) }, "regions: expected at most 64 boxes"],
    [
      "the prompt is endless",
      { ...scene, prompt: "x".repeat(LIMITS.text + 1) },
      "prompt: expected at most 20000 characters",
    ],
    ["it has a field too many", { ...scene, script: "rm" }, "script: "],
  ])("%s", (_what, value, expected) => expect(complaint(sceneSchema, value)).toContain(expected));
});

describe("seeds", () => {
  const withSeeds = (seeds: unknown[]) => complaint(engineSchemas.generate, { ...request, seeds });
  test("run from 0 to 2^64 - 1 as decimal text", () => {
    expect(withSeeds(["0", "18446744073709551615"])).toBeUndefined();
    expect(withSeeds(["18446744073709551616"])).toContain(
      "seeds[0]: expected a decimal number from 0 to 18446744073709551615",
    );
    for (const bad of ["-1", "1.5", "0x10", "007", "", " 1", 7]) expect(withSeeds([bad])).toContain("seeds[0]: ");
  });
  test("number from 1 to 10,000", () => {
    expect(withSeeds([])).toContain("expected at least one seed");
    expect(withSeeds(Array(10_000).fill("1"))).toBeUndefined();
    expect(withSeeds(Array(10_001).fill("1"))).toContain("expected at most 10000 seeds");
  });
});

test("boxes that fill the picture survive rounding", () => {
  const box = { x: 0.1, y: 0.7, width: 0.9, height: 0.3 }; // 0.7 + 0.3 and 0.1 + 0.9 in binary
  expect(complaint(sceneSchema, { ...scene, regions: [{ ...region, box }] })).toBeUndefined();
});

test("a checkpoint path is a text of reasonable length", () => {
  const load = { path: "", provider: "cpu", memory: "fast" };
  expect(complaint(engineSchemas.load, load)).toContain("path: ");
  expect(complaint(engineSchemas.load, { ...load, path: "x".repeat(4097) })).toContain("path: ");
  expect(complaint(engineSchemas.load, { ...load, path: "m", deviceId: -1 })).toContain("deviceId: ");
  expect(complaint(engineSchemas.load, { ...load, path: "m", provider: "tpu" })).toContain("provider: ");
});
