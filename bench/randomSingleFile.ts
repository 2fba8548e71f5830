/** Writes single files in the original layout, of Stable Diffusion 1.5's and of Stable Diffusion XL's size, with random weights. */
import { existsSync, renameSync } from "node:fs";
import path from "node:path";
import type { TextConfig, VaeConfig } from "../src-main/checkpoint/config.ts";
import { STORED_PROJECTION, unetName, vaeName } from "../src-main/checkpoint/single/names.ts";
import type { UnetConfig } from "../src-main/checkpoint/unetConfig.ts";
import type { Shape } from "../src-main/graph/graph.ts";
import { clipTextEncoder, clipTextPooled } from "../src-main/model/clip.ts";
import { unet } from "../src-main/model/unet.ts";
import { vaeDecoder, vaeEncoder } from "../src-main/model/vae.ts";
import { SD15_TEXT, SD15_UNET, SD15_VAE } from "./randomCheckpoint.ts";
import { tensorsOf, writeSafetensors } from "./randomWeights.ts";

type Tensors = Map<string, Shape>;

/** As the base model's folder says. */
const SDXL_UNET: UnetConfig = {
  ...SD15_UNET,
  blockOutChannels: [320, 640, 1280],
  downAttention: [false, true, true],
  upAttention: [true, true, false],
  layersPerBlock: [2, 2, 2],
  heads: [5, 10, 20],
  transformerDepth: [1, 2, 10],
  contextWidth: 2048,
  addition: { width: 2816, timeWidth: 256 },
};
const SDXL_TEXT2: TextConfig = {
  ...SD15_TEXT,
  hiddenSize: 1280,
  intermediateSize: 5120,
  layers: 32,
  heads: 20,
  activation: "gelu",
};
const LAYERS = 2;

const of = {
  unet: (config: UnetConfig) =>
    tensorsOf((m) => {
      const { g } = m;
      const { addition } = config;
      unet(m, config, {
        latent: g.input("x", "float32", [1, 4, 64, 64]),
        time: g.input("t", "float32", [1, 320]),
        context: g.input("c", "float32", [77, config.contextWidth]),
        ...(addition ? { addition: g.input("a", "float32", [1, addition.width]) } : {}),
      });
    }),
  vae: (config: VaeConfig) =>
    tensorsOf((m) => {
      vaeDecoder(m, config, m.g.input("z", "float32", [1, 4, 8, 8]));
      vaeEncoder(m, config, m.g.input("x", "float32", [1, 3, 64, 64]));
    }),
  clip: (config: TextConfig) => tensorsOf((m) => clipTextEncoder(m, config, { ids: m.g.input("ids", "int64", [77]) })),
  clipPooled: (config: TextConfig) =>
    tensorsOf((m) => {
      const { g } = m;
      const inputs = { ids: g.input("ids", "int64", [77]), end: g.input("end", "int64", [1]) };
      clipTextPooled(m, config, inputs, config.hiddenSize);
    }),
};

/** Every original name that could stand for one of `rests` in a block. */
function* candidates(sides: readonly string[], rests: ReadonlySet<string>): Iterable<string> {
  for (const side of sides) for (const rest of rests) yield `${side}.${rest}`;
}

/** `tensors` under the original names: those of `keys` that the reader gives a name of theirs. */
function renamed(tensors: Tensors, keys: Iterable<string>, nameOf: (key: string) => string | undefined): Tensors {
  const original = new Map<string, string>();
  for (const key of keys) {
    const name = nameOf(key);
    if (name !== undefined && !original.has(name)) original.set(name, key);
  }
  return new Map(
    [...tensors].map(([name, shape]) => {
      const key = original.get(name);
      if (key === undefined) throw new Error(`no original name for ${name}`);
      return [key, shape];
    }),
  );
}

const ends = (names: readonly string[]) => names.flatMap((name) => [`${name}.weight`, `${name}.bias`]);

