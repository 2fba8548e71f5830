/** What rows and columns of a grid may be in the window, how their values are written and read, and where keys go between cells. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { type Axis, cellsOf, type Layout } from "../../src-main/scene/grid.ts";
import { METHODS } from "../../src-main/scene/methods.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { rowOf, SETTING_NAMES } from "../../src-main/scene/settings.ts";
import { cellSize, placeAfter } from "../../src-renderer/state/gridPlaces.ts";
import {
  axisItems,
  formOfAxis,
  NOTHING,
  readAxisForm,
  readGridForm,
  ticksOf,
  usualForm,
} from "../../src-renderer/state/gridSetup.ts";
import { spreadPlaces } from "../../src-renderer/state/gridTexts.ts";

const cat = { id: "cat", box: { x: 0.1, y: 0.2, width: 0.4, height: 0.4 }, spans: [{ start: 2, end: 5 }], strength: 1 };
const scene: Scene = {
  prompt: "a cat",
  negativePrompt: "",
  regions: [cat],
  settings: { ...DEFAULT_SETTINGS, loras: [{ name: "ink", strength: 1, on: true }] },
};
const layouts: Layout[] = ["left", "right"].map((name) => ({ name, prompt: scene.prompt, regions: [cat] }));
const keys = (of: Scene) => axisItems(of).map(({ value }) => value);

describe("what can vary", () => {
  test("are seeds, layouts, each box and LoRA, and the settings that have a field and act", () => {
    expect(keys(scene)).toEqual(
      expect.arrayContaining([
        "nothing",
        "seeds",
        "layouts",
        "places:cat",
        "strength:cat",
        "lora:ink",
        "setting:steps",
        "setting:scheduler",
        "setting:eta",
      ]),
    );
    expect(keys(scene)).not.toContain("setting:moveStrength");
    expect(keys(scene)).not.toContain("prompts");
    expect(keys({ ...scene, prompt: "a {red|blue} cat", regions: [] })).toContain("prompts");
  });

  test("with every method, its own settings", () => {
    for (const method of METHODS) {
      const own = { ...scene, settings: { ...scene.settings, guidance: { ...scene.settings.guidance, method } } };
      const offered = keys(own);
      for (const name of SETTING_NAMES)
        if (offered.includes(`setting:${name}`)) expect(rowOf(name).label).toBeDefined();
    }
    const moving = { ...scene.settings, guidance: { ...scene.settings.guidance, method: "boxdiff" as const } };
    expect(keys({ ...scene, settings: moving })).toContain("setting:moveStrength");
  });

  test("each begins with values that are a grid", () => {
    for (const key of keys(scene)) {
      const form = usualForm(key, scene, { seeds: "1-4", layouts });
      const read = readAxisForm(form, layouts);
      expect(read, key).toHaveProperty("axis");
      if ("axis" in read && read.axis)
        expect(cellsOf({ rows: read.axis, columns: null, seed: "1" }, scene).cells.length, key).toBeGreaterThan(1);
    }
  });
});

describe("values", () => {
  const axes: Axis[] = [
    { kind: "seeds", seeds: ["1", "2", "3", "99"] },
    { kind: "prompts" },
    { kind: "layouts", layouts },
    { kind: "places", box: "cat", places: [cat.box, { x: 0.5, y: 0.25, width: 0.5, height: 0.75 }] },
    { kind: "strength", box: "cat", values: [0, 1.5] },
    { kind: "lora", lora: "ink", strengths: [-1, 0.25] },
    { kind: "setting", name: "steps", values: [10, 20] },
    { kind: "setting", name: "method", values: ["none", "rnb"] },
    { kind: "setting", name: "spacing", values: [null, "karras"] },
    { kind: "setting", name: "promptWeights", values: [true, false] },
    {
      kind: "setting",
      name: "lossSteps",
      values: [
        { start: 1, end: 11 },
        { start: 0, end: 0 },
      ],
    },
  ];
  test.each(axes)("of $kind $name are written so that they are read back", (axis) => {
    expect(readAxisForm(formOfAxis(axis), layouts)).toEqual({ axis });
  });

  test.each([
    ["setting:steps", "10, 0", "0: expected a whole number from 1 to 1000, got 0."],
    ["setting:steps", "ten", "“ten” is not a number"],
    ["setting:method", "", "Tick at least one value."],
    ["setting:lossSteps", "11-2", "“11-2” is no range of steps such as 2–11, or off."],
    ["seeds", "x", "is not a seed"],
    ["places:cat", "10 10 50", "“10 10 50” is no place in the picture"],
    ["places:cat", "90 10 50 50", "is no place in the picture"],
    ["layouts", "", "Tick at least one layout."],
  ])("of %s that are wrong are explained: %j", (key, text, message) => {
    const read = readAxisForm({ key, text, chosen: [] }, layouts);
    expect("problem" in read && read.problem).toContain(message);
    expect(readGridForm(NOTHING, { key, text, chosen: [] }, layouts, "1")).toMatchObject({ at: "columns" });
  });

  test("that can only be chosen are ticked, what is left open among them", () => {
    expect(ticksOf("setting:spacing", [])!.map(({ label }) => label)).toEqual([
      "The checkpoint's own",
      "Karras",
      "Exponential",
      "SGM uniform",
      "Simple",
    ]);
    expect(ticksOf("setting:method", [])!.length).toBe(METHODS.length);
    expect(ticksOf("layouts", layouts)!.map(({ label }) => label)).toEqual(["left", "right"]);
    expect(ticksOf("setting:steps", [])).toBeUndefined();
  });

  test("places are spread over the picture, with the box's own size", () => {
    expect(spreadPlaces(cat.box, 3, 1).map(({ x, y }) => [x, y])).toEqual([
      [0, 0.2],
      [0.3, 0.2],
      [0.6, 0.2],
    ]);
    expect(spreadPlaces(cat.box, 3, 3)).toHaveLength(9);
  });
});

describe("cells", () => {
  test("are as large as there is room for all of them, and never too small to see something in", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 3_000 }),
        fc.integer({ min: 200, max: 2_000 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (width, height, rows, columns) => {
          const size = cellSize({ width, height }, { rows, columns }, true, { width: 512, height: 512 });
          expect(Math.min(size.width, size.height)).toBeGreaterThanOrEqual(119);
          const fits = size.width * columns <= width && size.height * rows <= height;
          expect(fits || size.width <= 121).toBe(true);
        },
      ),
    );
  });

  test("are gone through by arrows, to the ends of a row, and to the first and last of all", () => {
    const counts = { rows: 3, columns: 4 };
    const at = { row: 1, column: 1 };
    expect(placeAfter("ArrowRight", at, counts)).toEqual({ row: 1, column: 2 });
    expect(placeAfter("ArrowUp", { row: 0, column: 1 }, counts)).toEqual({ row: 0, column: 1 });
    expect(placeAfter("End", at, counts)).toEqual({ row: 1, column: 3 });
    expect(placeAfter("Home", at, counts, true)).toEqual({ row: 0, column: 0 });
    expect(placeAfter("End", at, counts, true)).toEqual({ row: 2, column: 3 });
    expect(placeAfter("Enter", at, counts)).toBeUndefined();
  });
});
