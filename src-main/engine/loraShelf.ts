/** The LoRAs of an open checkpoint: each file is read, checked and fitted to it once, and again when it has changed. */
import { stat } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import { AppError, isAppError } from "../wire/errors.ts";
import type { UsedLora } from "../scene/loras.ts";
import type { SceneLora } from "../scene/scene.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { fitLora, type FittedLora } from "../checkpoint/lora/fit.ts";
import { checkNumbers } from "../checkpoint/lora/numbers.ts";
import { openLora } from "../checkpoint/lora/open.ts";
import type { AppliedLora } from "./sessions/appliedLoras.ts";

/** Files whose tables are kept; they are small, as the weights stay where they are. */
const KEPT = 64;

export interface ShelvedLora extends AppliedLora {
  lora: SceneLora;
  /** SHA-256 of its weights. */
  hash: string;
}

interface Read {
  fitted: FittedLora;
  hash: string;
}

export class LoraShelf {
  readonly #checkpoint: Checkpoint;
  readonly #onNote: (note: string) => void;
  readonly #read = new LRUCache<string, Read>({ max: KEPT });

  /** `onNote` gets what a person should know of a LoRA, once. */
  constructor(checkpoint: Checkpoint, onNote: (note: string) => void) {
    this.#checkpoint = checkpoint;
    this.#onNote = onNote;
  }

  /** Throws `file-unreadable` where one is gone, `checkpoint-invalid` where one is damaged or for another model. */
  async take(used: readonly UsedLora[]): Promise<ShelvedLora[]> {
    const taken: ShelvedLora[] = [];
    for (const { lora, strength, textStrength } of used) {
      const path = lora.path ?? refuseUnknown(lora);
      const key = await keyOf(path, lora);
      const known = this.#read.get(key) ?? (await this.#open(path, lora));
      this.#read.set(key, known);
      if (taken.every((other) => other.key !== key)) taken.push({ lora, key, ...known, strength, textStrength });
    }
    return taken;
  }

  async #open(path: string, { name }: SceneLora): Promise<Read> {
    const lora = await openLora(path);
    const fitted = fitLora(lora, this.#checkpoint); // before all of it is read
    for (const note of fitted.notes) this.#onNote(`The LoRA "${name}": ${note}`);
    return { fitted, hash: await checkNumbers(lora.source) };
  }
}

function refuseUnknown({ name }: SceneLora): never {
  throw new AppError(
    "file-unreadable",
    `The LoRA "${name}" was not found. Choose its file in the list, or switch it off.`,
    { path: name },
  );
}

/** Path, size and time: what is known of a file without reading it. */
async function keyOf(path: string, { name }: SceneLora): Promise<string> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${path} ${size} ${mtimeMs}`;
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    const problem = `The LoRA "${name}" is not there any more (${path}). Put it back, choose its file in the list, or switch it off.`;
    throw new AppError("file-unreadable", problem, { path }, { cause });
  }
}
