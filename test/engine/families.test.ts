/** Pictures by Stable Diffusion 2 and XL through the whole engine: every method of layout control acts on their layers. */
import { expect, test } from "vitest";
import type { Method, Scene } from "../../src-main/scene/scene.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { GOLDENS } from "../support/familyGoldens.ts";

test.each(["sd2", "sdxl"])("%s draws, and layout control moves its pictures", { timeout: 120_000 }, async (family) => {
  const load = { path: `${GOLDENS}/tiny-${family}`, provider: "cpu", memory: "low", threads: 1 } as const;
  const pipeline = await openPipeline(load, () => undefined);
  expect(pipeline.summary.maxTokens).toBe(77);
  const scene = (method: Method, prompt = "a red circle and a blue square"): Scene => ({
    prompt,
    negativePrompt: "",
    regions: [{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 }],
    settings: {
      ...pipeline.summary.defaults,
      ...{ width: 128, height: 128, steps: 4, scheduler: "ddim" },
      guidance: { method, nu: 1, eta: 1, injectionSteps: { start: 0, end: 4 }, lossSteps: { start: 0, end: 4 } },
    },
  });
  const draw = async (of: Scene) => {
    const losses: (number | undefined)[] = [];
    const options = {
      previewEvery: 0,
      attention: false,
      signal: new AbortController().signal,
      onStep: ({ loss }: { loss?: number }) => void losses.push(loss),
    };
    const { pixels, obedience } = await pipeline.generate(of, "1", options);
    expect(obedience).toHaveLength(4);
    expect(losses.every((loss) => Number.isFinite(loss))).toBe(true);
    return Buffer.from(pixels.data).toString("base64");
  };
  const plain = await draw(scene("none"));
  expect(await draw(scene("none"))).toBe(plain);
  const others = [await draw(scene("injection")), await draw(scene("loss")), await draw(scene("ilgd"))];
  expect(new Set([plain, ...others]).size).toBe(4);
  expect(await draw(scene("none", "a yellow star"))).not.toBe(plain);
  await pipeline.close();
});