function originalUnet(tensors: Tensors): Tensors {
  const rests = new Set(
    ends(["in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3", "skip_connection"]),
  );
  for (const name of tensors.keys()) rests.add(name.replace(/^.*attentions\.\d+\./, ""));
  const numbers = Array.from({ length: 12 }, (_, i) => i);
  const sides = [
    ...numbers.flatMap((i) => [0, 1].flatMap((part) => [`input_blocks.${i}.${part}`, `output_blocks.${i}.${part}`])),
    ...[0, 1, 2].map((part) => `middle_block.${part}`),
  ];
  const samplers = numbers
    .filter((i) => i % (LAYERS + 1) === 0)
    .flatMap((i) => ends([`input_blocks.${i}.0.op`, `output_blocks.${i + LAYERS}.2.conv`]));
  const single = ends(["time_embed.0", "time_embed.2", "label_emb.0.0", "label_emb.0.2"]);
  const keys = [...single, ...ends(["input_blocks.0.0", "out.0", "out.2"]), ...samplers, ...candidates(sides, rests)];
  return renamed(tensors, keys, (key) => unetName(key, LAYERS));
}

function originalVae(tensors: Tensors, levels: number): Tensors {
  const resnet = ends(["norm1", "conv1", "norm2", "conv2", "nin_shortcut"]);
  const keys = ends(["quant_conv", "post_quant_conv"]);
  for (const side of ["encoder", "decoder"]) {
    const rests = ends([
      "conv_in",
      "conv_out",
      "norm_out",
      ...["norm", "q", "k", "v", "proj_out"].map((n) => `mid.attn_1.${n}`),
    ]);
    for (const block of [1, 2]) rests.push(...resnet.map((rest) => `mid.block_${block}.${rest}`));
    for (let level = 0; level < levels; level++) {
      for (const way of ["down", "up"]) {
        rests.push(...ends([`${way}.${level}.${way}sample.conv`]));
        for (const j of [0, 1, 2]) rests.push(...resnet.map((rest) => `${way}.${level}.block.${j}.${rest}`));
      }
    }
    keys.push(...rests.map((rest) => `${side}.${rest}`));
  }
  return renamed(tensors, keys, (key) => vaeName(key, levels));
}

/** An OpenCLIP tower's own names, its q, k and v in one. */
function openClip(tensors: Tensors): Tensors {
  const out: Tensors = new Map();
  for (const [name, shape] of tensors) {
    const key = name
      .replace(/^embeddings\.position_embedding\.weight$/, "positional_embedding")
      .replace(/^embeddings\./, "")
      .replace(/^final_layer_norm\./, "ln_final.")
      .replace(/^encoder\.layers\./, "transformer.resblocks.")
      .replace(/\.self_attn\.out_proj\./, ".attn.out_proj.")
      .replace(/\.layer_norm([12])\./, ".ln_$1.")
      .replace(".mlp.fc1.", ".mlp.c_fc.")
      .replace(".mlp.fc2.", ".mlp.c_proj.")
      .replace(STORED_PROJECTION, "text_projection");
    const part = /^(.*)\.self_attn\.([qkv])_proj\.(weight|bias)$/.exec(key);
    if (!part) out.set(key, shape);
    else if (part[2] === "q") out.set(`${part[1]!}.attn.in_proj_${part[3]!}`, [3 * shape[0]!, ...shape.slice(1)]);
  }
  return out;
}

const prefixed = (prefix: string, tensors: Tensors) =>
  [...tensors].map(([key, shape]) => [prefix + key, shape] as const);

export type SingleFileSize = "sd15" | "sdxl";

function tensorsOfSize(size: SingleFileSize): Tensors {
  const network = (config: UnetConfig) => prefixed("model.diffusion_model.", originalUnet(of.unet(config)));
  const vae = prefixed("first_stage_model.", originalVae(of.vae(SD15_VAE), SD15_VAE.blockOutChannels.length));
  const clip = of.clip(SD15_TEXT);
  if (size === "sd15") {
    return new Map([...network(SD15_UNET), ...vae, ...prefixed("cond_stage_model.transformer.text_model.", clip)]);
  }
  return new Map([
    ...network(SDXL_UNET),
    ...vae,
    ...prefixed("conditioner.embedders.0.transformer.text_model.", clip),
    ...prefixed("conditioner.embedders.1.model.", openClip(of.clipPooled(SDXL_TEXT2))),
  ]);
}

/** The single file in 16 bits below `cache`, written first where it is not there: 2.1 or 6.9 GB. */
export function randomSingleFile(cache: string, size: SingleFileSize): string {
  const file = path.join(cache, `random-${size}-float16.safetensors`);
  if (existsSync(file)) return file;
  writeSafetensors(`${file}.part`, tensorsOfSize(size), true);
  renameSync(`${file}.part`, file);
  return file;
}
