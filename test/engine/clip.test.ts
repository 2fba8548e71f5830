/** CLIP's two towers, what is done to pictures before them, and the two figures made of them, against transformers. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { openClip, type ClipCheckpoint } from "../../src-main/checkpoint/clip.ts";
import { ClipModel, clipPixels, qualityOf } from "../../src-main/engine/clip.ts";
import { relativeError } from "../support/closeness.ts";
import { temporary } from "../checkpoint/folders.ts";
import { readTensors } from "../support/tensors.ts";

const { tensors: golden, metadata } = readTensors("test/goldens/clip/clip-metrics.safetensors");
const { texts } = JSON.parse(metadata["spec"]!) as { texts: string[] };
const END = 658;
const numbers = (key: string) => golden.get(key)!.data;
const row = (n: number) => [...numbers("ids").subarray(77 * n, 77 * (n + 1))];

function picture(name: string): Pixels {
  const { shape, data } = golden.get(`${name}.rgb`)!;
  const [height, width] = shape as [number, number, number];
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? 255 : data[(i >> 2) * 3 + (i % 4)]!,
  );
  return { width, height, data: rgba };
}

let checkpoint: ClipCheckpoint;
let clip: ClipModel;
beforeAll(async () => {
  const folder = temporary("clip");
  cpSync("test/goldens/clip/tiny-clip", folder, { recursive: true });
  cpSync("test/goldens/tiny-sd/tokenizer", folder, { recursive: true });
  checkpoint = await openClip(folder);
  clip = await ClipModel.open(checkpoint, 1);
});
afterAll(() => clip.close());

test("a text's vector is transformers', from its ids and from its letters", async () => {
  for (const [n, text] of texts.entries()) {
    const wanted = numbers("text_features").subarray(24 * n, 24 * (n + 1));
    expect(relativeError(await clip.textOfIds(row(n), row(n).indexOf(END)), wanted)).toBeLessThan(1e-5);
    expect(relativeError(await clip.text(text), wanted), text).toBeLessThan(1e-5);
  }
});

test.each(["a", "b"])("picture %s is prepared, seen and judged as by transformers", async (name) => {
  const pixels = clipPixels(picture(name), checkpoint.pixels);
  expect(relativeError(pixels, numbers(`${name}.pixels`))).toBeLessThan(1e-5);
  const vector = await clip.picture(picture(name));
  expect(relativeError(vector, numbers(`${name}.image_features`))).toBeLessThan(1e-5);
  for (const [n, text] of texts.entries()) {
    expect(await clip.similarity(vector, text)).toBeCloseTo(numbers(`${name}.similarity`)[n]!, 5);
  }
  expect(await clip.quality(vector)).toBeCloseTo(numbers(`${name}.clip_iqa`)[0]!, 5);
});

test("quality is a half for what is as near to both, whatever the scale", () => {
  expect(qualityOf(0.3, 0.3)).toBe(0.5);
  expect(qualityOf(0.31, 0.3)).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
});

test("a folder that is no CLIP, or half of one, is refused by name", async () => {
  await expect(openClip("test/goldens/tiny-sd/unet")).rejects.toMatchObject({ code: "checkpoint-invalid" });
  await expect(openClip(join(checkpoint.path, "none"))).rejects.toMatchObject({ code: "file-unreadable" });
});
