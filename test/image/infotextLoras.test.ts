/** LoRAs in a picture's text as A1111's web UI writes and reads them. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { RunRecord } from "../../src-main/api/engine.ts";
import { lorasOf } from "../../src-main/scene/loras.ts";
import type { SceneLora } from "../../src-main/scene/scene.ts";
import { writeInfotext } from "../../src-main/image/infotext.ts";
import { sceneFromInfotext } from "../../src-main/image/infotextScene.ts";
import { parseRecord } from "../../src-main/image/metadata.ts";

const record = (prompt: string, loras: SceneLora[]): RunRecord => ({
  version: 1,
  scene: { prompt, negativePrompt: "", regions: [], settings: { ...DEFAULT_SETTINGS, loras } },
  seed: "7",
  model: { name: "tiny", hash: "h" },
  engine: { app: "0.1.0", onnxruntime: "1", provider: "cpu", precision: "float32", noise: "torch-cpu" },
  tokens: {},
  obedience: {},
});
const ink = { name: "ink", strength: 0.8, on: true, hash: "0123456789ab".padEnd(64, "c") };
const flat = { name: "flat", strength: -1.25, on: true, hash: "ba9876543210".padEnd(64, "d") };

test("each stands in the prompt as a tag, and by the first digits of its hash", () => {
  const text = writeInfotext(record("a cat", [ink, flat]));
  expect(text.split("\n")[0]).toBe("a cat <lora:ink:0.8> <lora:flat:-1.25>");
  expect(text).toContain('Lora hashes: "ink: 0123456789ab, flat: ba9876543210"');
});

test("a tag that is there already counts, and one that is off for the list is not told twice", () => {
  const text = writeInfotext(record("a cat <lora:ink:0.5>", [{ ...ink, on: false }, flat]));
  expect(text.split("\n")[0]).toBe("a cat <lora:ink:0.5> <lora:flat:-1.25>");
  expect(writeInfotext(record("a cat", []))).not.toContain("Lora");
});

test("the text read back asks for the same LoRAs", () => {
  const { scene, notes } = sceneFromInfotext(writeInfotext(record("a cat, (sitting)", [ink, flat])));
  expect(notes).toEqual([]);
  const list = [ink, flat].map((lora) => ({ ...lora, on: false }));
  const used = lorasOf({ prompt: scene.prompt, settings: { ...scene.settings, loras: list } }).used;
  expect(used.map(({ lora, strength }) => [lora.name, strength])).toEqual([["ink", 0.8], ["flat", -1.25]]);
}); // prettier-ignore

test("the settings inside a picture keep them, and damaged ones are refused by place", () => {
  const kept = record("a cat", [ink]);
  expect(parseRecord(JSON.parse(JSON.stringify(kept))).scene.settings.loras).toEqual([ink]);
  for (const [wrong, problem] of [
    [{ ...ink, strength: 9 }, /loras.0.strength/],
    [{ ...ink, hash: "x" }, /loras.0.hash/],
    [{ ...ink, more: 1 }, /loras.0/],
  ] as const) {
    expect(() => parseRecord(record("a cat", [wrong as SceneLora]))).toThrow(problem);
  }
});
