/** DenseDiffusion's scores against a reference written here, row by row, and what its layout makes of boxes. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { BoundRegion } from "../../src-main/guidance/layout.ts";
import type { Feeds, Step } from "../../src-main/guidance/method.ts";
import { method } from "../../src-main/guidance/methods/densediffusion.ts";
import { relativeError } from "../support/closeness.ts";
import { evaluate, numbers, type Numbers } from "../support/interpreter.ts";
import { uniform } from "../support/randomNumbers.ts";

const GRID = { height: 4, width: 4 };
const [HEADS, CELLS, COLUMNS] = [2, 16, 6];
const next = uniform(5);
const random = (...shape: number[]) => numbers(shape, Array.from({ length: shape.reduce((a, b) => a * b) }, () => 4 * next() - 2)); // prettier-ignore

/** Left half with word 2, a quarter that overlaps it with words 3 and 4; word 1 is the background's. */
const regions: BoundRegion[] = [
  { id: "a", tokens: [2], box: { x: 0, y: 0, width: 0.5, height: 1 } },
  { id: "b", tokens: [3, 4], box: { x: 0.25, y: 0, width: 0.5, height: 0.5 } },
].map(({ tokens, ...region }) => ({ region: { ...region, spans: [{ start: 0, end: 1 }], strength: 1 }, tokens }));
const inBox = [(y: number, x: number) => x < 2 && y >= 0, (y: number, x: number) => x >= 1 && x < 3 && y < 2];
const WORDS = [[2], [3, 4], [1]];
const AREAS = [8 / 16, 4 / 16, 6 / 16];

/** Segments of a cell, the background's being the third. */
const segmentsOf = (p: number) => {
  const boxes = [0, 1].filter((s) => inBox[s]!(Math.floor(p / 4), p % 4));
  return boxes.length > 0 ? boxes : [2];
};

function reference(scores: Numbers, keys: number, factor: number, isOwn: (p: number, key: number) => boolean) {
  const out = [...scores.data];
  for (let row = 0; row < HEADS * CELLS; row++) {
    const p = row % CELLS;
    const s = out.slice(row * keys, (row + 1) * keys);
    const [most, least] = [Math.max(...s), Math.min(...s)];
    const far = factor * Math.max(0, 1 - segmentsOf(p).reduce((sum, k) => sum + AREAS[k]!, 0));
    s.forEach((v, key) => (out[row * keys + key] = isOwn(p, key) ? v + far * (most - v) : v - far * (v - least)));
  }
  return out;
}

const place = { regions, columns: COLUMNS, picture: GRID, latent: GRID, target: GRID, layers: [GRID], attention: [], words: [1, 2, 3, 4] }; // prettier-ignore
const layout = method.layout(place);

/** What a step asks for at a timestep. */
async function asked(timestep: number, stepIndex: number) {
  const halves: { prompt: Feeds; negative: Feeds; context: Float32Array | undefined }[] = [];
  const step = {
    evaluation: { timestep, stepIndex, sigma: 1, inputScale: 1 },
    settings: { attentionSteps: { start: 0, end: 15 } },
    layout,
    states: Float32Array.from({ length: COLUMNS * 2 }, (_, i) => i),
    text: (name: string) => ({
      states: new Float32Array(COLUMNS * 2).fill(name === "a 0" ? 100 : 200),
      words: name === "a 0" ? [1] : [1, 2, 3], // the second phrase is other words alone
    }),
    guided: (_: unknown, { prompt, negative }: Parameters<Step["guided"]>[1]) => {
      halves.push({ prompt: prompt.feeds, negative: negative.feeds, context: prompt.context });
      return Promise.resolve({ epsilon: new Float32Array(1), maps: new Float32Array(1), loss: 0, outputs: {} });
    },
  };
  await method.predict(step as never, new Float32Array(1), {});
  return halves[0]!;
}

function hooked(kind: "scores" | "selfScores", scores: Numbers, feeds: Feeds) {
  const g = new GraphBuilder();
  const hook = method.program.build(g, { latent: GRID, target: GRID, columns: COLUMNS })[kind]!;
  const out = hook(g.input("s", "float32", scores.shape), GRID);
  const shapeOf = (values: Float32Array) => [CELLS, values.length / CELLS];
  const given = Object.entries(feeds).map(([name, values]) => [name, numbers(shapeOf(values), values)] as const);
  return evaluate(g.finish({ out }), { s: scores, ...Object.fromEntries(given) })["out"]!.data;
}

test("cross-attention is drawn to a pixel's own words, and away from all others", async () => {
  const { prompt, negative } = await asked(900, 0);
  const scores = random(HEADS, CELLS, COLUMNS);
  const expected = reference(scores, COLUMNS, 0.9 ** 5, (p, key) => segmentsOf(p).some((s) => WORDS[s]!.includes(key)));
  expect(relativeError(hooked("scores", scores, prompt), expected)).toBeLessThan(1e-6);
  expect(relativeError(hooked("scores", scores, negative), scores.data)).toBeLessThan(1e-7);
});

test("self-attention is drawn to the pixels of the same segment", async () => {
  const { prompt, negative } = await asked(900, 14);
  const scores = random(HEADS, CELLS, CELLS);
  const expected = reference(scores, CELLS, 0.3 * 0.9 ** 5, (p, q) => segmentsOf(p).some((s) => segmentsOf(q).includes(s))); // prettier-ignore
  expect(relativeError(hooked("selfScores", scores, prompt), expected)).toBeLessThan(1e-6);
  expect(relativeError(hooked("selfScores", scores, negative), scores.data)).toBeLessThan(1e-7);
});

test("after the first steps scores are as they were; phrases go on being read alone, where they are the same words", async () => {
  const { prompt, context } = await asked(600, 15);
  const scores = random(HEADS, CELLS, COLUMNS);
  expect(relativeError(hooked("scores", scores, prompt), scores.data)).toBeLessThan(1e-7);
  expect([...context!]).toEqual([0, 1, 2, 3, 100, 100, 6, 7, 8, 9, 10, 11]);
});
