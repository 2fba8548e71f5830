/** What a file or folder of weights is, by its header alone: its kind, and whether and why not it opens. Never reads weights. */
import { stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { isAppError, messageOf } from "../wire/errors.ts";
import type { ModelFacts } from "../api/models.ts";
import { readFields } from "./fields.ts";
import { openCheckpoint } from "./folder.ts";
import { recogniseFile } from "./inspect/kinds.ts";
import { boundedMetadata, thumbnailOf } from "./inspect/metadata.ts";
import { namesIn, orUnreadable, readSafetensors } from "./safetensors.ts";
import type { SingleFileOptions } from "./single/open.ts";
import { refusePickles } from "./weightFiles.ts";
import { precisionsOf, sizesOf } from "./weights.ts";

/**
 * Resolves for anything that is there, also for what does not open: `why` says then what it is and what to do. Rejects with
 * `file-unreadable` only where nothing can be read at `path`.
 */
export async function inspect(path: string, options: SingleFileOptions = {}): Promise<ModelFacts> {
  const absolute = resolve(path);
  const status = await orUnreadable(absolute, () => stat(absolute));
  if (status.isDirectory()) return inspectFolder(absolute);
  const name = displayName(absolute);
  const blank = { ...BLANK, path: absolute, name, form: "file", bytes: status.size } as const;
  const refused = whyNeverRead(absolute);
  if (refused !== undefined) return { ...blank, why: refused };
  try {
    const source = await readSafetensors(absolute);
    const { tensors, metadata } = source;
    const recognised = await recogniseFile(absolute, source, options);
    const entries = [...tensors.values()];
    return {
      ...blank,
      ...recognised,
      parameters: sizesOf(entries).parameters,
      precision: precisionsOf(entries),
      metadata: boundedMetadata(metadata),
      thumbnail: thumbnailOf(metadata) !== undefined,
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { ...blank, why: plain(error.message, absolute) };
  }
}

const BLANK = {
  kind: "other",
  family: null,
  parameters: 0,
  precision: [],
  size: null,
  opens: false,
  metadata: [],
  thumbnail: false,
} satisfies Partial<ModelFacts>;

/** A checkpoint in diffusers' layout, or the folder of one part of it. */
async function inspectFolder(folder: string): Promise<ModelFacts> {
  const name = displayName(folder);
  const blank = { ...BLANK, path: folder, name, form: "folder", bytes: 0 } as const;
  const names = await namesIn(folder);
  if (!names.includes("model_index.json") && names.includes("config.json")) {
    const weights = names.find((each) => each.endsWith(".safetensors"));
    if (weights !== undefined) return { ...(await inspect(join(folder, weights))), path: folder, name, form: "folder" };
  }
  try {
    const checkpoint = await openCheckpoint(folder);
    return {
      ...blank,
      kind: "checkpoint",
      family: checkpoint.family,
      bytes: checkpoint.weightBytes,
      parameters: checkpoint.parameters,
      precision: checkpoint.unet.weights.precisions(),
      opens: true,
      why: checkpoint.notes.join(" ") || "A checkpoint in diffusers' layout.",
      metadata: await indexFacts(folder),
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const kind = names.includes("model_index.json") ? "checkpoint" : "other";
    return { ...blank, kind, why: plain(error.message, folder) };
  }
}

/** What the folder's own index says of it. */
async function indexFacts(folder: string): Promise<ModelFacts["metadata"]> {
  const index = await readFields(join(folder, "model_index.json"));
  const told = ["_class_name", "_diffusers_version", "_name_or_path"].flatMap((key) => {
    const value = index.get(key);
    return typeof value === "string" ? [[key, value] as const] : [];
  });
  return boundedMetadata(new Map(told));
}

/** Why files of this ending are never opened, and what to do instead. */
function whyNeverRead(path: string): string | undefined {
  const ending = extname(path).toLowerCase();
  if (ending === ".safetensors") return undefined;
  if (ending === ".gguf") {
    return "A GGUF file, whose weights are packed in a form that is not supported. Get the .safetensors version of this model.";
  }
  try {
    refusePickles([basename(path)], path);
  } catch (error) {
    return plain(messageOf(error), path);
  }
  return "No file of weights: checkpoints, LoRAs and the like are .safetensors files, or folders in diffusers' layout.";
}

/** A message about the file, without its path, which stands beside it. */
function plain(message: string, path: string): string {
  const rest = message.startsWith(path) ? message.slice(path.length).replace(/^:? /, "") : message;
  return rest.slice(0, 1).toUpperCase() + rest.slice(1);
}

/** Names that say nothing: then the folder's is meant, or the repository's in the Hugging Face cache. */
const NAMELESS = /^(diffusion_pytorch_model|model|pytorch_model|pytorch_lora_weights|snapshots|[0-9a-f]{40})$/;

export function displayName(path: string): string {
  const own = basename(path).replace(/\.(safetensors|ckpt|pt|pth|bin|gguf)$/i, "");
  if (!NAMELESS.test(own.replace(/\.(fp16|fp32|bf16)$/, ""))) return own;
  const repository = /(?:^|[\\/])models--([^\\/]+)[\\/]snapshots[\\/][^\\/]+(?:[\\/](.+))?$/.exec(path);
  if (repository) {
    const inside = dirname(repository[2] ?? ".");
    return repository[1]!.replaceAll("--", "/") + (inside === "." ? "" : `/${inside}`);
  }
  const above = dirname(path);
  return above === path || basename(above) === "" ? own : displayName(above);
}
