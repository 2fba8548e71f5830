/**
 * Autoencoders from files of their own: a VAE in place of a checkpoint's, in diffusers' layout or the original one, and tiny autoencoders
 * (TAESD). As with checkpoints the weights stay where they lie.
 */
import { stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { parseVaeConfig, type VaeConfig } from "./config.ts";
import { readFields } from "./fields.ts";
import { refuse, type TensorEntry } from "./header.ts";
import { renamed, vaeName as folderName } from "./names.ts";
import { readPart } from "./parts.ts";
import { namesIn, orUnreadable, readSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { sampleHash } from "./sampleHash.ts";
import { CONSTANTS, type FamilyConstants, vaeConfigOf } from "./single/configs.ts";
import { type Family, FAMILY_NAMES, VAE_PREFIXES } from "./single/family.ts";
import { describeKeys, under, vaeName } from "./single/names.ts";
import { refusePickles } from "./weightFiles.ts";
import { sizesOf, Weights } from "./weights.ts";

type Table = ReadonlyMap<string, TensorEntry>;

/** The name it goes by, and what tells it apart. */
export interface NamedPart {
  name: string;
  hash(): Promise<string>;
}

export interface SeparateVae extends NamedPart {
  config: VaeConfig;
  weights: Weights;
  weightBytes: number;
  parameters: number;
  notes: string[];
}

export interface TinyAutoencoder extends NamedPart {
  /** Names as diffusers' AutoencoderTiny has them below `decoder`: `layers.0.weight`. */
  weights: Weights;
}

/** The files of one part and their tensors, from a folder or a single file. */
async function readTable(
  path: string,
): Promise<{ files: readonly SafetensorsFile[]; tensors: Table; folder?: string }> {
  const status = await orUnreadable(path, () => stat(path));
  if (status.isFile()) {
    refusePickles([basename(path)], path);
    if (extname(path).toLowerCase() !== ".safetensors") {
      refuse(path, undefined, "this is no .safetensors file. Get the .safetensors version of it", {
        expected: ".safetensors",
      });
    }
    const file = await readSafetensors(path);
    return { files: [file], tensors: file.tensors };
  }
  const names = await namesIn(path);
  const folder = names.includes("config.json") || !names.includes("vae") ? path : join(path, "vae"); // a whole checkpoint's
  const part = await readPart(folder, "diffusion_pytorch_model");
  return { files: part.files, tensors: part.tensors, folder };
}

/** What is asked of an autoencoder: the family of the checkpoint, and the checkpoint's own, where it has one. */
interface Wanted {
  family: Family;
  vae?: { config: VaeConfig };
}

/** Channels of every latent of Stable Diffusion 1, 2 and XL. */
const LATENT_CHANNELS = 4;

/**
 * The autoencoder at `path` for a checkpoint of this family. Throws `checkpoint-invalid` where it is none, or none that fits; what only
 * looks odd is in its notes.
 */
export async function openVae(
  path: string,
  { family, vae }: Wanted,
  constants: Partial<FamilyConstants> = {},
): Promise<SeparateVae> {
  const absolute = resolve(path);
  const { files, tensors, folder } = await readTable(absolute);
  const known = { ...CONSTANTS[family], ...constants };
  const isTiny = [...tensors.keys()].some((key) => /^(?:decoder\.layers\.)?\d+\.(?:conv\.\d|weight)/.test(key));
  if (isTiny)
    refuse(absolute, undefined, "this is a tiny autoencoder (TAESD): choose it for previews and drafts instead");
  const table = tableOf(tensors);
  if (table.size === 0) {
    refuse(absolute, undefined, `this is no autoencoder (${describeKeys(tensors.keys())})`, {
      expected: "decoder.conv_in.weight",
    });
  }
  const config = folder
    ? parseVaeConfig(await readFields(join(folder, "config.json")))
    : vaeConfigOf(table, absolute, known);
  const channels = vae?.config.latentChannels ?? LATENT_CHANNELS;
  if (config.latentChannels !== channels) {
    const problem = `this autoencoder reads latents of ${config.latentChannels} channels, but the checkpoint makes ${channels}`;
    refuse(absolute, undefined, problem, {
      expected: String(channels),
      found: String(config.latentChannels),
    });
  }
  const levels = vae?.config.blockOutChannels.length ?? config.blockOutChannels.length;
  const factor = 2 ** (config.blockOutChannels.length - levels);
  if (factor !== 1) {
    refuse(absolute, undefined, `this autoencoder makes pictures ${factor} times as large as the checkpoint's own`);
  }
  const scalingFactor = vae?.config.scalingFactor ?? known.scalingFactor;
  const isOther = folder !== undefined && Math.abs(config.scalingFactor - scalingFactor) > 1e-3;
  const name = displayName(absolute);
  return {
    name,
    // Latents are of the scale that the checkpoint was trained with.
    config: { ...config, scalingFactor },
    weights: new Weights(table, absolute),
    ...sizesOf([...table.values()]),
    notes: isOther
      ? [
          `The autoencoder ${name} is made for another network than ${FAMILY_NAMES[family]}: colours will be wrong. Choose another one.`,
        ]
      : [],
    hash: () => sampleHash(files, JSON.stringify(config)),
  };
}

/** Names as in a folder, from diffusers' layout or the original one, with or without a prefix. */
function tableOf(tensors: Table): Map<string, TensorEntry> {
  const inner = under(tensors, ...VAE_PREFIXES);
  const own = inner.size > 0 ? inner : new Map(tensors);
  const levels = new Set([...own.keys()].flatMap((key) => /^decoder\.up\.(\d+)\./.exec(key)?.[1] ?? [])).size;
  if (levels > 0) return renamed(own, (key) => vaeName(key, levels));
  return renamed(own, (key) => (/^(?:decoder|encoder|(?:post_)?quant_conv)\./.test(key) ? folderName(key) : undefined));
}

/** The checkpoint with another autoencoder. */
export function withVae(checkpoint: Checkpoint, vae: SeparateVae): Checkpoint {
  return {
    ...checkpoint,
    vae: { config: vae.config, weights: vae.weights },
    notes: [...checkpoint.notes, ...vae.notes],
  };
}

/**
 * A tiny autoencoder's decoder at `path`: `taesd_decoder.safetensors` as its author writes it, or diffusers' AutoencoderTiny as a file or
 * folder. Throws `checkpoint-invalid` where it is none.
 */
export async function openTiny(path: string): Promise<TinyAutoencoder> {
  const absolute = resolve(path);
  const { files, tensors } = await readTable(absolute);
  const table = renamed(tensors, tinyName);
  if (!table.has("layers.0.weight") || !table.has("layers.2.conv.0.weight")) {
    const problem = `this is no tiny autoencoder's decoder (${describeKeys(tensors.keys())}). Choose taesd_decoder.safetensors, for SDXL taesdxl_decoder.safetensors, or diffusers' AutoencoderTiny`;
    refuse(absolute, undefined, problem, { expected: "1.weight or decoder.layers.0.weight" });
  }
  return { name: displayName(absolute), weights: new Weights(table, absolute), hash: () => sampleHash(files, "tiny") };
}

/** The author's decoder is one list that begins with the clamp, which diffusers' does not count. */
function tinyName(key: string): string | undefined {
  const diffusers = /^decoder\.(layers\..+)$/.exec(key);
  if (diffusers) return diffusers[1];
  const author = /^(?:decoder\.|taesd_decoder\.)?(\d+)\.(.+)$/.exec(key);
  return author ? `layers.${Number(author[1]) - 1}.${author[2]!}` : undefined;
}

/** The file's or folder's name; of a part that everyone calls the same, the folder's above. */
function displayName(path: string): string {
  const own = basename(path, extname(path) === ".safetensors" ? ".safetensors" : "");
  return /^(?:diffusion_pytorch_model(?:\..+)?|vae|snapshots|[0-9a-f]{40})$/.test(own) && resolve(path, "..") !== path
    ? displayName(resolve(path, ".."))
    : own;
}
