/**
 * Opens a folder of CLIP (transformers' CLIPModel), both towers: what compares pictures with texts. Weights stay in their file; texts are
 * read with the folder's own tokenizer, or with CLIP's where it has none.
 */
import { join } from "node:path";
import { parseTextConfig, type TextConfig } from "./config.ts";
import { Fields, isRecord, readFields } from "./fields.ts";
import { projectedTextName, renamed } from "./names.ts";
import { readPart } from "./parts.ts";
import { namesIn } from "./safetensors.ts";
import { readTokenizer, type TokenizerFiles } from "./tokenizerFiles.ts";
import { Weights } from "./weights.ts";

export interface VisionConfig extends Pick<
  TextConfig,
  "hiddenSize" | "intermediateSize" | "layers" | "heads" | "activation" | "layerNormEps"
> {
  /** Pixels of a side of the square that it sees, and of the squares that are its tokens. */
  side: number;
  patch: number;
}

/** What is done to a picture before the tower sees it: by channel, of values from 0 to 1. */
export interface ClipPixels {
  side: number;
  mean: readonly number[];
  deviation: readonly number[];
}

export interface ClipCheckpoint {
  path: string;
  /** Numbers of the vectors that are compared. */
  projection: number;
  text: { config: TextConfig; weights: Weights; tokenizer: TokenizerFiles };
  vision: { config: VisionConfig; weights: Weights };
  pixels: ClipPixels;
}

/** OpenAI's, which nearly all files have. */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/** Throws `checkpoint-invalid` or `file-unreadable`, with the file and what is wrong. */
export async function openClip(folder: string): Promise<ClipCheckpoint> {
  const fields = await readFields(join(folder, "config.json"));
  fields.oneOf("model_type", undefined, ["clip"]);
  const text = parseTextConfig(inner(fields, "text_config"));
  const vision = parseVisionConfig(inner(fields, "vision_config"));
  const projection = fields.count("projection_dim", 512, { most: 65_536 });
  const part = await readPart(folder, "model");
  const names = await namesIn(folder);
  const preprocessor = names.includes("preprocessor_config.json")
    ? await readFields(join(folder, "preprocessor_config.json"))
    : undefined;
  return {
    path: folder,
    projection,
    text: {
      config: text,
      weights: new Weights(renamed(part.tensors, textTowerName), part.path),
      tokenizer: await readTokenizer(folder, true, text.vocabSize),
    },
    vision: { config: vision, weights: new Weights(new Map(part.tensors), part.path) },
    pixels: {
      side: vision.side,
      mean: channels(preprocessor, "image_mean", MEAN),
      deviation: channels(preprocessor, "image_std", DEVIATION),
    },
  };
}

function textTowerName(key: string): string | undefined {
  return key.startsWith("text_") ? projectedTextName(key) : undefined;
}

function parseVisionConfig(fields: Fields): VisionConfig {
  const hiddenSize = fields.count("hidden_size", 768, { most: 65_536 });
  const heads = fields.count("num_attention_heads", 12, { most: 1024 });
  if (hiddenSize % heads !== 0) fields.wrong("num_attention_heads", `a divisor of hidden_size, ${hiddenSize}`, heads);
  const side = fields.count("image_size", 224, { most: 4096 });
  const patch = fields.count("patch_size", 32, { most: side });
  if (side % patch !== 0) fields.wrong("patch_size", `a divisor of image_size, ${side}`, patch);
  fields.only("num_channels", 3);
  return {
    hiddenSize,
    intermediateSize: fields.count("intermediate_size", 3072, { most: 65_536 }),
    layers: fields.count("num_hidden_layers", 12, { most: 256 }),
    heads,
    activation: fields.oneOf("hidden_act", "quick_gelu", ["quick_gelu", "gelu"]),
    layerNormEps: fields.number("layer_norm_eps", 1e-5, { least: 0, most: 1 }),
    side,
    patch,
  };
}

/** Three numbers, one for each of red, green and blue. */
function channels(fields: Fields | undefined, name: string, usual: readonly number[]): readonly number[] {
  const value = fields?.get(name) ?? usual;
  const isGood = (n: unknown) => typeof n === "number" && Number.isFinite(n) && n > 0;
  if (!Array.isArray(value) || value.length !== 3 || !value.every(isGood)) {
    (fields ?? new Fields({}, name)).wrong(name, "three numbers above 0", value);
  }
  return value as number[];
}

function inner(fields: Fields, name: string): Fields {
  const value = fields.get(name) ?? {};
  if (!isRecord(value)) fields.wrong(name, "an object", value);
  return new Fields(value, `${fields.path} (${name})`);
}
