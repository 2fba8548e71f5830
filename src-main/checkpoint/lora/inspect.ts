/** What a LoRA is and whether it fits a checkpoint, for a list that shows it. */
import { basename, extname } from "node:path";
import type { LoraFacts } from "../../scene/loras.ts";
import { isAppError } from "../../wire/errors.ts";
import { fewStepsOf } from "../distilled.ts";
import { openCheckpoint } from "../folder.ts";
import { displayName } from "../inspect.ts";
import { familyOfMetadata } from "../inspect/kinds.ts";
import { fitLora } from "./fit.ts";
import { statedBase, triggerWords } from "./metadata.ts";
import { checkNumbers } from "./numbers.ts";
import { openLora } from "./open.ts";

/**
 * Reads headers alone, and with `hash` all of the file. What is wrong with it, or that it is for another model, is `problem`: the list shows
 * it all the same. Rejects only where there is no hash to be had of a file that was chosen.
 */
export async function inspectLora(path: string, checkpoint: string | null, hash: boolean): Promise<LoraFacts> {
  const blank = { path, name: basename(path, extname(path)), base: null, words: [], notes: [], hash: null };
  try {
    const lora = await openLora(path);
    const { metadata } = lora.source;
    const keys = lora.source.tensors.keys();
    const family = familyOfMetadata(metadata);
    const fewSteps = fewStepsOf({ names: [displayName(path)], metadata, keys, ...(family ? { family } : {}) });
    const facts = {
      ...blank,
      ...(fewSteps ? { fewSteps } : {}),
      base: statedBase(metadata)?.text ?? null,
      words: triggerWords(metadata),
      notes: lora.notes,
      hash: hash ? await checkNumbers(lora.source) : null,
    };
    if (checkpoint === null) return { ...facts, problem: null };
    try {
      return { ...facts, notes: fitLora(lora, await openCheckpoint(checkpoint)).notes, problem: null };
    } catch (error) {
      if (!isAppError(error) || hash) throw error;
      return { ...facts, problem: error.message };
    }
  } catch (error) {
    if (!isAppError(error) || hash) throw error;
    return { ...blank, problem: error.message };
  }
}
