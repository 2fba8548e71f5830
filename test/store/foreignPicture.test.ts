/** Pictures in which only the text for other programs is left, or that another program drew. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { metadataTexts } from "../../src-main/image/metadata.ts";
import { encodePng } from "../../src-main/image/png.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { newProject, samplePixels, sampleRecord, sampleScene, temporaryFolder } from "../support/projects.ts";

function imported(text: string) {
  const project = newProject();
  onTestFinished(() => project.close());
  const path = join(temporaryFolder(), "picture.png");
  writeFileSync(path, encodePng(samplePixels(), [{ keyword: "parameters", text }]));
  const picture = importPicture(project.results, path);
  return { notes: picture.notes, ...project.results.readResult(picture.id) };
}

test("our own text alone brings back scene, boxes, seed and checkpoint", () => {
  const scene = sampleScene();
  const own = sampleRecord(scene, "18446744073709551615");
  const { text } = metadataTexts(own).find(({ keyword }) => keyword === "parameters")!;
  const { record, seed, notes, obedience } = imported(text);
  expect(record.scene).toEqual(scene);
  expect(seed).toBe("18446744073709551615");
  expect(record.model).toEqual({ name: own.model.name, hash: own.model.hash });
  expect(record.engine).toMatchObject({ provider: "unknown", noise: "unknown" });
  expect(obedience).toBeNull();
  expect(notes).toEqual([expect.stringContaining("the machine it was drawn on")]);
});

test("a picture of another program is restored as far as it goes, and what was left is told", () => {
  const line =
    "Steps: 22, Sampler: Euler a, CFG scale: 6.5, Seed: 1234, Size: 512x768, Model: m, Clip skip: 2, Hires upscale: 2";
  const { record, notes } = imported(`a <lora:glow:0.8> cat\nNegative prompt: ugly\n${line}`);
  expect(record).toMatchObject({ seed: "1234", model: { name: "m" }, scene: { negativePrompt: "ugly" } });
  expect(record.scene.settings).toMatchObject({
    steps: 22,
    scheduler: "euler-a",
    width: 512,
    height: 768,
    clipSkip: 2,
  });
  expect(record.scene.prompt).toBe("a <lora:glow:0.8> cat");
  expect(notes.join()).toContain("Hires upscale");
});

test.each([
  ["a text without a seed", "a cat\nSteps: 22, Sampler: Euler a, CFG scale: 6.5"],
  ["any words", "hello"],
  ["a prompt that is too long", `${"cat ".repeat(9_000)}\nSteps: 22, Sampler: Euler a, Seed: 1`],
])("%s is no run to restore", (_name, text) => {
  expect(() => imported(text)).toThrow(/carries no settings/);
});
