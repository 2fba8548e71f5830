import { describe, expect, test } from "vitest";
import { frechetDistance } from "../../tools/evaluate/frechet.ts";
import type { Detection } from "../../tools/evaluate/judge.ts";
import { averagePrecision, bootstrap, meanOf, rankDetections, thingResults } from "../../tools/evaluate/metrics.ts";
import { Random } from "../../tools/evaluate/random.ts";
import { iou, type IconScene } from "../../tools/evaluate/scene.ts";

const left = { x: 0.1, y: 0.1, width: 0.3, height: 0.3 };
const right = { x: 0.6, y: 0.1, width: 0.3, height: 0.3 };
const scene: IconScene = {
  id: "1",
  background: "white",
  things: [
    { colour: "red", icon: "star", box: left },
    { colour: "blue", icon: "fish", box: right },
  ],
};
const seen = (colour: "red" | "blue", icon: "star" | "fish", box = left, confidence = 0.9): Detection => ({ colour, icon, box, confidence }); // prettier-ignore

test("boxes that share half of each have an IoU of a third", () => {
  expect(iou(left, { ...left, x: 0.25 })).toBeCloseTo(1 / 3);
  expect(iou(left, right)).toBe(0);
});

describe("ranking", () => {
  test("is right where phrase and place are, and only once", () => {
    const detections = [seen("red", "star", left, 0.8), seen("red", "star", { ...left, x: 0.12 }, 0.7), seen("blue", "fish", left, 0.9)]; // prettier-ignore
    expect(rankDetections({ scene, detections })).toEqual([
      { confidence: 0.9, isRight: false },
      { confidence: 0.8, isRight: true },
      { confidence: 0.7, isRight: false },
    ]);
  });

  test("average precision is the area under the falling precision", () => {
    const ranked = [true, false, true].map((isRight, i) => ({ confidence: 0.9 - 0.1 * i, isRight }));
    // Recall 1/3 at precision 1, recall 2/3 at precision 2/3, one thing never found.
    expect(averagePrecision([{ ranked, things: 3 }])).toBeCloseTo(1 / 3 + (1 / 3) * (2 / 3));
    expect(averagePrecision([{ ranked: [], things: 3 }])).toBe(0);
  });

  test("a weight of two counts a picture twice, a weight of nothing leaves it out", () => {
    const good = { ranked: [{ confidence: 0.9, isRight: true }], things: 1 };
    const bad = { ranked: [{ confidence: 0.95, isRight: false }], things: 1 };
    expect(averagePrecision([good, bad], [2, 1])).toBeCloseTo(averagePrecision([good, good, bad]));
    expect(averagePrecision([good, bad], [1, 0])).toBe(1);
  });
});

test("a thing of the right colour and the wrong icon is there by colour only", () => {
  const detections = [seen("red", "fish"), seen("blue", "fish", right)];
  const [red, blue] = thingResults({ scene, detections });
  expect(red).toMatchObject({ colour: true, present: false, iou: 0, count: 2 });
  expect(blue).toMatchObject({ colour: true, present: true, iou: 1, centred: true });
});

test("a thing of twice the size in the right place is centred, one beside its box is not", () => {
  const double = { x: 0, y: 0, width: 0.6, height: 0.6 };
  const beside = { ...right, x: 0.2 };
  const [red, blue] = thingResults({ scene, detections: [seen("red", "star", double), seen("blue", "fish", beside)] });
  expect(red).toMatchObject({ centred: true, iou: expect.closeTo(0.25) as number });
  expect(blue).toMatchObject({ present: true, centred: false });
});

describe("bootstrap", () => {
  test("surrounds the value, and more groups narrow it", () => {
    const values = Array.from({ length: 200 }, (_, i) => i % 2);
    const wide = meanOf(values.slice(0, 20).map((_, i) => `${i}`), values.slice(0, 20)); // prettier-ignore
    const narrow = meanOf(values.map((_, i) => `${i}`), values); // prettier-ignore
    expect(narrow.value).toBe(0.5);
    expect(narrow.low).toBeLessThan(0.5);
    expect(narrow.high).toBeGreaterThan(0.5);
    expect(narrow.high - narrow.low).toBeLessThan(0.5 * (wide.high - wide.low));
  });

  test("items of one group rise and fall together", () => {
    const values = [0, 0, 0, 0, 1, 1, 1, 1];
    const grouped = meanOf(values.map((v) => `${v}`), values); // prettier-ignore
    expect([grouped.low, grouped.high]).toEqual([0, 1]);
  });

  test("draws the same groups every time", () => {
    const statistic = (weights: readonly number[]) => weights[0]!;
    expect(bootstrap(["a", "b", "c"], statistic)).toEqual(bootstrap(["a", "b", "c"], statistic));
  });
});

describe("Fréchet distance", () => {
  const random = new Random(5);
  const sample = (shift: number, scale: number, n = 4000) => Array.from({ length: n }, () => [shift + scale * random.normal(), random.normal()]); // prettier-ignore
  const reference = sample(0, 1);

  test("is nothing to itself", () => expect(frechetDistance(reference, reference)).toBeCloseTo(0, 9));

  test("of normals is (difference of means)^2 + (difference of deviations)^2, over the number of features", () => {
    expect(frechetDistance(sample(2, 1), reference)).toBeCloseTo(4 / 2, 0);
    expect(frechetDistance(sample(0, 3), reference)).toBeCloseTo((3 - 1) ** 2 / 2, 0);
  });

  test("sees correlation that means and deviations hide", () => {
    const together = Array.from({ length: 4000 }, () => random.normal()).map((v) => [v, v]);
    // tr(C1 + C2 - 2 (C1 C2)^(1/2)) with C1 all ones: 4 - 2 sqrt(2), over two features.
    expect(frechetDistance(together, reference)).toBeCloseTo((4 - 2 * Math.SQRT2) / 2, 1);
  });
});
