/**
 * Damaged LoRAs: the golden ones with their headers changed as those of checkpoints are (safetensors.ts). The claim: each is refused with an
 * `AppError` that names the file, or all its pairs lie within it and are laid beside layers of their shape.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isAppError } from "../../src-main/api/errors.ts";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { fitLora, type LowRanks } from "../../src-main/checkpoint/lora/fit.ts";
import { checkNumbers } from "../../src-main/checkpoint/lora/numbers.ts";
import { openLora } from "../../src-main/checkpoint/lora/open.ts";
import type { Weights } from "../../src-main/checkpoint/weights.ts";
import { ROOT } from "../support/imports.ts";
import { Fault, type Cases, type Part } from "./part.ts";
import { oneOf, type Pick } from "./random.ts";
import { damaged, type Sound } from "./safetensors.ts";

const GOLDENS = join(ROOT, "test", "goldens");
const NAMES = ["lora-kohya", "lora-peft", "lora-diffusers-old", "lora-locon"];

function soundOf(name: string): Sound {
  const file = readFileSync(join(GOLDENS, "lora", `${name}.safetensors`));
  const end = 8 + Number(file.readBigUInt64LE());
  return { name, header: file.subarray(8, end), dataBytes: file.length - end };
}

export const loras: Part = {
  title: "damaged LoRAs",
  count: 50_000,
  memory: "worker",
  async prepare({ folder }): Promise<Cases> {
    mkdirSync(folder, { recursive: true });
    const checkpoint = await openCheckpoint(join(GOLDENS, "tiny-sd"));
    const sounds = NAMES.map(soundOf);
    return { run: (_index, pick) => tryFile(pick, join(folder, "style.safetensors"), sounds, checkpoint) };
  },
};

async function tryFile(pick: Pick, path: string, sounds: readonly Sound[], checkpoint: Checkpoint): Promise<string> {
  const { start, size } = damaged(oneOf(pick, sounds), pick);
  const file = openSync(path, "w");
  writeSync(file, start);
  ftruncateSync(file, size);
  closeSync(file);
  const evidence = { "header.bin": start, "size.txt": `${size} bytes in all, zeros after the header\n` };
  try {
    const lora = await openLora(path);
    await checkNumbers(lora.source);
    const { unet, text } = fitLora(lora, checkpoint);
    const wrong = misfit(unet, checkpoint.unet.weights, size) ?? misfit(text, checkpoint.text.weights, size);
    if (wrong !== undefined) throw new Fault(wrong, { evidence });
    return "read";
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (!isAppError(error, "checkpoint-invalid"))
      throw new Fault("refused with an error of another kind", { evidence, cause: error });
    if (!error.message.includes(path)) throw new Fault(`the message names no file: ${error.message}`, { evidence });
    return "refused";
  }
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
