/** The renderer of scenes against pictures drawn by tools/demo-model/scenes.py, every icon on every background. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodePng } from "../../src-main/image/png.ts";
import { drawScene } from "../../tools/evaluate/drawScene.ts";
import type { IconScene } from "../../tools/evaluate/scene.ts";

const folder = join(import.meta.dirname, "reference");
const references = JSON.parse(readFileSync(join(folder, "scenes.json"), "utf8")) as (Omit<IconScene, "id"> & {
  file: string;
  size: number;
})[];

test.each(references)("draws $file as the training code does, but for edges", (reference) => {
  const theirs = decodePng(readFileSync(join(folder, reference.file))).pixels;
  const ours = drawScene(reference, reference.size, reference.size);
  expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
  let sum = 0;
  let far = 0;
  for (let i = 0; i < ours.data.length; i += 4) {
    const difference = Math.max(...[0, 1, 2].map((c) => Math.abs(ours.data[i + c]! - theirs.data[i + c]!)));
    sum += difference;
    if (difference > 128) far++;
  }
  const pixels = ours.data.length / 4;
  expect(sum / pixels).toBeLessThan(5);
  expect(far / pixels).toBeLessThan(0.002);
});
