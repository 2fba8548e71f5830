/** Forward guidance against its formula: a share of a word's attention is laid into its box, and what it has in all is kept. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { method } from "../../src-main/guidance/methods/forward.ts";
import type { Question, Step } from "../../src-main/guidance/method.ts";
import { bound } from "../support/methodRuns.ts";
import { evaluate, numbers, type Numbers } from "../support/interpreter.ts";

const [grid, columns, heads] = [{ height: 8, width: 8 }, 5, 2];
const place = { latent: grid, picture: grid, target: grid, layers: [grid], attention: [], columns };
const layout = method.layout({ ...place, regions: [bound("a", [2, 3], [0.25, 0.25, 0.75, 0.75])] });

/** Probabilities of the prompt's half and the other, as the program makes them at a step. */
async function changed(stepIndex: number, before: number[]) {
  let asked: Question | undefined;
  const step = {
    evaluation: { timestep: 1, sigma: 1, inputScale: 1, stepIndex },
    settings: { attentionShare: 0.8, attentionSteps: { start: 0, end: 4 } },
    layout,
    guided: (_: Float32Array, question: Question) => {
      asked = question;
      return Promise.resolve({ epsilon: new Float32Array(1), maps: new Float32Array(1), loss: 0, outputs: {} });
    },
  } as unknown as Step<typeof layout>;
  await method.predict(step, new Float32Array(1), {});
  const g = new GraphBuilder();
  const { probabilities } = method.program.build(g, place);
  const input = g.input("a", "float32", [heads, 64, columns]);
  const graph = g.finish({ y: probabilities!(input, grid) });
  return [asked!.prompt, asked!.negative].map(({ feeds }) => {
    const given: Record<string, Numbers> = { a: numbers([heads, 64, columns], before) };
    for (const [name, data] of Object.entries(feeds))
      given[name] = numbers(name === "kept" ? [columns] : [64, columns], data);
    return evaluate(graph, given)["y"]!.data;
  });
}

test("a bound word's attention is laid into its box; the others, the other half and later steps keep theirs", async () => {
  const before = Array.from({ length: heads * 64 * columns }, (_, i) => 0.01 + ((i * 7919) % 97) / 500);
  const [prompt, negative] = await changed(3, before);
  const massOf = (data: ArrayLike<number>, head: number, column: number, isCounted: (p: number) => boolean) =>
    Array.from({ length: 64 }, (_, p) => (isCounted(p) ? data[(head * 64 + p) * columns + column]! : 0)).reduce(
      (a, b) => a + b,
    );
  const isInside = (p: number) => p % 8 >= 2 && p % 8 < 6 && p >= 16 && p < 48;
  for (const head of [0, 1]) {
    for (const column of [0, 1, 2, 3, 4]) {
      const all = massOf(before, head, column, () => true);
      expect(massOf(prompt!, head, column, () => true)).toBeCloseTo(all, 6);
      const inside = massOf(prompt!, head, column, isInside);
      if (column === 2 || column === 3) expect(inside / all).toBeGreaterThan(0.6);
      else expect(inside).toBeCloseTo(massOf(before, head, column, isInside), 6);
    }
  }
  expect(Array.from(negative!, (v, i) => Math.abs(v - before[i]!)).every((off) => off < 1e-6)).toBe(true);
  const [late] = await changed(4, before);
  expect(Array.from(late!, (v, i) => Math.abs(v - before[i]!)).every((off) => off < 1e-6)).toBe(true);
});
