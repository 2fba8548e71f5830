/** Grids: what their axes make of a scene, cell by cell, and how cells become runs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sceneSchema } from "../../src-main/api/sceneMessages.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import {
  type Axis,
  cellKey,
  cellsOf,
  type Grid,
  gridTitle,
  groupCells,
  MOST_IN_AXIS,
} from "../../src-main/scene/grid.ts";
import { layoutFilesOf, parseGrid } from "../../src-main/scene/gridFile.ts";
import { readNumbers } from "../../src-main/scene/numberList.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { isGuidance, rowOf, SETTING_NAMES } from "../../src-main/scene/settings.ts";
import { parse } from "valibot";

const cat = { id: "cat", box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, spans: [{ start: 2, end: 9 }], strength: 1 };
const scene: Scene = {
  prompt: "a red cat and a blue dog",
  negativePrompt: "",
  regions: [cat],
  settings: { ...DEFAULT_SETTINGS, loras: [{ name: "ink", strength: 0.5, on: false }] },
};
const seeds: Axis = { kind: "seeds", seeds: ["1", "7"] };
const methods: Axis = { kind: "setting", name: "method", values: ["none", "ilgd", "rnb"] };
const grid = (rows: Axis | null, columns: Axis | null): Grid => ({ rows, columns, seed: "3" });

describe("cells", () => {
  test("stand row by row, each with its scene, its seed and words in front and above", () => {
    const { rows, columns, cells } = cellsOf(grid(methods, seeds), scene);
    expect(rows).toEqual(["None", "iLGD", "R&B"]);
    expect(columns).toEqual(["Seed 1", "Seed 7"]);
    expect(cells.map(({ row, column, seed, scene: one }) => [row, column, seed, one.settings.guidance.method])).toEqual(
      [
        [0, 0, "1", "none"],
        [0, 1, "7", "none"],
        [1, 0, "1", "ilgd"],
        [1, 1, "7", "ilgd"],
        [2, 0, "1", "rnb"],
        [2, 1, "7", "rnb"],
      ],
    );
    expect(gridTitle(grid(methods, seeds), scene)).toBe("Method × Seed");
  });

  test("have the grid's own seed where none of its axes is seeds", () => {
    expect(cellsOf(grid(methods, null), scene).cells.map(({ seed }) => seed)).toEqual(["3", "3", "3"]);
  });

  test("with other steps take step ranges and strengths along, unless these are the other axis", () => {
    const steps: Axis = { kind: "setting", name: "steps", values: [10, 50] };
    const [ten] = cellsOf(grid(steps, null), scene).cells;
    expect(ten!.scene.settings.guidance.lossSteps).toEqual({ start: 1, end: 5 });
    const eta: Axis = { kind: "setting", name: "eta", values: [0.2, 1] };
    const both = cellsOf(grid(steps, eta), scene);
    expect(both.cells.map(({ scene: one }) => [one.settings.steps, one.settings.guidance.eta])).toEqual([
      [10, 0.2],
      [10, 1],
      [50, 0.2],
      [50, 1],
    ]);
    expect(both.rows).toEqual(["Steps 10", "Steps 50"]);
  });

  test("of layouts have their boxes, and then one box of these at several places", () => {
    const left = { name: "left", prompt: scene.prompt, regions: [cat] };
    const dog = { ...cat, id: "dog", spans: [{ start: 16, end: 24 }] };
    const right = { name: "right", prompt: scene.prompt, regions: [cat, dog] };
    const places = [0, 0.35, 0.7].map((x) => ({ ...cat.box, x }));
    const { rows, columns, cells } = cellsOf(
      grid({ kind: "layouts", layouts: [left, right] }, { kind: "places", box: "cat", places }),
      scene,
    );
    expect(rows).toEqual(["left", "right"]);
    expect(columns).toEqual(["red cat at 0, 20 %", "red cat at 35, 20 %", "red cat at 70, 20 %"]);
    expect(cells.map(({ scene: one }) => one.regions.map(({ id, box }) => `${id} ${box.x}`).join())).toEqual([
      "cat 0",
      "cat 0.35",
      "cat 0.7",
      "cat 0,dog 0.1",
      "cat 0.35,dog 0.1",
      "cat 0.7,dog 0.1",
    ]);
  });

  test("of LoRA strengths switch it on; those of a box at strength 0 leave the box out", () => {
    const lora: Axis = { kind: "lora", lora: "ink", strengths: [0, 1.25] };
    const strength: Axis = { kind: "strength", box: "cat", values: [0, 2] };
    const { rows, columns, cells } = cellsOf(grid(lora, strength), scene);
    expect([rows, columns]).toEqual([
      ["ink 0", "ink 1.25"],
      ["red cat 0", "red cat 2"],
    ]);
    expect(cells[3]!.scene.settings.loras).toEqual([{ name: "ink", strength: 1.25, on: true }]);
    expect(cells.map(({ scene: one }) => one.regions.length)).toEqual([0, 1, 0, 1]);
  });

  test("of the prompt's alternatives choose one each, with the scene as it is written", () => {
    const alternatives = { ...scene, prompt: "a {red|blue} cat", regions: [] };
    const { rows, cells } = cellsOf(grid({ kind: "prompts" }, seeds), alternatives);
    expect(rows).toEqual(["red", "blue"]);
    expect(cells.map(({ alternative, seed }) => `${alternative ?? ""} ${seed}`)).toEqual([
      "red 1",
      "red 7",
      "blue 1",
      "blue 7",
    ]);
    expect(groupCells(cells)).toEqual([{ scene: alternatives, pictures: cells.map(pictureOf) }]);
  });

  test("left open are the method's own, and Karras' spacing is one of the spacings", () => {
    const spacing: Axis = { kind: "setting", name: "spacing", values: [null, "karras", "simple"] };
    const { rows, cells } = cellsOf(grid(spacing, null), { ...scene, settings: { ...scene.settings, karras: true } });
    expect(rows).toEqual(["The checkpoint's own", "Karras", "Simple"]);
    expect(cells.map(({ scene: { settings } }) => [settings.karras, settings.spacing])).toEqual([
      [false, undefined],
      [true, undefined],
      [false, "simple"],
    ]);
  });
});

const pictureOf = ({ seed, alternative }: { seed: string; alternative: string | null }) => ({ seed, alternative });

describe("runs", () => {
  test("draw the pictures of one scene together, and cells that are the same picture once", () => {
    // Without guidance its strength makes no other picture.
    const plain = {
      ...scene,
      settings: { ...scene.settings, guidance: { ...scene.settings.guidance, method: "none" as const } },
    };
    const eta: Axis = { kind: "setting", name: "eta", values: [1, 2, 4] };
    const { cells } = cellsOf(grid(eta, seeds), plain);
    expect(cells).toHaveLength(6);
    expect(groupCells(cells).map(({ pictures }) => pictures.map(({ seed }) => seed))).toEqual([["1", "7"]]);
    expect(groupCells(cellsOf(grid(methods, seeds), scene).cells)).toHaveLength(3);
  });
});

describe("refused, with the place of what is wrong:", () => {
  const plainly = (of: Grid, over = scene) => {
    try {
      cellsOf(of, over);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  test.each<[string, Grid, Scene, string]>([
    ["nothing that varies", grid(null, null), scene, "rows: a grid needs rows or columns that vary something"],
    [
      "the same twice",
      grid(seeds, seeds),
      scene,
      "columns: rows and columns both vary seeds; choose something else for one of them",
    ],
    [
      "too many values",
      grid({ kind: "seeds", seeds: Array.from({ length: 31 }, (_, i) => String(i)) }, null),
      scene,
      `rows: 31 values are too many; the most are ${MOST_IN_AXIS}`,
    ],
    [
      "a value twice",
      grid(null, { kind: "setting", name: "steps", values: [5, 9, 5] }),
      scene,
      "columns[2]: Steps 5 is there twice; leave one of them out",
    ],
    [
      "settings at odds",
      grid(
        { kind: "setting", name: "steps", values: [50, 4] },
        { kind: "setting", name: "lossSteps", values: [{ start: 1, end: 9 }] },
      ),
      scene,
      "rows[1]: Steps 4, Loss steps 2–9: lossSteps [1, 9] reaches beyond the last of 4 steps",
    ],
    [
      "a box that is not there",
      grid({ kind: "strength", box: "cow", values: [1] }, null),
      scene,
      "rows[0]: there is no box cow in this scene; its boxes are red cat",
    ],
    [
      "a LoRA that is not there",
      grid({ kind: "lora", lora: "oil", strengths: [1] }, null),
      scene,
      "rows[0]: there is no LoRA “oil” in this scene's list; there is ink",
    ],
    [
      "alternatives that nobody chooses",
      grid(seeds, null),
      { ...scene, prompt: "a {red|blue} cat", regions: [] },
      "rows[0]: the prompt has alternatives in { }: make them the rows or the columns, or take them out",
    ],
    [
      "no alternatives",
      grid({ kind: "prompts" }, null),
      scene,
      "rows: the prompt has no alternatives; write some, as in {red|blue}",
    ],
  ])("%s", (_name, of, over, message) => expect(plainly(of, over)).toBe(message));
});

test("every number, choice and switch of the table of settings can vary, and each cell's scene can be drawn", () => {
  const valuesOf = (name: (typeof SETTING_NAMES)[number]): unknown[] => {
    const row = rowOf(name);
    if (row.kind === "number") return [row.min, row.max];
    if (row.kind === "choice") return [...row.of];
    if (row.kind === "seed") return ["5", "18446744073709551615"];
    return row.kind === "boolean"
      ? [true, false]
      : [
          { start: 0, end: 1 },
          { start: 0, end: 0 },
        ];
  };
  for (const name of SETTING_NAMES) {
    const axis = { kind: "setting", name, values: valuesOf(name) } as Axis;
    for (const { scene: one } of cellsOf(grid(axis, seeds), scene).cells) {
      expect(() => parse(sceneSchema, one), name).not.toThrow();
    }
    expect(isGuidance(name) || rowOf(name).part === undefined).toBe(true);
  }
});

test("whatever the axes, there is a cell for each row and column, and cells that differ are different pictures or the same scene", () => {
  const axis = fc.oneof(
    fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 4 })
      .map((n): Axis => ({ kind: "seeds", seeds: n.map(String) })),
    fc
      .uniqueArray(fc.integer({ min: 30, max: 99 }), { minLength: 1, maxLength: 4 })
      .map((values): Axis => ({ kind: "setting", name: "steps", values })),
    fc
      .uniqueArray(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 })
      .map((values): Axis => ({ kind: "setting", name: "guidanceScale", values })),
    fc
      .uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })
      .map((values): Axis => ({ kind: "strength", box: "cat", values })),
  );
  fc.assert(
    fc.property(axis, axis, (rows, columns) => {
      const same =
        rows.kind === columns.kind && (rows.kind !== "setting" || rows.name === (columns as typeof rows).name);
      fc.pre(!same);
      const { rows: down, columns: across, cells } = cellsOf(grid(rows, columns), scene);
      expect(cells).toHaveLength(down.length * across.length);
      expect(new Set(cells.map(cellKey)).size).toBe(cells.length);
      const drawn = groupCells(cells).flatMap(({ scene: one, pictures }) =>
        pictures.map((picture) => cellKey({ scene: one, ...picture })),
      );
      expect(new Set(drawn)).toEqual(new Set(cells.map(cellKey)));
    }),
  );
});

describe("grid files", () => {
  test("name what varies in rows and columns", () => {
    const text = JSON.stringify({ rows: { method: ["none", "ilgd"] }, columns: { seeds: "1-3" } });
    expect(parseGrid(text, scene)).toEqual({
      rows: { kind: "setting", name: "method", values: ["none", "ilgd"] },
      columns: { kind: "seeds", seeds: ["1", "2", "3"] },
      seed: "1",
    });
  });

  test("know boxes by their words, LoRAs by name, layouts by their boxes or the file of a scene", () => {
    const text = JSON.stringify({
      rows: { layouts: ["left.json", { name: "right", boxes: [{ phrase: "blue dog", box: [0.5, 0, 0.5, 1] }] }] },
      columns: { places: { box: "Red cat", at: [[0, 0, 0.5, 0.5]] } },
      seed: 12,
    });
    expect(layoutFilesOf(text)).toEqual(["left.json"]);
    const read = parseGrid(text, scene, new Map([["left.json", scene]]));
    expect(read.seed).toBe("12");
    expect(read.rows?.kind === "layouts" && read.rows.layouts.map(({ name }) => name)).toEqual(["left", "right"]);
    expect(read.columns).toEqual({ kind: "places", box: "cat", places: [{ x: 0, y: 0, width: 0.5, height: 0.5 }] });
    const strengths = { rows: { lora: { name: "ink", strengths: [0, 1] } }, columns: { spacing: ["karras", null] } };
    expect(parseGrid(JSON.stringify(strengths), scene).columns).toEqual({
      kind: "setting",
      name: "spacing",
      values: ["karras", null],
    });
  });

  test.each([
    ["{", "line 1, column 2: expected"],
    ["[]", 'grid: expected an object with "rows" and "columns", got a list of 0'],
    ["{}", 'rows: expected "rows" or "columns", such as { "method": ["none", "ilgd"] }'],
    [
      `{"rows":{"methods":["none"]}}`,
      'rows.methods: nothing of this name can vary; did you mean "method"?; seeds, layouts',
    ],
    [`{"rows":{"method":["none","magic"]}}`, "rows.method[1]: expected one of none, boxdiff"],
    [
      `{"rows":{"steps":[10,0]},"colums":{}}`,
      'colums: unknown field; did you mean "columns"?\nrows.steps[1]: expected a whole number from 1 to 1000, got 0',
    ],
    [`{"rows":{"eta":[null]}}`, "rows.eta[0]: expected a number from 0 to 50, got null"],
    [
      `{"rows":{"places":{"box":"red cow","at":[[0,0,2,1]]}}}`,
      'rows.places.box: expected a box of the scene by its name or its words (red cat), got "red cow"; did you mean "red cat"?\nrows.places.at[0][2]: expected width from 0 to 1',
    ],
    [`{"columns":{"layouts":[{"boxes":[{"phrase":"cow","box":[0,0,1,1]}]}]}}`, "columns.layouts[0].boxes[0].phrase: "],
    [`{"columns":{"seeds":"x"}}`, "columns.seeds: "],
    [`{"columns":{"prompts":1}}`, "columns.prompts: expected true"],
  ])("say where they are wrong: %s", (text, message) => {
    expect(() => parseGrid(text, scene)).toThrow(message);
  });
});

test("numbers are listed, counted through, stepped through or spread", () => {
  const of = (text: string) => {
    const read = readNumbers(text, 30);
    return "numbers" in read ? read.numbers : read.problem;
  };
  expect(of("10, 2.5;4 7")).toEqual([10, 2.5, 4, 7]);
  expect(of("1-4, 9")).toEqual([1, 2, 3, 4, 9]);
  expect(of("10-50 (+20)")).toEqual([10, 30, 50]);
  expect(of("0-1 [5]")).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(of("0.1 - 0.3 (+0.1)")).toEqual([0.1, 0.2, 0.3]);
  expect(of("-2, -1–1")).toEqual([-2, -1, 0, 1]);
  expect(of("3-1, 3")).toEqual([3, 2, 1]);
  expect(of("")).toMatch("write some values");
  expect(of("1, cat")).toBe("“cat” is not a number, or numbers such as 1-5 or 0-1 [5]");
  expect(of("1-1000")).toBe("“1-1000” makes more than 30 values");
  expect(of("1-2 (+0)")).toBe("“1-2 (+0)” makes more than 30 values");
});
