/** Regions that are no boxes, drawn with every method and loss on a tiny checkpoint of random weights. */
import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { LOSSES } from "../../src-main/scene/losses.ts";
import { METHODS } from "../../src-main/scene/methods.ts";
import type { GuidanceSettings, Region, Scene } from "../../src-main/scene/scene.ts";
import type { RegionShape } from "../../src-main/scene/shapes.ts";
import "../support/keptSessions.ts";

const load = { path: "test/goldens/tiny-sd", provider: "cpu", memory: "fast", threads: 1 } as const;
const pipeline = await openPipeline(load, () => undefined);
afterAll(() => pipeline.close());

const STEPS = 2;
const ALL = { start: 0, end: STEPS };
const FULL: RegionShape = { kind: "polygon", points: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }] }; // prettier-ignore
const SHAPES: Record<RegionShape["kind"], RegionShape> = {
  ellipse: { kind: "ellipse" },
  polygon: {
    kind: "polygon",
    points: [
      { x: 0, y: 0 },
      { x: 0.9, y: 0.1 },
      { x: 0.3, y: 1 },
    ],
  },
  painted: { kind: "painted", width: 4, height: 2, cells: "1 2 1 4" },
};
const CIRCLE: Region = { id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.75 }, spans: [{ start: 2, end: 12 }], strength: 1 }; // prettier-ignore
const STAR: Region = { id: "b", box: { x: 0.25, y: 0.25, width: 0.5, height: 0.75 }, spans: [{ start: 19, end: 28 }], strength: 1 }; // prettier-ignore

function sceneOf(regions: Region[], guidance: Partial<GuidanceSettings>): Scene {
  const { defaults } = pipeline.summary;
  const steps = { injectionSteps: ALL, lossSteps: ALL };
  const { method = "ilgd" } = guidance;
  const moved = { moveSteps: { start: 0, end: 1 }, moveIterations: 1, refine: false };
  const moves = ["boxdiff", "chen", "rnb", "csg"].includes(method) ? moved : {};
  return {
    prompt: "a red circle and a blue star",
    negativePrompt: "",
    regions,
    settings: {
      ...defaults,
      ...{ width: 128, height: 128, steps: STEPS, scheduler: "ddim" },
      guidance: { ...defaults.guidance, ...steps, ...moves, ...guidance },
    },
  };
}

async function draw(regions: Region[], guidance: Partial<GuidanceSettings>) {
  const picture = await pipeline.generate(sceneOf(regions, guidance), "1", {
    previewEvery: 0,
    attention: false,
    signal: new AbortController().signal,
    onStep: () => undefined,
  });
  return { hash: createHash("sha256").update(picture.pixels.data).digest("hex"), obedience: picture.record.obedience };
}

describe.each(METHODS)("with %s", (method) => {
  test("each kind of shape draws, and one that is all of its box is the box", async () => {
    const box = await draw([CIRCLE, STAR], { method });
    expect(await draw([{ ...CIRCLE, shape: FULL }, STAR], { method })).toEqual(box);
    const drawn = [box.hash];
    for (const shape of Object.values(SHAPES)) {
      const { hash, obedience } = await draw([{ ...CIRCLE, shape }, STAR], { method });
      drawn.push(hash);
      expect(obedience["a"]).not.toBe(box.obedience["a"]);
    }
    // Chen's reads the coarsest layers alone: there two of these shapes have the same cells.
    expect(new Set(drawn).size).toBe(method === "none" ? 1 : method === "chen" ? 3 : 4);
  });

  test("what lies behind is what is left of it, painted", async () => {
    const front = await draw([CIRCLE, STAR], { method, overlap: "front" });
    // Of 8 x 12 cells of the box that the picture's 16 x 16 have, without those of the star.
    const left = { kind: "painted", width: 2, height: 3, cells: "0 3 1 1 1" } as const;
    expect(await draw([{ ...CIRCLE, shape: left }, STAR], { method, overlap: "share" })).toEqual(front);
    const turned = await draw([STAR, CIRCLE], { method, overlap: "front" });
    if (method !== "none") expect(turned.hash).not.toBe(front.hash);
    // Wholly behind others it is as if it were not there.
    const hidden = { ...CIRCLE, box: { x: 0.3, y: 0.3, width: 0.25, height: 0.25 } };
    const alone = await draw([STAR], { method });
    expect((await draw([hidden, STAR], { method, overlap: "front" })).hash).toBe(alone.hash);
  });
});

