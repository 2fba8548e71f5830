import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { parseSceneFile } from "../../src-main/scene/parser.ts";
import { sceneFileSchema } from "../../src-main/scene/jsonSchema.ts";

const resources = join(import.meta.dirname, "../../resources");
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(resources, ...path), "utf8")) as unknown;
const validator = new Validator(sceneFileSchema(), "2020-12", false);

function parserAccepts(value: unknown): boolean {
  try {
    parseSceneFile(value, DEFAULT_SETTINGS);
    return true;
  } catch {
    return false;
  }
}

test("resources/scene.schema.json is the parser's own tables", () => {
  expect(readJson("scene.schema.json")).toEqual(sceneFileSchema());
});

describe("every example", () => {
  test.each(readdirSync(join(resources, "examples")))("%s passes the schema and the parser", (name) => {
    const value = readJson("examples", name);
    expect(validator.validate(value).errors).toEqual([]);
    expect(parseSceneFile(value, DEFAULT_SETTINGS).seeds).toBeDefined();
  });
});

const TRIANGLE = [[0, 0], [1, 0], { x: 0.5, y: 1 }]; // prettier-ignore

describe("schema and parser agree that", () => {
  const box = { phrase: "cat", box: [0.1, 0.2, 0.3, 0.4] };
  const scene = { prompt: "a cat", boxes: [box] };
  test.each<[string, unknown, boolean]>([
    ["a scene is fine", scene, true],
    ["boxes may be missing from none", { prompt: "a cat" }, false],
    ["a prompt is needed", { boxes: [] }, false],
    ["unknown fields are refused", { ...scene, cfg: 3 }, false],
    ["a width that is no multiple of 8 is refused", { ...scene, width: 500 }, false],
    ["a width of 2056 is refused", { ...scene, width: 2056 }, false],
    ["steps are whole", { ...scene, steps: 7.5 }, false],
    ["schedulers have names", { ...scene, scheduler: "euler" }, true],
    ["other names are none", { ...scene, scheduler: "eular" }, false],
    ["step ranges are pairs", { ...scene, lossSteps: [1, 2, 3] }, false],
    ["step ranges may be objects", { ...scene, lossSteps: { start: 1, end: 2 } }, true],
    ["seeds may be a list", { ...scene, seeds: [1, "2-3"] }, true],
    ["seeds may not be an object", { ...scene, seeds: {} }, false],
    ["a box needs a phrase or a span", { ...scene, boxes: [{ box: box.box }] }, false],
    ["a span will do", { ...scene, boxes: [{ box: box.box, span: [2, 5] }] }, true],
    ["a span may be a list", { ...scene, boxes: [{ box: box.box, span: [[2, 5]] }] }, true],
    ["a box needs a place", { ...scene, boxes: [{ phrase: "cat" }] }, false],
    ["a box may have names", { ...scene, boxes: [{ ...box, box: { x: 0, y: 0, width: 1, height: 1 } }] }, true],
    ["an empty box is refused", { ...scene, boxes: [{ ...box, box: [0, 0, 0, 1] }] }, false],
    ["pixels are refused", { ...scene, boxes: [{ ...box, box: [0, 0, 64, 64] }] }, false],
    ["a phrase may be a list", { ...scene, boxes: [{ ...box, phrase: ["cat"], occurrence: [1] }] }, true],
    ["an empty phrase is refused", { ...scene, boxes: [{ ...box, phrase: " " }] }, false],
    ["occurrences count from 1", { ...scene, boxes: [{ ...box, occurrence: 0 }] }, false],
    ["a box may be an ellipse", { ...scene, boxes: [{ ...box, shape: "ellipse" }] }, true],
    ["which has a kind, too", { ...scene, boxes: [{ ...box, shape: { kind: "ellipse" } }] }, true],
    ["other words are no shapes", { ...scene, boxes: [{ ...box, shape: "circle" }] }, false],
    [
      "two points are no polygon",
      { ...scene, boxes: [{ ...box, shape: { kind: "polygon", points: TRIANGLE.slice(1) } }] },
      false,
    ],
    ["three are", { ...scene, boxes: [{ ...box, shape: { kind: "polygon", points: TRIANGLE } }] }, true],
    [
      "points lie in the box",
      { ...scene, boxes: [{ ...box, shape: { kind: "polygon", points: [...TRIANGLE, [2, 0]] } }] },
      false,
    ],
    [
      "cells may be painted",
      { ...scene, boxes: [{ ...box, shape: { kind: "painted", width: 4, height: 2, cells: "1 7" } }] },
      true,
    ],
    [
      "nothing painted is refused",
      { ...scene, boxes: [{ ...box, shape: { kind: "painted", width: 4, height: 2, cells: "8" } }] },
      false,
    ],
    [
      "257 cells across are too many",
      { ...scene, boxes: [{ ...box, shape: { kind: "painted", width: 257, height: 1, cells: "1 256" } }] },
      false,
    ],
    ["strength ends at 3", { ...scene, boxes: [{ ...box, strength: 3.1 }] }, false],
  ])("%s", (_what, value, accepted) => {
    expect(validator.validate(value).valid).toBe(accepted);
    expect(parserAccepts(value)).toBe(accepted);
  });
});
