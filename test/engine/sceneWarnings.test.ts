/** What a scene is warned of before it is drawn, besides what needs a checkpoint (process.test.ts). */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { parseScene } from "../../src-main/scene/parser.ts";
import { sceneWarnings } from "../../src-main/engine/sceneWarnings.ts";

const nothingLost = { parts: [], columns: [], count: 0, chunks: 1, limit: 75, tokens: [], embeddings: [] };
const warnings = (form: Record<string, unknown>) => {
  const scene = parseScene({ boxes: [], ...form }, DEFAULT_SETTINGS);
  return sceneWarnings(scene, nothingLost, { width: 64, height: 64 });
};

test("instructions that nothing follows are warned of, in both prompts", () => {
  const words = { prompt: "a (red:1.3) <lora:glow:0.8> cat", negativePrompt: "[ugly|bad]" };
  const lora = { kind: "markup-ignored", markup: { kind: "lora", text: "<lora:glow:0.8>" }, where: "prompt" };
  expect(warnings(words)).toEqual([
    lora,
    { kind: "markup-ignored", markup: { kind: "change", text: "[ugly|bad]" }, where: "negativePrompt" },
  ]);
  expect(warnings({ ...words, promptWeights: false })).toEqual([
    lora,
    { kind: "markup-ignored", markup: { kind: "weight", text: "(red:1.3)" }, where: "prompt" },
  ]);
});

test("another spacing is warned of where the scheduler has none", () => {
  const karras = { kind: "spacing-ignored", scheduler: "ddim", spacing: "karras" };
  expect(warnings({ prompt: "a cat", scheduler: "ddim", karras: true })).toEqual([karras]);
  const simple = { kind: "spacing-ignored", scheduler: "lcm", spacing: "simple" };
  expect(warnings({ prompt: "a cat", scheduler: "lcm", spacing: "simple" })).toEqual([simple]);
  expect(warnings({ prompt: "a cat", scheduler: "lms", karras: true })).toEqual([]);
}); // prettier-ignore
