/** What recent projects look like. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Draft } from "../../src-main/api/store.ts";
import type { RegionShape } from "../../src-main/scene/shapes.ts";
import { glanceOf, readGlance } from "../../src-main/store/glance.ts";
import { Library } from "../../src-main/store/library.ts";

const folder = mkdtempSync(join(tmpdir(), "diorama-glance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const regions = Array.from({ length: 40 }, (_, i) => ({
  id: `box-${i}`,
  box: { x: i / 80, y: 1 / 3, width: 0.5, height: 0.25 },
  spans: [],
  strength: 1,
}));
const draft = (editor: Draft["editor"]): Draft => ({
  scene: { prompt: "", negativePrompt: "", regions, settings: { ...DEFAULT_SETTINGS, width: 640 } },
  seeds: "1",
  model: null,
  editor,
});

test("a glance has the picture's shape and some of its boxes in their colours, and is small", () => {
  const glance = glanceOf(draft({ looks: { "box-0": { color: 5 }, "box-1": { color: 99 } } }));
  expect(glance).toMatchObject({ width: 640, height: 512 });
  expect(glance.boxes.map(({ color }) => color).slice(0, 3)).toEqual([5, 1, 2]);
  expect(glance.boxes).toHaveLength(16);
  expect(JSON.stringify(glance).length).toBeLessThan(1500);
  expect(readGlance(JSON.stringify(glance))).toEqual(glance);
});

test("whatever a window or the library says, there is a glance or none", () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (looks, text) => {
      expect(readGlance(JSON.stringify(glanceOf(draft({ looks }))))).not.toBeNull();
      readGlance(text);
    }),
  );
  expect(readGlance('{"width":1e9,"height":1,"boxes":[]}')).toBeNull();
});

test("the library keeps what a project looks like when it was left, of those that are among the recent ones", () => {
  const library = new Library(join(folder, "library.db"), { onNote: () => undefined });
  library.rememberProject({ path: "/a.diorama", title: "a" });
  expect(library.recentProjects()[0]!.glance).toBeNull();
  const glance = glanceOf(draft({}));
  library.redrawProject("/a.diorama", glance);
  library.redrawProject("/elsewhere.diorama", glance);
  library.rememberProject({ path: "/a.diorama", title: "again" });
  expect(library.recentProjects()).toMatchObject([{ path: "/a.diorama", title: "again", glance }]);
  library.close();
});

test("what is no box has some points of its outline, and however it is shaped the glance stays small", () => {
  const shapes: RegionShape[] = [
    { kind: "ellipse" },
    { kind: "polygon", points: Array.from({ length: 200 }, (_, i) => ({ x: i / 200, y: ((i * 37) % 200) / 200 })) },
    { kind: "painted", width: 3, height: 2, cells: "1 1 1 3" },
  ];
  const shaped = regions.map((region, i) => ({ ...region, shape: shapes[i % 3]! }));
  const { scene, ...rest } = draft({});
  const glance = glanceOf({ ...rest, scene: { ...scene, regions: shaped } });
  expect(glance.boxes[2]!.outline).toEqual([0.33, 0, 0.67, 0, 0.67, 0.5, 1, 0.5, 1, 1, 0, 1, 0, 0.5, 0.33, 0.5]);
  expect(glance.boxes.every(({ outline }) => outline!.length >= 6 && outline!.length <= 32)).toBe(true);
  expect(JSON.stringify(glance).length).toBeLessThan(5_000);
  expect(readGlance(JSON.stringify(glance))).toEqual(glance);
  expect(readGlance(JSON.stringify({ ...glance, boxes: [{ ...glance.boxes[0], outline: [1] }] }))).toBeNull();
});
