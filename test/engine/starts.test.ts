/** Pictures that go on from a picture: as diffusers draws them, with what stays untouched, and resumed to the same bits. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { decodeState } from "../../src-main/engine/pictureState.ts";
import type { Picture, PictureOptions } from "../../src-main/engine/queue.ts";
import type { Pipeline } from "../../src-main/engine/service.ts";
import { pixelHash } from "../../src-main/image/pixelHash.ts";
import { decodePng, encodePng } from "../../src-main/image/png.ts";
import type { Scene, SceneSettings, SceneStart } from "../../src-main/scene/scene.ts";
import { SCHEDULERS, type SchedulerName } from "../../src-main/scene/schedulers.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";
import "../support/keptSessions.ts";

interface Run {
  kind: "img2img" | "inpaint";
  scheduler: SchedulerName;
  strength: number;
  steps: number;
  key: string;
  /** Of what is drawn anew, in pixels. */
  mask?: [left: number, top: number, right: number, bottom: number];
}
const golden = JSON.parse(readFileSync("test/goldens/starts/starts.json", "utf8")) as { prompt: string; runs: Run[] };
const { tensors } = readTensors("test/goldens/starts/starts.safetensors");

vi.setConfig({ testTimeout: 120_000 });
let tiny: Pipeline;
beforeAll(async () => {
  tiny = await openPipeline(
    { path: "test/goldens/tiny-sd", provider: "cpu", memory: "fast", threads: 1 },
    () => undefined,
  );
});
afterAll(() => tiny.close());

const SIDE = 64;
/** The picture that the reference was given. */
const PICTURE = pictureOf(SIDE, SIDE, (x, y) => [3 * x + y, x * y, 255 - 2 * y]);

function pictureOf(width: number, height: number, colour: (x: number, y: number) => number[]): Pixels {
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      data.set(
        colour(x, y).map((value) => ((value % 256) + 256) % 256),
        4 * (y * width + x),
      );
  }
  return { width, height, data };
}

function scene(start: Partial<SceneStart> | undefined, more: Partial<SceneSettings> = {}): Scene {
  const { guidance, ...defaults } = tiny.summary.defaults;
  return {
    prompt: golden.prompt,
    negativePrompt: "",
    regions: [],
    settings: {
      ...{ ...defaults, width: SIDE, height: SIDE, guidanceScale: 5, steps: 4, scheduler: "euler" },
      guidance: { ...guidance, injectionSteps: { start: 0, end: 2 }, lossSteps: { start: 0, end: 2 } },
      ...more,
    },
    ...(start ? { start: { hash: pixelHash(PICTURE), strength: 0.6, ...start } } : {}),
  };
}

function draw(of: Scene, options: Partial<PictureOptions> = {}, seed = "7"): Promise<Picture> {
  const signal = new AbortController().signal;
  return tiny.generate(of, seed, {
    ...{ previewEvery: 0, attention: false, signal, onStep: () => undefined, start: PICTURE },
    ...options,
  });
}

/** Pixels of `from` that lie further than `margin` from a box in pixels. */
function outside([left, top, right, bottom]: readonly number[], margin: number, { width, height }: Pixels): number[] {
  return Array.from({ length: width * height }, (_, p) => p).filter((p) => {
    const [x, y] = [p % width, Math.floor(p / width)];
    const [dx, dy] = [Math.max(left! - x, x - right! + 1, 0), Math.max(top! - y, y - bottom! + 1, 0)];
    return Math.hypot(dx, dy) > margin;
  });
}
const pixelsAt = ({ data }: Pixels, places: readonly number[]) =>
  places.map((p) => [...data.subarray(4 * p, 4 * p + 4)].join());

