/** One table says what a scene is: what the messages accept the scene file says, and the other way round. */
import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { draftSceneSchema, sceneSchema, storedSceneSchema } from "../../src-main/api/sceneMessages.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { isRecord } from "../../src-main/scene/fields.ts";
import { sceneFileSchema } from "../../src-main/scene/jsonSchema.ts";
import { parseSceneFile, parseSceneText, serializeScene, type SceneFile } from "../../src-main/scene/parser.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { anyScene } from "../support/scenes.ts";

const RUNS = { numRuns: 500 };
const other = {
  ...DEFAULT_SETTINGS,
  width: 64,
  steps: 7,
  scheduler: "ddim",
  spacing: "simple",
  guidanceRescale: 0.5,
} as const;

/** Undefined where it is refused, as a file that is wrong is. */
function readFile(value: unknown): SceneFile | undefined {
  try {
    return parseSceneFile(value, other);
  } catch (error) {
    if (isAppError(error, "scene-invalid")) return undefined;
    throw error;
  }
}

/** How many of those tried were taken: a property of none says nothing. */
function assertOfMost(accepted: number): void {
  expect(accepted).toBeGreaterThan(RUNS.numRuns / 6);
}

describe("every scene", () => {
  test("that the messages accept the scene file reads back equal, and its schema allows", () => {
    const schema = new Validator(sceneFileSchema(), "2020-12", false);
    let accepted = 0;
    fc.assert(
      fc.property(anyScene({ often: 60 }), (value) => {
        const result = v.safeParse(sceneSchema, value);
        if (!result.success) return;
        accepted++;
        const text = JSON.stringify(serializeScene(result.output));
        expect(parseSceneText(text, other).scene).toEqual(result.output);
        expect(schema.validate(JSON.parse(text)).errors).toEqual([]);
      }),
      RUNS,
    );
    assertOfMost(accepted);
  });

  test("that the scene file accepts the messages accept, and leave as it is", () => {
    // Files as they are written, of scenes that no rule has looked at.
    const files = anyScene({ often: 400 }).map((scene) => {
      const { settings, ...rest } = scene as Parameters<typeof serializeScene>[0];
      return serializeScene({ ...rest, settings: { ...DEFAULT_SETTINGS, ...settings } });
    });
    let accepted = 0;
    fc.assert(
      fc.property(files, (file) => {
        const read = readFile(JSON.parse(JSON.stringify(file)));
        if (!read) return;
        accepted++;
        expect(v.parse(sceneSchema, read.scene)).toEqual(read.scene);
      }),
      RUNS,
    );
    assertOfMost(accepted);
  });

  test("that a draft may be is kept as it is when it is sent again", () => {
    fc.assert(
      fc.property(anyScene({ often: 60 }), (value) => {
        const result = v.safeParse(draftSceneSchema, value);
        if (result.success) expect(v.parse(draftSceneSchema, result.output)).toEqual(result.output);
      }),
      RUNS,
    );
  });

  test("that an earlier version could write is read, at the nearest that is allowed now", () => {
    const older = fc.record({
      width: fc.integer({ min: 1, max: 512 }).map((n) => 8 * n),
      height: fc.integer({ min: 1, max: 512 }).map((n) => 8 * n),
      guidanceScale: fc.double({ min: 0, max: 100, noNaN: true }),
      end: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(older, ({ width, height, guidanceScale, end }) => {
        const guidance = { ...DEFAULT_SETTINGS.guidance, lossSteps: { start: Math.min(1, end), end } };
        const settings = { ...DEFAULT_SETTINGS, width, height, guidanceScale, guidance };
        const read = v.parse(storedSceneSchema, { prompt: "a cat", negativePrompt: "", regions: [], settings });
        expect(v.parse(sceneSchema, read)).toEqual(read);
        expect(read.settings.width).toBe(Math.min(2048, Math.max(64, width)));
        expect(read.settings.guidanceScale).toBe(Math.min(50, Math.max(1, guidanceScale)));
        expect(read.settings.guidance.lossSteps).toEqual({ start: Math.min(1, end), end: Math.min(50, end) });
      }),
    );
  });

  test("is refused by file and messages alike, where it is wrong", () => {
    const region = { id: "a", box: { x: 0, y: 0, width: 1, height: 1 }, spans: [{ start: 2, end: 5 }], strength: 1 };
    const scene = { prompt: "a cat", negativePrompt: "", regions: [region], settings: DEFAULT_SETTINGS };
    const wrong: [string, (one: typeof scene) => unknown][] = [
      ["4096 wide", (one) => ({ ...one, settings: { ...one.settings, width: 4096 } })],
      ["32 x 32", (one) => ({ ...one, settings: { ...one.settings, width: 32, height: 32 } })],
      ["of scale 0", (one) => ({ ...one, settings: { ...one.settings, guidanceScale: 0 } })],
      ["of steps past the end", (one) => ({ ...one, settings: { ...one.settings, steps: 10 } })],
      ["of too many phrases", (one) => ({ ...one, regions: [{ ...region, spans: Array(65).fill(region.spans[0]) }] })],
      ["of a long id", (one) => ({ ...one, regions: [{ ...region, id: "x".repeat(201) }] })],
      ["of an id of two lines", (one) => ({ ...one, regions: [{ ...region, id: "a\nb" }] })],
      ["of a box of no width", (one) => ({ ...one, regions: [{ ...region, box: { ...region.box, x: 1 } }] })],
    ];
    const taken = wrong.filter(([, make]) => {
      const made = make(scene);
      const file: unknown = serializeScene(made as Parameters<typeof serializeScene>[0]);
      return v.safeParse(sceneSchema, made).success || (isRecord(file) && readFile(file) !== undefined);
    });
    expect(taken.map(([name]) => name)).toEqual([]);
  });
});
