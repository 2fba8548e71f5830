/** Backward guidance against the authors' code (test/goldens/methods/chen). */
import { expect, test, vi } from "vitest";
import { method } from "../../src-main/guidance/methods/chen.ts";
import { relativeError } from "../support/closeness.ts";
import { bound, golden, runMethod } from "../support/methodRuns.ts";

vi.setConfig({ testTimeout: 300_000 });

test("losses, gradients and latents are the authors'", async () => {
  const reference = golden("chen");
  const { steps, boxes, max_index_step, max_iter, loss_scale, loss_threshold } = reference.spec as unknown as {
    steps: number;
    boxes: number[][][];
    max_index_step: number;
    max_iter: number;
    loss_scale: number;
    loss_threshold: number;
  };
  const positions = [...reference.at("positions")];
  const words = [positions.slice(0, 2), positions.slice(2)];
  const trace = await runMethod(reference, {
    method,
    settings: {
      method: "chen",
      moveStrength: loss_scale,
      moveSteps: { start: 0, end: max_index_step },
      moveIterations: max_iter,
      moveUntil: loss_threshold,
    },
    scheduler: "lms",
    steps,
    regions: boxes.flatMap((list, k) => list.map((box, j) => bound(`${k}.${j}`, words[k]!, box))),
  });
  expect(relativeError(trace.sigmas, reference.at("sigmas").slice(0, -1))).toBeLessThan(1e-5);
  expect(trace.slopes).toHaveLength(max_index_step * max_iter);
  trace.slopes.forEach(({ evaluation, gradient, loss }, k) => {
    const at = `${evaluation}.${k - evaluation * max_iter}`;
    const sigma = trace.sigmas[evaluation]!;
    // One part in a hundred thousand: sums of another order, on another processor, differ by six in a million after a few moves.
    expect(relativeError([loss_scale * loss], reference.at(`loss.${at}`)), `loss ${at}`).toBeLessThan(1e-5);
    // The authors' gradient is with respect to the latent in sigma space.
    const inSigma = gradient.map((v) => (v * loss_scale) / Math.sqrt(1 + sigma * sigma));
    expect(relativeError(inSigma, reference.at(`grad.${at}`)), `gradient ${at}`).toBeLessThan(1e-3);
  });
  trace.latents.forEach((latent, i) => {
    expect(relativeError(latent, reference.at(`latent.${i}`)), `latent ${i}`).toBeLessThan(1e-3);
  });
});
