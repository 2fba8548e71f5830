/**
 * Damaged LoRAs: the golden ones with their headers changed as those of checkpoints are (safetensors.ts). The claim: each is refused with an
 * `AppError` that names the file, or all its pairs lie within it and are laid beside layers of their shape.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { fitLora, type LowRanks } from "../../src-main/checkpoint/lora/fit.ts";
import { checkNumbers } from "../../src-main/checkpoint/lora/numbers.ts";
import { openLora } from "../../src-main/checkpoint/lora/open.ts";
import type { Weights } from "../../src-main/checkpoint/weights.ts";
import { ROOT } from "../support/imports.ts";
import { soundOf, tryDamaged } from "./damagedFile.ts";
import type { Cases, Part } from "./part.ts";
import { oneOf } from "./random.ts";

const GOLDENS = join(ROOT, "test", "goldens");
const NAMES = ["lora-kohya", "lora-peft", "lora-diffusers-old", "lora-locon"];

export const loras: Part = {
  title: "damaged LoRAs",
  count: 50_000,
  memory: "worker",
  async prepare({ folder }): Promise<Cases> {
    mkdirSync(folder, { recursive: true });
    const checkpoint = await openCheckpoint(join(GOLDENS, "tiny-sd"));
    const sounds = NAMES.map((name) => soundOf(join(GOLDENS, "lora", `${name}.safetensors`), name));
    const path = join(folder, "style.safetensors");
    return {
      run: (_index, pick) => tryDamaged(pick, path, oneOf(pick, sounds), (size) => misread(path, checkpoint, size)),
    };
  },
};

async function misread(path: string, checkpoint: Checkpoint, size: number): Promise<string | undefined> {
  const lora = await openLora(path);
  await checkNumbers(lora.source);
  const { unet, text } = fitLora(lora, checkpoint);
  return misfit(unet, checkpoint.unet.weights, size) ?? misfit(text, checkpoint.text.weights, size);
}

/** A pair that leaves the file, or whose product has more or fewer numbers than its layer's weight. */
function misfit(table: LowRanks, weights: Weights, size: number): string | undefined {
  for (const [name, { down, up, mid, rank }] of table) {
    const ends = [down, up, ...(mid ? [mid] : [])].map(({ offset, length }) => offset + length);
    if (Math.max(...ends) > size) return `a part of ${name} ends at byte ${Math.max(...ends)} of ${size}`;
    const [out, inner, ...kernel] = weights.shapeOf(`${name}.weight`);
    const cells = (mid ?? down).shape.slice(2).reduce((a, b) => a * b, 1);
    if (up.shape[0] !== out || up.shape[1] !== rank || down.shape[0] !== rank || down.shape[1] !== inner)
      return `the pair of ${name} has other sides than its layer`;
    if (cells !== kernel.reduce((a, b) => a * b, 1)) return `the pair of ${name} has another kernel than its layer`;
    if (up.length % up.shape.reduce((a, b) => a * b, 1) !== 0) return `the bytes of ${name} are no whole numbers`;
  }
  return undefined;
}
