/**
 * Opens a diffusers checkpoint folder as far as headers and configs, a few hundred kilobytes: what the network is, and
 * where in which file each of its weights lies.
 */
import { access } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseSchedulerConfig, parseTextConfig, parseVaeConfig } from "./config.ts";
import type { SchedulerConfig, TextConfig, VaeConfig } from "./config.ts";
import { readFields } from "./fields.ts";
import { renamed, textName, vaeName } from "./names.ts";
import { readPart } from "./parts.ts";
import { checkTogether, refuseOtherPipelines, refuseOtherThings } from "./recognise.ts";
import { parseRecommended, type Recommended } from "./recommended.ts";
import { sampleHash } from "./sampleHash.ts";
import { readTokenizer, type TokenizerFiles } from "./tokenizerFiles.ts";
import { parseUnetConfig, type UnetConfig } from "./unetConfig.ts";
import { Weights } from "./weights.ts";

export interface Checkpoint {
  /** The folder, absolute, as it was given (links not resolved). */
  path: string;
  name: string;
  unet: { config: UnetConfig; weights: Weights };
  vae: { config: VaeConfig; weights: Weights };
  /** Names are without `text_model.`, such as `encoder.layers.0.mlp.fc1.weight`. */
  text: { config: TextConfig; weights: Weights };
  scheduler: SchedulerConfig;
  tokenizer: TokenizerFiles;
  /** Bytes of weights on disk. */
  weightBytes: number;
  parameters: number;
  /** Settings that the checkpoint's makers recommend, from its diorama.json. */
  recommended?: Recommended;
  /** The file that holds the UNet, links resolved; undefined where it is spread over several. */
  networkFile?: string;
  /** Tells checkpoints apart without reading all of them; the text before the colon says how it was made. */
  hash(): Promise<string>;
}

/** Opens the folder at `path`; whatever is wrong with it is an `AppError` that says where. */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const folder = resolve(path);
  await refuseOtherThings(folder);
  const pipeline = await readFields(join(folder, "model_index.json"));
  refuseOtherPipelines(pipeline);

  const unetConfig = parseUnetConfig(await readFields(join(folder, "unet", "config.json")));
  const vaeConfig = parseVaeConfig(await readFields(join(folder, "vae", "config.json")));
  const textConfig = parseTextConfig(await readFields(join(folder, "text_encoder", "config.json")));
  const scheduler = parseSchedulerConfig(await readFields(join(folder, "scheduler", "scheduler_config.json")));
  checkTogether(folder, unetConfig, vaeConfig, textConfig);

  const unet = await readPart(join(folder, "unet"), "diffusion_pytorch_model");
  const vae = await readPart(join(folder, "vae"), "diffusion_pytorch_model");
  const text = await readPart(join(folder, "text_encoder"), "model");
  const tables = {
    unet: new Map(unet.tensors),
    vae: renamed(vae.tensors, vaeName),
    text: renamed(text.tensors, textName),
  };
  const entries = Object.values(tables).flatMap((table) => [...table.values()]);
  const tokenizer = await readTokenizer(
    join(folder, "tokenizer"),
    await exists(join(folder, "tokenizer")),
    textConfig.vocabSize,
  );
  const settings = join(folder, "diorama.json");
  const recommended = (await exists(settings)) ? parseRecommended(await readFields(settings)) : undefined;

  return {
    path: folder,
    name: displayName(folder),
    unet: { config: unetConfig, weights: new Weights(tables.unet, unet.path) },
    vae: { config: vaeConfig, weights: new Weights(tables.vae, vae.path) },
    text: { config: textConfig, weights: new Weights(tables.text, text.path) },
    scheduler,
    tokenizer,
    weightBytes: entries.reduce((sum, { length }) => sum + length, 0),
    parameters: entries.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    ...(recommended ? { recommended } : {}),
    ...(unet.files.length === 1 ? { networkFile: unet.files[0]!.file } : {}),
    hash: () =>
      sampleHash(
        [unet, vae, text].flatMap(({ files }) => files),
        JSON.stringify([unetConfig, vaeConfig, textConfig, scheduler]),
      ),
  };
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