test.each(LOSSES)("the loss %s takes shapes", async (loss) => {
  const drawn: string[] = [];
  for (const shape of [FULL, ...Object.values(SHAPES)]) {
    drawn.push((await draw([{ ...CIRCLE, shape }, STAR], { method: "loss", loss })).hash);
  }
  expect(new Set(drawn).size).toBe(4);
  expect(drawn[0]).toBe((await draw([CIRCLE, STAR], { method: "loss", loss })).hash);
});

test("a shape acts in the steps of its region alone, and its own words inside it alone", async () => {
  const shape = SHAPES.polygon;
  const guidance = { method: "ilgd" } as const;
  const first = { start: 0, end: 1 };
  const during = { start: 0, end: 0.5 };
  const steps = await draw([{ ...CIRCLE, shape }], { ...guidance, injectionSteps: first, lossSteps: first });
  expect((await draw([{ ...CIRCLE, shape, during }], guidance)).hash).toBe(steps.hash);
  expect((await draw([{ ...CIRCLE, during }], guidance)).hash).not.toBe(steps.hash);
  const none = { method: "none" } as const;
  const worded = { ...CIRCLE, words: "yellow square" };
  const inBox = await draw([worded], none);
  expect((await draw([{ ...worded, shape: FULL }], none)).hash).toBe(inBox.hash);
  expect((await draw([{ ...worded, shape }], none)).hash).not.toBe(inBox.hash);
  expect((await draw([worded, STAR], { ...none, overlap: "front" })).hash).not.toBe(inBox.hash);
});

test("shapes below a cell, hidden regions and shapes that compete are told of", async () => {
  const kinds = async (regions: Region[], guidance: Partial<GuidanceSettings> = {}) =>
    (await pipeline.check(sceneOf(regions, guidance))).warnings
      .filter(({ kind }) => kind.startsWith("box"))
      .map(({ kind }) => kind);
  const same = { ...STAR, box: CIRCLE.box };
  expect(await kinds([CIRCLE, same])).toEqual(["boxes-conflict"]);
  const upper: RegionShape = { kind: "polygon", points: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }] }; // prettier-ignore
  const lower: RegionShape = { kind: "polygon", points: [{ x: 1, y: 1 }, { x: 1, y: 0 }, { x: 0, y: 1 }] }; // prettier-ignore
  const halves = [{ ...CIRCLE, shape: upper }, { ...same, shape: lower }]; // prettier-ignore
  expect(await kinds(halves)).toEqual([]);
  expect(await kinds([CIRCLE, same], { overlap: "front" })).toEqual(["box-hidden"]);
  const speck = { kind: "painted", width: 100, height: 100, cells: "0 1 9999" } as const;
  expect(await kinds([{ ...CIRCLE, shape: speck }])).toEqual(["box-below-cell"]);
  // As many regions as can be with as many corners as can be: told of while one types.
  const wheel = (n: number): RegionShape => ({
    kind: "polygon",
    points: Array.from({ length: 200 }, (_, i) => ({
      x: 0.5 + (i % 2 === 0 ? 0.5 : 0.2) * Math.cos((Math.PI * i) / 100),
      y: 0.5 + (i % 2 === 0 ? 0.5 : 0.2) * Math.sin((Math.PI * i) / 100 + n),
    })),
  });
  const many = Array.from({ length: 64 }, (_, n): Region => {
    const box = { x: (n % 8) / 9, y: Math.floor(n / 8) / 9, width: 0.2, height: 0.2 };
    return { ...CIRCLE, id: String(n), box, spans: [n % 2 === 0 ? CIRCLE.spans[0]! : STAR.spans[0]!], shape: wheel(n) };
  });
  const begun = performance.now();
  expect(await kinds(many)).toContain("boxes-conflict");
  await kinds(many, { overlap: "front" });
  expect(performance.now() - begun).toBeLessThan(10_000);
});
