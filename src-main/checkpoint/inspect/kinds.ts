/** Which kind of file holds these tensors, told by keys and shapes; metadata only say for which network a part is made. */
import { isAppError } from "../../wire/errors.ts";
import type { ModelFacts, ModelFamily } from "../../api/models.ts";
import type { TensorEntry } from "../header.ts";
import type { SafetensorsFile } from "../safetensors.ts";
import { openSingleFile, type SingleFileOptions } from "../single/open.ts";
import { FAMILY_NAMES, UNET_PREFIX } from "../single/family.ts";

export type Recognised = Pick<ModelFacts, "kind" | "family" | "size" | "opens" | "why">;

type Table = ReadonlyMap<string, TensorEntry>;
type Metadata = ReadonlyMap<string, string>;

/** A file's whole contents as this module sees it. */
interface Seen {
  tensors: Table;
  metadata: Metadata;
  keys: readonly string[];
}

/** Widths of a text embedding and the network that reads it; bigG's own 1280 is the second half of XL's. */
const FAMILY_OF_WIDTH: Record<number, ModelFamily> = { 768: "sd1", 1024: "sd2", 1280: "sdxl", 2048: "sdxl" };

/** What the file at `path` is, by its header. */
export async function recogniseFile(
  path: string,
  source: SafetensorsFile,
  options: SingleFileOptions = {},
): Promise<Recognised> {
  const { tensors, metadata } = source;
  const open = { ...options, source };
  const seen: Seen = { tensors, metadata, keys: [...tensors.keys()] };
  if (tensors.has(`${UNET_PREFIX}input_blocks.0.0.weight`)) return checkpoint(path, "checkpoint", open);
  const part = PARTS.map((recognise) => recognise(seen)).find((found) => found !== undefined);
  return part ?? checkpoint(path, "other", open);
}