const AREA = { box: { x: 0.375, y: 0.25, width: 0.5, height: 0.5 } };
const BOX = [24, 16, 56, 48] as const;
const regions = [
  { id: "star", box: AREA.box, spans: [{ start: 19, end: 28 }], strength: 1 },
  { id: "circle", box: { x: 0, y: 0, width: 0.3, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 },
];

test.each(golden.runs)("$kind with $scheduler in $steps steps at strength $strength is diffusers'", async (run) => {
  const { scheduler, strength, steps, key, mask } = run;
  const areas = mask && [{ box: boxOf(mask) }];
  const of = scene({ strength, ...(areas ? { redraw: { areas, feather: 0 } } : {}) }, { scheduler, steps });
  const plain = { ...of, settings: { ...of.settings, guidance: { ...of.settings.guidance, method: "none" as const } } };
  let latent: Float32Array | undefined;
  let begun: Float32Array | undefined;
  await draw(plain, {
    onStep: ({ state }) => {
      const told = decodeState(state());
      latent = told.latent;
      begun = told.start["clean"]![0] as Float32Array;
    },
  });
  expect(relativeError(begun!, tensors.get("mean")!.data)).toBeLessThan(1e-4);
  expect(relativeError(latent!, tensors.get(key)!.data)).toBeLessThan(1e-3);
});

function boxOf([left, top, right, bottom]: readonly number[]) {
  return { x: left! / SIDE, y: top! / SIDE, width: (right! - left!) / SIDE, height: (bottom! - top!) / SIDE };
}

describe("redrawing", () => {
  test.each([
    ["from noise", 1, 6],
    ["from the picture", 0.7, 0],
  ])("%s keeps every pixel outside the feathered mask, in the PNG too", async (_what, strength, feather) => {
    const of = { ...scene({ strength, redraw: { areas: [AREA], feather } }), regions };
    const { pixels } = await draw(of);
    const there = decodePng(encodePng(pixels)).pixels;
    const kept = outside(BOX, feather, PICTURE);
    expect(kept.length).toBeGreaterThan(1000);
    expect(pixelsAt(there, kept)).toEqual(pixelsAt(PICTURE, kept));
    const inside = Array.from({ length: SIDE * SIDE }, (_, p) => p).filter(
      (p) => !outside(BOX, 0, PICTURE).includes(p),
    );
    expect(pixelsAt(there, inside)).not.toEqual(pixelsAt(PICTURE, inside));
    // Of what is drawn anew hardly a pixel stays by chance.
    const same = inside.filter((p) => pixelsAt(there, [p])[0] === pixelsAt(PICTURE, [p])[0]);
    expect(same.length).toBeLessThan(inside.length / 10);
  });

  test("an ellipse keeps the corners of its box, several areas are drawn at once", async () => {
    const small = { box: { x: 0, y: 0, width: 0.125, height: 0.125 } };
    const areas = [{ ...AREA, shape: { kind: "ellipse" as const } }, small];
    const { pixels } = await draw(scene({ strength: 1, redraw: { areas, feather: 0 } }));
    const corners = [24 + 64 * 16, 55 + 64 * 16, 24 + 64 * 47];
    expect(pixelsAt(pixels, corners)).toEqual(pixelsAt(PICTURE, corners));
    const middles = [40 + 64 * 32, 3 + 64 * 3];
    middles.forEach((p) => expect(pixelsAt(pixels, [p])).not.toEqual(pixelsAt(PICTURE, [p])));
  });

  test("what is foreseen by a scout has the pixels that stay, and boxes are measured", async () => {
    const of = { ...scene({ strength: 1, redraw: { areas: [AREA], feather: 4 } }), regions };
    const scouted = await draw(of, { until: 2 });
    expect(scouted.record.scouted).toBe(2);
    const kept = outside(BOX, 4, PICTURE);
    expect(pixelsAt(scouted.pixels, kept)).toEqual(pixelsAt(PICTURE, kept));
    expect(Object.keys(scouted.record.obedience)).toEqual(["star", "circle"]);
  });
});

describe("a picture that goes on from another one", () => {
  test("counts the steps that are drawn, and tells what it came from by its hash alone", async () => {
    const steps: [number, number][] = [];
    const of = scene({ strength: 0.6, path: "/home/me/cat.png" }, { steps: 10 });
    const { record } = await draw(of, { onStep: (step) => void steps.push([step.step, step.steps]) });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, 6]));
    expect(record.scene.start).toEqual({ hash: pixelHash(PICTURE), strength: 0.6 });
    expect(record.start).toEqual({ width: SIDE, height: SIDE });
  });

  test("stays nearer to it the less of it is drawn again", async () => {
    const error = async (strength: number) => {
      const { pixels } = await draw(scene({ strength }, { steps: 10 }));
      return relativeError(pixels.data, PICTURE.data);
    };
    const [little, much] = [await error(0.1), await error(1)];
    expect(little).toBeLessThan(much);
  });

  test.each(["picture", "latent"] as const)(
    "of another size is brought to the scene's as a %s, once for all seeds",
    async (by) => {
      const small = pictureOf(32, 32, (x, y) => [8 * x, 8 * y, 100]);
      const of = scene({ strength: 0.3, hash: pixelHash(small), by });
      const first = await draw(of, { start: small });
      expect([first.pixels.width, first.pixels.height]).toEqual([SIDE, SIDE]);
      expect(first.record.start).toEqual({ width: 32, height: 32 });
      expect((await draw(of, { start: small })).pixels).toEqual(first.pixels);
      expect(
        (
          await draw(scene({ strength: 0.3, hash: pixelHash(small), ...(by === "latent" ? {} : { by: "latent" }) }), {
            start: small,
          })
        ).pixels,
      ).not.toEqual(first.pixels);
    },
  );

  test("is refused by name where that is missing, or another one", async () => {
    await expect(draw(scene({ path: "cat.png" }), { start: undefined as never })).rejects.toMatchObject({
      code: "not-found",
      message: "The picture that this scene goes on from is not here (cat.png). Choose it again, or begin from noise.",
    });
    const other = pictureOf(SIDE, SIDE, () => [1, 2, 3]);
    await expect(draw(scene({}), { start: other })).rejects.toThrow("is another one than it was");
  });

  test.each(SCHEDULERS)("goes on from every step to the same bits, with the sampler %s", async (scheduler) => {
    const of = { ...scene({ strength: 0.8, redraw: { areas: [AREA], feather: 3 } }, { scheduler, steps: 5 }), regions };
    const states: Uint8Array<ArrayBuffer>[] = [];
    const whole = await draw(of, { onStep: ({ state }) => void states.push(state()) });
    expect(states).toHaveLength(4);
    for (const from of states.slice(0, -1)) {
      const rest = await draw(of, { from });
      expect(rest.pixels).toEqual(whole.pixels);
      expect(rest.record).toEqual(whole.record);
    }
    const once = { ...of, start: { ...of.start!, strength: 0.7 } };
    await expect(draw(once, { from: states[0]! })).rejects.toMatchObject({ code: "state-invalid" });
  });
});

describe("variations of a seed", () => {
  test("at 0 are its picture, at little near to it, and go on from every step to the same bits", async () => {
    const of = (variationStrength: number) =>
      scene(undefined, { variationOf: "7", variationStrength, scheduler: "euler-a" });
    const own = await draw(scene(undefined, { scheduler: "euler-a" }), {}, "7");
    expect((await draw(of(0), {}, "8")).pixels).toEqual(own.pixels);
    const states: Uint8Array<ArrayBuffer>[] = [];
    const near = await draw(of(0.1), { onStep: ({ state }) => void states.push(state()) }, "8");
    expect(near.pixels).not.toEqual(own.pixels);
    expect(near.record).toMatchObject({ seed: "8", scene: { settings: { variationOf: "7", variationStrength: 0.1 } } });
    const far = await draw(of(0.6), {}, "8");
    expect(relativeError(near.pixels.data, own.pixels.data)).toBeLessThan(
      relativeError(far.pixels.data, own.pixels.data),
    );
    for (const from of states.slice(0, -1)) expect((await draw(of(0.1), { from }, "8")).pixels).toEqual(near.pixels);
  });
});
