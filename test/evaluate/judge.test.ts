/** The judge on pictures whose content is known. tools/evaluate/measureJudge.ts measures it on many more. */
import { expect, test } from "vitest";
import { plain } from "../support/pixels.ts";
import { drawScene } from "../../tools/evaluate/drawScene.ts";
import { judge } from "../../tools/evaluate/judge.ts";
import { examine } from "../../tools/evaluate/truth.ts";

/** Far more than it takes: the machine may be busy. */
const PATIENCE = 600_000;

const examinations = [
  { name: "256 pixels, things from an eighth of a side", side: 256, scenes: 24, seed: 1, sizes: [0.12, 0.7] },
  { name: "64 pixels, things from a fifth of a side", side: 64, scenes: 40, seed: 2, sizes: [0.22, 0.7] },
] as const;

test.each(examinations)("finds what was drawn: $name", { timeout: PATIENCE }, (examination) => {
  const { recall, precision, iou, backgrounds, mistakes } = examine(examination);
  expect(mistakes).toEqual([]);
  expect(Math.min(recall, precision, iou)).toBeGreaterThan(0.98);
  expect(backgrounds).toBe(1);
});

test("bears blur, noise and a tint", { timeout: PATIENCE }, () => {
  const wear = { blur: 1.2, noise: 4, tint: 5 };
  const result = examine({ side: 256, scenes: 8, seed: 3, sizes: [0.2, 0.7], wear });
  expect(Math.min(result.recall, result.precision)).toBeGreaterThan(0.97);
  expect(result.iou).toBeGreaterThan(0.96);
});

test("finds a thing that another lies across", () => {
  const box = { x: 0.2, y: 0.2, width: 0.5, height: 0.5 };
  const bar = { x: 0.1, y: 0.4, width: 0.8, height: 0.08 };
  const drawn = drawScene(
    {
      background: "white",
      things: [
        { colour: "blue", icon: "circle", box },
        { colour: "red", icon: "square", box: bar },
      ],
    },
    128,
    128,
  );
  const { detections } = judge(drawn);
  expect(detections.map(({ colour, icon }) => `${colour} ${icon}`).sort()).toEqual(["blue circle", "red square"]);
});

test("sees nothing where there is nothing, and says which background", () => {
  expect(judge(plain(64, 64, [24, 36, 84]))).toEqual({ background: "navy", detections: [] });
});

test("is unsure of a blot: confidence is low where no icon fits", () => {
  const blot = plain(128, 128, [245, 245, 245]);
  for (let y = 0; y < 128; y++) {
    for (let x = 0; x < 128; x++) {
      const [dx, dy] = [x - 64, y - 64];
      const edge = 30 + 20 * Math.sin(5 * Math.atan2(dy, dx)) * Math.cos(2 * Math.atan2(dy, dx));
      if (Math.hypot(dx, dy) < edge) blot.data.set([214, 40, 40], (y * 128 + x) * 4);
    }
  }
  const { detections } = judge(blot);
  expect(detections.map(({ colour }) => colour)).toEqual(["red"]);
  expect(detections[0]!.confidence).toBeLessThan(0.85);
});
