/**
 * Opens a checkpoint that is one .safetensors file in the original layout. The weights stay where they are in it: they only get the
 * names that the network asks for. What the file lacks comes with the program: configurations by shapes and family, CLIP's tokenizer.
 */
import { basename, extname, resolve } from "node:path";
import type { Checkpoint, TextEncoder } from "../checkpoint.ts";
import { checkTogether } from "../recognise.ts";
import { openVae } from "../autoencoder.ts";
import { distilledOf } from "../distilled.ts";
import { refuse, type TensorEntry } from "../header.ts";
import { renamed, textName } from "../names.ts";
import { readSafetensors, type SafetensorsFile } from "../safetensors.ts";
import { sampleHash } from "../sampleHash.ts";
import type { TokenizerFiles } from "../tokenizerFiles.ts";
import { sizesOf, Weights } from "../weights.ts";
import {
  CONSTANTS,
  type FamilyConstants,
  schedulerConfigOf,
  textConfigOf,
  unetConfigOf,
  vaeConfigOf,
} from "./configs.ts";
import {
  CLIP_PREFIXES,
  FAMILY_NAMES,
  type Family,
  familyOf,
  OPEN_CLIP_PREFIXES,
  SECOND_PREFIXES,
  UNET_PREFIX,
  VAE_PREFIXES,
} from "./family.ts";
import { openClipTensors, STORED_PROJECTION, under, unetLayers, unetName, vaeName } from "./names.ts";
import { guessPrediction, type Prediction } from "./prediction.ts";

export interface SingleFileOptions {
  /** The person's word on what the network predicts; by default metadata and rules tell. */
  prediction?: Prediction;
  /** An autoencoder for a file that has none. */
  vae?: string;
  /** The file at the path, where its header was read already. */
  source?: SafetensorsFile;
  /** What shapes do not tell, where it is not the family's own. */
  constants?: Partial<FamilyConstants>;
}

type Table = Map<string, TensorEntry>;

/** Types that may stand in a checkpoint but hold no weights. */
const COMPUTABLE = new Set(["F32", "F16", "BF16"]);

export async function openSingleFile(path: string, options: SingleFileOptions = {}): Promise<Checkpoint> {
  const source = options.source ?? (await readSafetensors(resolve(path)));
  const { file, tensors } = source;
  const family = familyOf(source);
  const constants = { ...CONSTANTS[family], ...options.constants };
  const guess = await guessPrediction(source, family);
  const prediction = options.prediction ?? guess.prediction;

  const original = under(tensors, UNET_PREFIX);
  const layers = unetLayers(original.keys());
  const unet = renamed(original, (key) => unetName(key, layers));
  const lacksVae = under(tensors, ...VAE_PREFIXES).size === 0;
  const separate =
    lacksVae && options.vae !== undefined ? await openVae(options.vae, { family }, options.constants) : undefined;
  const vae = separate ? new Map<string, TensorEntry>() : vaeTable(tensors, file, family);
  const texts = textEncoders(tensors, file, family, constants);
  for (const table of [unet, vae, ...texts.map(({ table: each }) => each)]) refuseTypes(table, file);

  const name = basename(path, extname(path));
  const readsScale = unet.has("time_embedding.cond_proj.weight");
  const distilled = distilledOf({ names: [name], metadata: source.metadata, readsScale, family });

  const sampleSize = family === "sdxl" ? 128 : family === "sd2" && prediction === "v_prediction" ? 96 : 64;
  const pooledWidth = texts[1]?.projection;
  const unetConfig = unetConfigOf(unet, file, family, constants, {
    sampleSize,
    ...(pooledWidth === undefined ? {} : { pooledWidth }),
  });
  const vaeConfig = separate?.config ?? vaeConfigOf(vae, file, constants);
  const scheduler = schedulerConfigOf(family, prediction, tensors.has("ztsnr"));
  const [text, text2] = texts.map(({ table, ...rest }): TextEncoder => ({
    ...rest,
    weights: new Weights(table, file),
  }));
  checkTogether(file, unetConfig, vaeConfig, text!.config, text2);

  const used = new Set(
    [unet, vae, ...texts.map(({ table }) => table)].flatMap((table) => [...table.values()].map(({ key }) => key)),
  );
  const entries = [...tensors.values()].filter(({ key }) => used.has(key));
  return {
    path: resolve(path),
    name,
    family,
    unet: { config: unetConfig, weights: new Weights(unet, file) },
    vae: { config: vaeConfig, weights: separate?.weights ?? new Weights(vae, file) },
    text: text!,
    ...(text2 ? { text2 } : {}),
    scheduler,
    ...(guess.isStated ? {} : { isPredictionGuessed: true }),
    ...sizesOf(entries),
    ...(distilled ? { distilled } : {}),
    networkFile: file,
    notes: [
      `${FAMILY_NAMES[family]}, one file. It predicts ${prediction === "epsilon" ? "noise" : "velocity"}: ${options.prediction ? "you chose so" : guess.because}.`,
      ...leftAside([...tensors.keys()].filter((key) => !used.has(key))),
    ],
    hash: () =>
      sampleHash([source], JSON.stringify([unetConfig, vaeConfig, texts.map(({ config }) => config), scheduler])),
  };
}

