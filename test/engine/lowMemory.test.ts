/** The low memory mode arranges the same computation another way: weights widened where they are used, nothing packed. */
import { describe, expect, onTestFinished, test } from "vitest";
import type { MemoryMode } from "../../src-main/api/engine.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { isAutoencoderHeavy } from "../../src-main/engine/memory.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
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
    // The small random network's gradient takes roundings thirty times as large as its prediction does.
    expect(relativeError(low[name]!, values), name).toBeLessThan(name === "gradient" ? 3e-4 : 1e-4);
  }
});

describe("a picture that is to be decoded by an autoencoder that takes much", () => {
  const OF_12_GIB = { height: 2048, width: 2048 };
  const opened = async (memory: MemoryMode) => {
    const checkpoint = await openCheckpoint("test/goldens/tiny-sd");
    const networks = new Networks(checkpoint, { provider: "cpu", memory, threads: 1 }, "float32", 77);
    onTestFinished(() => networks.close());
    const unet = () => networks.unet({ height: 8, width: 8 }, 77, STEERING, () => undefined);
    return { networks, unet };
  };

  test("finds the network closed in the low memory mode, and the next picture opens it anew", async () => {
    const { networks, unet } = await opened("low");
    const first = await unet();
    await networks.rest({ height: 8, width: 8 });
    expect(await unet()).toBe(first);
    await networks.rest(OF_12_GIB);
    expect(await unet()).not.toBe(first);
  });

  test("finds it open in the fast one", async () => {
    const { networks, unet } = await opened("fast");
    const first = await unet();
    await networks.rest(OF_12_GIB);
    expect(await unet()).toBe(first);
  });

  test("is one of Stable Diffusion's, not of the demo model's", () => {
    expect(isAutoencoderHeavy({ blockOutChannels: [128, 256, 512, 512] }, { height: 64, width: 64 })).toBe(true);
    expect(isAutoencoderHeavy({ blockOutChannels: [16, 32, 32] }, { height: 64, width: 64 })).toBe(false);
  });
});