/** A checkpoint is opened as far as its header: what would be wrong then is told now. */
async function checkpoint(path: string, kind: "checkpoint" | "other", options: SingleFileOptions): Promise<Recognised> {
  try {
    const { family, notes } = await openSingleFile(path, options);
    return { kind, family, size: null, opens: true, why: notes.join(" ") };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const why = error.message.replace(/^.*?\.safetensors(?: at tensor "[^"]*")?: /s, "");
    return unsupported(kind, null, sentence(why));
  }
}

const PARTS: readonly ((seen: Seen) => Recognised | undefined)[] = [controlNet, lora, embedding, taesd, vae, clip];

function controlNet({ keys }: Seen): Recognised | undefined {
  if (!keys.some((key) => /^(control_model|controlnet_)|input_hint_block|controlnet_cond_embedding/.test(key))) return;
  return unsupported("other", null, "A ControlNet, which is not supported.");
}

const LORA = /^(lora_unet_|lora_te|lycoris_)|\.lora_(A|B|up|down)\b|\.lora\.(up|down)\.|_lora\.(up|down)\./;
const OTHER_ADAPTERS: readonly (readonly [RegExp, string])[] = [
  [/\.hada_w/, "LoHa"],
  [/\.lokr_w/, "LoKr"],
  [/\.dora_scale$/, "DoRA"],
  [/\.oft_(blocks|diag)/, "OFT"],
];

function lora(seen: Seen): Recognised | undefined {
  const { keys, tensors } = seen;
  const family = familyOfLora(seen);
  const other = OTHER_ADAPTERS.find(([pattern]) => keys.some((key) => pattern.test(key)));
  if (other) {
    const why = `A ${other[1]}, another form of LoRA, which is not supported. Get a version of it that is a plain LoRA or LoCon.`;
    return unsupported("lora", family, why);
  }
  if (!keys.some((key) => LORA.test(key))) return undefined;
  const strange = keys.find((key) =>
    /(double_blocks|single_blocks|transformer_blocks_\d+_attn_add|joint_blocks)/.test(key),
  );
  if (strange !== undefined)
    return unsupported("lora", null, "A LoRA for Flux or Stable Diffusion 3, which are not supported.");
  const ranks = [...tensors].flatMap(([key, { shape }]) =>
    /(lora_down|lora_A|lora\.down)\b/.test(key) ? (shape[0] ?? []) : [],
  );
  const rank = ranks.length > 0 ? ranks.reduce((most, each) => Math.max(most, each)) : null;
  const forWhat = family === null ? "" : ` for ${FAMILY_NAMES[family]}`;
  return {
    kind: "lora",
    family,
    size: rank,
    opens: true,
    why: `A LoRA${forWhat}${rank === null ? "" : `, rank ${rank}`}.`,
  };
}

/** By the width of the text that its cross-attention reads, else by what its training noted. */
function familyOfLora({ tensors, metadata, keys }: Seen): ModelFamily | null {
  if (keys.some((key) => key.startsWith("lora_te2_") || key.startsWith("text_encoder_2."))) return "sdxl";
  for (const [key, { shape }] of tensors) {
    if (!/attn2[_.]to_(k|v)[._].*(lora_down|lora_A|lora\.down)/.test(key) || shape.length < 2) continue;
    const family = FAMILY_OF_WIDTH[shape[1]!];
    if (family) return family;
  }
  return familyOfMetadata(metadata);
}

export function familyOfMetadata(metadata: Metadata): ModelFamily | null {
  const said = ["modelspec.architecture", "ss_base_model_version", "ss_sd_model_name"]
    .map((key) => metadata.get(key)?.toLowerCase() ?? "")
    .join(" ");
  if (/stable-diffusion-xl|sdxl/.test(said)) return "sdxl";
  if (/stable-diffusion-v2|sd_v2|sd_2/.test(said) || metadata.get("ss_v2") === "True") return "sd2";
  return /stable-diffusion-v1|sd_v1|sd_1/.test(said) ? "sd1" : null;
}

function embedding({ tensors, keys, metadata }: Seen): Recognised | undefined {
  if (keys.includes("clip_g") && keys.includes("clip_l")) return embeddingOf("sdxl", tensors.get("clip_g")!);
  const key =
    keys.find((each) => /^(emb_params|string_to_param(\..+)?|clip_l|clip_g|<.+>)$/.test(each)) ??
    (keys.length === 1 && isWords(tensors.get(keys[0]!)!) ? keys[0] : undefined);
  if (key === undefined) return undefined;
  const entry = tensors.get(key)!;
  return embeddingOf(familyOfMetadata(metadata) ?? FAMILY_OF_WIDTH[entry.shape.at(-1) ?? 0] ?? null, entry);
}

/** Some vectors of a width that a text encoder has. */
function isWords({ shape }: TensorEntry): boolean {
  return shape.length <= 2 && (shape.at(-1) ?? 0) in FAMILY_OF_WIDTH && (shape.length === 1 || shape[0]! <= 512);
}

function embeddingOf(family: ModelFamily | null, { shape }: TensorEntry): Recognised {
  const vectors = shape.length > 1 ? shape[0]! : 1;
  const forWhat = family === null ? "" : ` for ${FAMILY_NAMES[family]}`;
  const why = `An embedding (textual inversion)${forWhat} of ${vectors} ${vectors === 1 ? "vector" : "vectors"}.`;
  return { kind: "embedding", family, size: vectors, opens: true, why };
}

/** Whole, or its decoder alone; in diffusers' names or those of its maker, which are bare numbers. */
function taesd({ keys, metadata }: Seen): Recognised | undefined {
  const isTiny = keys.some((key) => /^(taesd_)?decoder\.(layers\.)?\d+\.(conv\.\d+\.)?weight$/.test(key));
  const isHalf = keys.length > 0 && keys.every((key) => /^\d+\.(conv\.\d+\.|skip\.)?(weight|bias)$/.test(key));
  if (!isTiny && !isHalf) return undefined;
  const why = "A tiny autoencoder (TAESD): previews and drafts in a fraction of the time.";
  return { kind: "taesd", family: familyOfMetadata(metadata), size: null, opens: true, why };
}

function vae({ keys, tensors, metadata }: Seen): Recognised | undefined {
  const decoder = /^(?:first_stage_model\.|vae\.)?decoder\.conv_in\.weight$/;
  const key = keys.find((each) => decoder.test(each));
  if (key === undefined) return undefined;
  const latent = tensors.get(key)!.shape[1];
  const family = familyOfMetadata(metadata);
  if (latent !== 4) {
    const why = `An autoencoder (VAE) of ${latent ?? 0} latent channels, for another kind of model. Stable Diffusion 1, 2 and XL have 4.`;
    return unsupported("vae", family, why);
  }
  return {
    kind: "vae",
    family,
    size: null,
    opens: true,
    why: "An autoencoder (VAE) alone: it decodes pictures in place of a checkpoint's own.",
  };
}

function clip({ keys }: Seen): Recognised | undefined {
  if (!keys.some((key) => key.startsWith("text_model.") || key.startsWith("text_projection"))) return undefined;
  if (keys.some((key) => key.startsWith("vision_model."))) {
    return {
      kind: "clip",
      family: null,
      size: null,
      opens: true,
      why: "A CLIP model: how well a picture fits its words.",
    };
  }
  return unsupported(
    "clip",
    null,
    "A text encoder alone: it is a part of a checkpoint, and used with the whole of it.",
  );
}

function unsupported(kind: ModelFacts["kind"], family: ModelFamily | null, why: string): Recognised {
  return { kind, family, size: null, opens: false, why };
}

function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.slice(0, 1).toUpperCase() + ended.slice(1);
}
