/** The low memory mode arranges the same computation another way: weights widened where they are used, nothing packed. */
import { expect, test } from "vitest";
import { guidedStep } from "../support/guidedStep.ts";
import { relativeError } from "../support/closeness.ts";

test.each([
  ["32-bit", "test/goldens/tiny-sd", 77],
  ["16-bit", "resources/models/demo", 32],
])("a guided step with %s weights is the same in both memory modes", { timeout: 60_000 }, async (_, folder, tokens) => {
  const fast = await guidedStep(folder, tokens, { provider: "cpu", memory: "fast" });
  const low = await guidedStep(folder, tokens, { provider: "cpu", memory: "low" });
  expect(Object.keys(low)).toEqual(Object.keys(fast));
  for (const [name, values] of Object.entries(fast)) {
    expect(Math.hypot(...values), name).toBeGreaterThan(0);
    expect(relativeError(low[name]!, values), name).toBeLessThan(1e-4);
  }
});
