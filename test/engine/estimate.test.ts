/** Every method's steps are timed by themselves: moving a latent costs other than iLGD's gradient. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import { Estimator } from "../../src-main/engine/estimate.ts";
import type { Method } from "../../src-main/scene/methods.ts";

const inMethod = (method: Method) => {
  const settings = withSteps(DEFAULT_SETTINGS, 10);
  return { ...settings, guidance: { ...settings.guidance, method } };
};

test("what another method's steps took does not change the estimate, and before it was timed plain steps are plain", () => {
  const estimator = new Estimator();
  for (let step = 0; step < 10; step++) estimator.addStep(inMethod("none"), step, 1);
  expect(estimator.remaining(inMethod("none"))).toBeCloseTo(10);
  expect(estimator.remaining(inMethod("forward"))).toBeCloseTo(10);
  for (let step = 0; step < 10; step++) estimator.addStep(inMethod("csg"), step, step < 5 ? 9 : 1);
  expect(estimator.remaining(inMethod("none"))).toBeCloseTo(10);
  expect(estimator.remaining(inMethod("csg"))).toBeCloseTo(5 * 9 + 5);
});

test("steps that leave something out are timed by themselves, and guessed before", () => {
  const estimator = new Estimator();
  const whole = inMethod("none");
  const short = { ...whole, scaleUntil: 0.5, wholeEvery: 5 };
  for (let step = 0; step < 10; step++) estimator.addStep(whole, step, 1);
  // Of ten steps two are whole, of which one without the negative half, and eight are the outermost layers, of which four are.
  expect(estimator.remaining(short)).toBeCloseTo(1 + 0.5 + 4 * 0.12 + 4 * 0.06);
  for (let step = 0; step < 10; step++) estimator.addStep(short, step, step % 5 === 0 ? 1 : 0.2);
  expect(estimator.remaining(short)).toBeCloseTo(2 + 8 * 0.2);
  expect(estimator.remaining({ ...whole, attentionTiles: 2 })).toBeCloseTo(10);
});
