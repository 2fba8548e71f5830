/** What a single file's network predicts, noise or velocity: its keys and shapes do not say. */
import { open } from "node:fs/promises";
import type { SchedulerConfig } from "../config.ts";
import { decodeNumbers } from "../floats.ts";
import type { TensorEntry } from "../header.ts";
import { orUnreadable, readExactly, type SafetensorsFile } from "../safetensors.ts";
import type { Family } from "./family.ts";
import { UNET_PREFIX } from "./family.ts";

export type Prediction = SchedulerConfig["prediction"];

export interface PredictionGuess {
  prediction: Prediction;
  /** In words, for `inspect` and the window: what told it. */
  because: string;
  /** It is stated, not guessed. */
  isStated: boolean;
}

/** Its spread tells the velocity models of Stable Diffusion 2 from the others: known of the published checkpoints. */
const TELLING = `${UNET_PREFIX}output_blocks.11.1.transformer_blocks.0.norm1.bias`;
const VELOCITY_SPREAD = 0.09;

/** By the file's metadata, else by the rules known of its family. */
export async function guessPrediction(file: SafetensorsFile, family: Family): Promise<PredictionGuess> {
  const stated = file.metadata.get("modelspec.prediction_type")?.toLowerCase();
  if (stated === "epsilon") return { prediction: "epsilon", because: "its metadata say so", isStated: true };
  if (stated === "v" || stated === "v_prediction")
    return { prediction: "v_prediction", because: "its metadata say so", isStated: true };
  const trained = file.metadata.get("ss_v_parameterization")?.toLowerCase();
  if (trained === "true")
    return { prediction: "v_prediction", because: "its training's metadata say so", isStated: true };
  if (file.tensors.has("v_pred"))
    return { prediction: "v_prediction", because: "it holds the mark v_pred", isStated: true };
  const architecture = file.metadata.get("modelspec.architecture")?.toLowerCase() ?? "";
  if (architecture.startsWith("stable-diffusion-v2-768-v")) {
    return { prediction: "v_prediction", because: "its metadata name the 768 model", isStated: true };
  }
  if (family !== "sd2") return { prediction: "epsilon", because: "nearly all models of its kind do", isStated: false };
  const telling = file.tensors.get(TELLING);
  const spread = telling && (await deviation(telling));
  if (spread === undefined)
    return { prediction: "v_prediction", because: "the 768 model of its kind does", isStated: false };
  return spread > VELOCITY_SPREAD
    ? { prediction: "v_prediction", because: "its weights are spread as the 768 model's are", isStated: false }
    : { prediction: "epsilon", because: "its weights are spread as the 512 base model's are", isStated: false };
}

/** Standard deviation of a small tensor; undefined where it is of no type that can be computed with. */
async function deviation({ file, offset, length, type, shape }: TensorEntry): Promise<number | undefined> {
  if (shape.length !== 1 || length > 65_536) return undefined;
  const handle = await orUnreadable(file, () => open(file, "r"));
  try {
    const values = decodeNumbers(await readExactly(handle, offset, length, file), type);
    if (!values) return undefined;
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  } finally {
    await handle.close();
  }
}