function vaeTable(tensors: ReadonlyMap<string, TensorEntry>, file: string, family: Family): Table {
  const original = under(tensors, ...VAE_PREFIXES);
  if (original.size === 0) {
    const problem = `the file has no autoencoder (VAE), which ${FAMILY_NAMES[family]} needs to make a picture. Get the version of this model that has one, or draw with a separate one by the command line (--vae)`;
    refuse(file, undefined, problem, { expected: "first_stage_model" });
  }
  const levels = new Set([...original.keys()].flatMap((key) => /^decoder\.up\.(\d+)\./.exec(key)?.[1] ?? [])).size;
  return renamed(original, (key) => vaeName(key, levels));
}

interface Encoder extends Omit<TextEncoder, "weights"> {
  table: Table;
}

/** The family's text encoders in the order in which their states stand in the context. */
function textEncoders(
  tensors: ReadonlyMap<string, TensorEntry>,
  file: string,
  family: Family,
  constants: FamilyConstants,
): Encoder[] {
  const clip = (states: TextEncoder["states"]): Encoder => {
    const table = renamed(under(tensors, ...CLIP_PREFIXES), textName);
    return { table, config: textConfigOf(table, file, "quick_gelu", constants), states, tokenizer: tokenizer(file) };
  };
  const openClip = (prefixes: readonly string[], states: TextEncoder["states"]): Encoder => {
    const table = openClipTensors(under(tensors, ...prefixes));
    const config = textConfigOf(table, file, "gelu", constants);
    const projection = table.get(STORED_PROJECTION)?.shape[1] ?? table.get("text_projection.weight")?.shape[0];
    // The file has a layer more than 2.x computes with (diffusers drops it by its number, resblocks.23).
    if (family === "sd2")
      return { table, config: { ...config, layers: config.layers - 1 }, states, tokenizer: tokenizer(file, "!") };
    return {
      table,
      config,
      states,
      ...(projection === undefined ? {} : { projection }),
      tokenizer: tokenizer(file, "!"),
    };
  };
  if (family === "sd1") return [clip("last")];
  if (family === "sd2") return [openClip(OPEN_CLIP_PREFIXES, "last")];
  return [clip("penultimate"), openClip(SECOND_PREFIXES, "penultimate")];
}

/** CLIP's own vocabulary; OpenCLIP pads with "!". */
function tokenizer(path: string, pad = "<|endoftext|>"): TokenizerFiles {
  const end = "<|endoftext|>";
  return { path, start: "<|startoftext|>", end, pad, unknown: end, added: new Map() };
}

/** Eight-bit weights would be refused one by one as the network is built: here the whole file is, by name. */
function refuseTypes(table: Table, file: string): void {
  for (const { key, type } of table.values()) {
    if (COMPUTABLE.has(type)) continue;
    const what = type.startsWith("F8") ? "8-bit floating point numbers (fp8)" : `numbers of type ${type}`;
    const problem = `the weights are ${what}, which are not supported. Get the fp16 version of this model`;
    refuse(file, key, problem, { expected: "F32, F16 or BF16", found: type });
  }
}

/** What of the file is not used, in words. */
function leftAside(keys: readonly string[]): string[] {
  const ema = keys.filter((key) => key.startsWith("model_ema."));
  const buffers = keys.filter((key) =>
    /^(betas|alphas_cumprod|sqrt_|log_one_minus|posterior_|logvar|denoiser\.|v_pred$|ztsnr$|edm_)|position_ids$|logit_scale$/.test(
      key,
    ),
  );
  const others = keys.length - ema.length - buffers.length;
  return [
    ...(ema.length > 2 ? [`A second copy of the weights (EMA, ${ema.length} tensors) in it is left aside.`] : []),
    ...(others > 0 ? [`${others} tensors in it are not used.`] : []),
  ];
}
