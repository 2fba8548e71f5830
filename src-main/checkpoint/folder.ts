/**
 * Opens a checkpoint, a diffusers folder or a single file, as far as headers and configs, a few hundred kilobytes: what the network is, and
 * where in which file each of its weights lies.
 */
import { access, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { AppError } from "../wire/errors.ts";
import type { Checkpoint, TextEncoder } from "./checkpoint.ts";
import { distilledOf } from "./distilled.ts";
import { parseSchedulerConfig, parseTextConfig, parseVaeConfig } from "./config.ts";
import { readFields } from "./fields.ts";
import { projectedTextName, renamed, textName, vaeName } from "./names.ts";
import type { TensorEntry } from "./header.ts";
import { type Part, readPart } from "./parts.ts";
import { checkTogether, refuseHalf, refuseOtherPipelines, refuseOtherThings } from "./recognise.ts";
import { parseRecommended } from "./recommended.ts";
import { orUnreadable } from "./safetensors.ts";
import { sampleHash } from "./sampleHash.ts";
import { openSingleFile, type SingleFileOptions } from "./single/open.ts";
import { readTokenizer } from "./tokenizerFiles.ts";
import { parseUnetConfig } from "./unetConfig.ts";
import { sizesOf, Weights } from "./weights.ts";

/** Opens the folder or single file at `path`; whatever is wrong with it is an `AppError` that says where. */
export async function openCheckpoint(path: string, options: SingleFileOptions = {}): Promise<Checkpoint> {
  const absolute = resolve(path);
  const status = await stat(absolute).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT")
      return orUnreadable(absolute, () => Promise.reject(cause as Error));
    const message = `There is no checkpoint at ${absolute}: it was moved, renamed or deleted, or its disk is not connected. Connect it, or choose another checkpoint.`;
    throw new AppError("file-unreadable", message, { path: absolute }, { cause });
  });
  return status.isFile() && extname(path).toLowerCase() === ".safetensors"
    ? openSingleFile(absolute, options)
    : openFolder(absolute);
}

async function openFolder(folder: string): Promise<Checkpoint> {
  await refuseOtherThings(folder);
  const pipeline = await readFields(join(folder, "model_index.json"));
  const isXl = refuseOtherPipelines(pipeline);
  await refuseHalf(folder, isXl);

  const unetConfig = parseUnetConfig(await readFields(join(folder, "unet", "config.json")));
  const vaeConfig = parseVaeConfig(await readFields(join(folder, "vae", "config.json")));
  const scheduler = parseSchedulerConfig(await readFields(join(folder, "scheduler", "scheduler_config.json")));
  const text = await readTextEncoder(folder, "", isXl ? "penultimate" : "last");
  const text2 = isXl ? await readTextEncoder(folder, "_2", "penultimate") : undefined;
  checkTogether(folder, unetConfig, vaeConfig, text.encoder.config, text2?.encoder);

  const unet = await readPart(join(folder, "unet"), "diffusion_pytorch_model");
  const vae = await readPart(join(folder, "vae"), "diffusion_pytorch_model");
  const vaeTable = renamed(vae.tensors, vaeName);
  const texts = [text, ...(text2 ? [text2] : [])];
  const entries = [unet.tensors, vaeTable, ...texts.map(({ table }) => table)].flatMap((table) => [...table.values()]);
  const settings = join(folder, "diorama.json");
  const recommended = (await exists(settings)) ? parseRecommended(await readFields(settings)) : undefined;

  const family = isXl ? "sdxl" : text.encoder.config.activation === "gelu" ? "sd2" : "sd1";
  const name = displayName(folder);
  const distilled = distilledOf({
    names: [name],
    readsScale: unetConfig.guidanceWidth !== undefined,
    scheduler: scheduler.className,
    family,
  });

  return {
    path: folder,
    name,
    family,
    unet: { config: unetConfig, weights: new Weights(new Map(unet.tensors), unet.path) },
    vae: { config: vaeConfig, weights: new Weights(vaeTable, vae.path) },
    text: text.encoder,
    ...(text2 ? { text2: text2.encoder } : {}),
    scheduler,
    ...sizesOf(entries),
    ...(recommended ? { recommended } : {}),
    ...(distilled ? { distilled } : {}),
    ...(unet.files.length === 1 ? { networkFile: unet.files[0]!.file } : {}),
    notes: [],
    hash: () =>
      sampleHash(
        [unet, vae, ...texts.map(({ part }) => part)].flatMap(({ files }) => files),
        JSON.stringify([unetConfig, vaeConfig, ...texts.map(({ encoder }) => encoder.config), scheduler]),
      ),
  };
}

interface FolderEncoder {
  encoder: TextEncoder;
  part: Part;
  table: Map<string, TensorEntry>;
}

/** The text encoder and its tokenizer; `ending` is "" or "_2". */
async function readTextEncoder(folder: string, ending: string, states: TextEncoder["states"]): Promise<FolderEncoder> {
  const fields = await readFields(join(folder, `text_encoder${ending}`, "config.json"));
  const config = parseTextConfig(fields);
  const part = await readPart(join(folder, `text_encoder${ending}`), "model");
  const table = renamed(part.tensors, ending === "" ? textName : projectedTextName);
  const tokenizers = join(folder, `tokenizer${ending}`);
  const tokenizer = await readTokenizer(tokenizers, await exists(tokenizers), config.vocabSize);
  const projection = ending === "" ? undefined : fields.count("projection_dim", 512, { most: 65_536 });
  const weights = new Weights(table, part.path);
  return { part, table, encoder: { config, weights, states, tokenizer, ...(projection ? { projection } : {}) } };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The folder's name; for a snapshot in the Hugging Face cache, `models--owner--name/snapshots/<commit>`, owner/name. */
function displayName(folder: string): string {
  const entry = basename(dirname(dirname(folder)));
  if (basename(dirname(folder)) === "snapshots" && entry.startsWith("models--"))
    return entry.slice("models--".length).replaceAll("--", "/");
  return basename(folder);
}
