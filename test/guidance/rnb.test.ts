/** R&B against the authors' code: its loss on made maps in all its cases (test/goldens/methods/rnb-loss), and a run (rnb). */
import { expect, test, vi } from "vitest";
import { method, rnbLoss } from "../../src-main/guidance/methods/rnb.ts";
import { areaMask } from "../../src-main/guidance/rasters.ts";
import { relativeError } from "../support/closeness.ts";
import { bound, golden, runMethod } from "../support/methodRuns.ts";

vi.setConfig({ testTimeout: 300_000 });
const GRID = { height: 64, width: 64 };
const COLUMNS = 8;

type Cases = Record<string, { boxes: number[][][]; tokens: number[][] }>;
const made = golden("rnb-loss");

test.each(Object.entries(made.spec as unknown as Cases))("the loss, %s", (name, { boxes, tokens }) => {
  const of = (key: string, layers: string[], side: number, hasEdges: boolean) => {
    const maps = layers.map((layer) => made.at(`${name}.map.${layer}`));
    const seen = maps[0]!.map((_, i) => maps.reduce((sum, map) => sum + map[i]!, 0) / maps.length);
    return { name: key, layers: layers.length, hasEdges, height: side, width: side, seen, first: layers[0]! };
  };
  const groups = [
    of("up0", ["up.0.0", "up.0.1", "up.0.2"], 16, true),
    of("up1", ["up.1.0", "up.1.1", "up.1.2"], 32, true),
    of("down", ["down.0", "down.1"], 16, false),
    of("mid", ["mid.0"], 8, true),
  ];
  const objects = boxes.map((list, k) => {
    const units = list.map(([x, y, right, bottom]) => ({ x: x!, y: y!, width: right! - x!, height: bottom! - y! }));
    return { columns: tokens[k]!, weight: 1, mask: areaMask(units, GRID, "trunc") };
  });
  const seen = Object.fromEntries(groups.map((group) => [group.name, group.seen]));
  const found = rnbLoss({ objects, groups, grid: GRID, columns: COLUMNS }, seen);
  const expected = made.at(`${name}.objects`);
  found.terms.forEach(({ threshold, estimate, overlap, usesEdges }, k) => {
    const row = [threshold, ...estimate, overlap, Number(usesEdges)];
    expect(relativeError(row, expected.slice(k * 7, k * 7 + 7)), `object ${k}`).toBeLessThan(1e-4);
  });
  expect(found.loss).toBeCloseTo(made.at(`${name}.loss`)[0]!, 4);
  for (const group of groups) {
    const key = `${name}.grad.${group.first}`;
    if (!made.has(key)) continue;
    const gradient = found.pulls[group.name]!.map((value) => value / group.layers);
    expect(relativeError(gradient, made.at(key)), key).toBeLessThan(1e-3);
  }
});

test("gradients and latents of a run are the authors'", async () => {
  const reference = golden("rnb");
  const spec = reference.spec as unknown as {
    boxes: number[][][];
    steps: number;
    max_index_step: number;
    max_iter: number;
  };
  const positions = JSON.parse(reference.metadata["positions"]!) as number[][];
  const trace = await runMethod(reference, {
    method,
    settings: {
      ...{ method: "rnb", moveStrength: 70, moveIterations: spec.max_iter },
      moveSteps: { start: 0, end: spec.max_index_step },
    },
    scheduler: "ddim",
    isTaught: true,
    parameters: { stepsOffset: 0 },
    steps: spec.steps,
    regions: spec.boxes.flatMap((list, k) => list.map((box, j) => bound(`${k}.${j}`, positions[k]!, box))),
  });
  expect(relativeError(trace.timesteps, reference.at("timesteps"))).toBeLessThan(1e-6);
  let gradients = 0;
  trace.slopes.forEach(({ evaluation, gradient }, k) => {
    const at = `grad.${evaluation}.${k - evaluation * spec.max_iter}`;
    if (!reference.has(at)) return;
    gradients++;
    expect(relativeError(gradient, reference.at(at)), at).toBeLessThan(1e-3);
  });
  expect(gradients).toBe(2);
  trace.latents.forEach((latent, i) => {
    if (reference.has(`moved.${i}`))
      expect(relativeError(trace.moved[i]!, reference.at(`moved.${i}`)), `moved ${i}`).toBeLessThan(1e-3);
    if (reference.has(`latent.${i}`))
      expect(relativeError(latent, reference.at(`latent.${i}`)), `latent ${i}`).toBeLessThan(1e-3);
  });
});
