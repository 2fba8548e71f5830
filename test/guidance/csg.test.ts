/** CSG against the authors' code, with the random choices that it made (test/goldens/methods/csg). */
import { expect, test, vi } from "vitest";
import { csg } from "../../src-main/guidance/methods/csg.ts";
import { beginRandom, drawFrom } from "../../src-main/guidance/ownRandom.ts";
import { sampleSizes } from "../../src-main/guidance/selectiveLoss.ts";
import { relativeError } from "../support/closeness.ts";
import { boundPixels, golden, runMethod } from "../support/methodRuns.ts";

vi.setConfig({ testTimeout: 300_000 });

test("attention, losses, gradients, predictions and latents are the authors'", async () => {
  const reference = golden("csg");
  const spec = reference.spec as unknown as Record<"steps" | "max_iter" | "refinement_steps", number> & {
    indices: number[];
    fg: number[][];
  };
  const orders = [...Array(100).keys()].flatMap((k) =>
    [...Array(2 * spec.indices.length).keys()].flatMap((j) =>
      reference.has(`perm.${k}.${j}`) ? [[...reference.at(`perm.${k}.${j}`)]] : [],
    ),
  );
  let asked = 0;
  const method = csg((_, count) => {
    const order = orders[asked++]!;
    expect(order).toHaveLength(count);
    return order;
  });
  const trace = await runMethod(reference, {
    method,
    settings: {
      ...{ method: "csg", moveStrength: 0.5, moveIterations: spec.refinement_steps },
      // They count evaluations, of which PNDM's first step has two.
      ...{ moveSteps: { start: 0, end: spec.max_iter - 1 }, attentionSteps: { start: 0, end: spec.max_iter } },
    },
    scheduler: "pndm",
    steps: spec.steps,
    regions: boundPixels(spec.fg, spec.indices),
  });
  expect(asked).toBe(orders.length);
  const [first] = trace.looks;
  const columns = first!.told["seen.cross"]!.length / 256;
  const listed = Float32Array.from(
    { length: 512 },
    (_, i) => first!.told["seen.cross"]![(i >> 1) * columns + spec.indices[i % 2]!]!,
  );
  expect(relativeError(listed, reference.at("cross.0"))).toBeLessThan(1e-4);
  const rows = Float32Array.from(
    { length: 16 * 256 },
    (_, i) => first!.told["seen.self"]![17 * (i >> 8) * 256 + (i & 255)]!,
  );
  expect(relativeError(rows, reference.at("self.0"))).toBeLessThan(1e-4);
  expect(relativeError(trace.slopes[0]!.gradient, reference.at("grad.0")), "gradient").toBeLessThan(1e-3);
  for (const i of [0, 1]) {
    expect(relativeError(trace.moved[i]!, reference.at(`moved.${i}`)), `moved ${i}`).toBeLessThan(1e-3);
  }
  trace.latents.forEach((latent, i) => {
    if (reference.has(`eps.${i}`))
      expect(relativeError(trace.epsilons[i]!, reference.at(`eps.${i}`)), `prediction ${i}`).toBeLessThan(1e-3);
    if (reference.has(`latent.${i}`))
      expect(relativeError(latent, reference.at(`latent.${i}`)), `latent ${i}`).toBeLessThan(1e-3);
  });
});

test("half of a box's best cells are chosen, halves rounded to even numbers", () => {
  expect([1, 4, 5, 42, 35].map((size) => sampleSizes(size))).toEqual([
    { from: 1, chosen: 1 },
    { from: 3, chosen: 2 },
    { from: 4, chosen: 2 },
    { from: 33, chosen: 16 },
    { from: 28, chosen: 14 },
  ]);
});

test("its choices are those of its seed, and go on from its state", () => {
  const state = { ...beginRandom("7") };
  const one = drawFrom(state, (generator) => generator.uniform(20));
  const kept = { ...state };
  const next = drawFrom(state, (generator) => generator.uniform(20));
  expect(one).not.toEqual(next);
  expect(drawFrom(kept, (generator) => generator.uniform(20))).toEqual(next);
  expect(drawFrom(beginRandom("7"), (generator) => generator.uniform(20))).toEqual(one);
});
