/**
 * The configurations that a single file lacks: sizes by its tensors' shapes, the rest by what all models of a family share. Tables
 * are under diffusers' names (names.ts).
 */
import type { SchedulerConfig, TextConfig, VaeConfig } from "../config.ts";
import { refuse, type TensorEntry } from "../header.ts";
import type { UnetConfig } from "../unetConfig.ts";
import type { Family } from "./family.ts";

type Table = ReadonlyMap<string, TensorEntry>;

/** What shapes do not tell. */
export interface FamilyConstants {
  /** Heads of every attention (1.x) or channels of one head (2.x, XL). */
  heads: { count: number } | { width: number };
  textHeadWidth: number;
  unetGroups: number;
  vaeGroups: number;
  scalingFactor: number;
}

export const CONSTANTS: Record<Family, FamilyConstants> = {
  sd1: { heads: { count: 8 }, textHeadWidth: 64, unetGroups: 32, vaeGroups: 32, scalingFactor: 0.18215 },
  sd2: { heads: { width: 64 }, textHeadWidth: 64, unetGroups: 32, vaeGroups: 32, scalingFactor: 0.18215 },
  sdxl: { heads: { width: 64 }, textHeadWidth: 64, unetGroups: 32, vaeGroups: 32, scalingFactor: 0.13025 },
};

/** Numbers that stand behind `prefix` in the table's names are 0 to this, exclusive. */
function count(table: Table, prefix: string): number {
  let most = 0;
  for (const name of table.keys()) {
    if (!name.startsWith(prefix)) continue;
    const n = /^(\d+)\./.exec(name.slice(prefix.length))?.[1];
    if (n !== undefined) most = Math.max(most, Number(n) + 1);
  }
  return most;
}

/** One side of a tensor that must be there. */
function side(table: Table, file: string, name: string, axis: number): number {
  const entry = table.get(name);
  if (!entry)
    refuse(file, undefined, `the tensor that is ${name} in a diffusers folder is missing`, { expected: name });
  const size = entry.shape[axis];
  if (size === undefined || size < 1) {
    refuse(file, entry.key, `expected at least ${axis + 1} dimensions, found [${entry.shape.join(", ")}]`);
  }
  return size;
}

const MOST_LEVELS = 8;

export function unetConfigOf(
  table: Table,
  file: string,
  family: Family,
  constants: FamilyConstants,
  { sampleSize, pooledWidth }: { sampleSize: number; pooledWidth?: number },
): UnetConfig {
  const at = (name: string, axis: number) => side(table, file, name, axis);
  const levels = count(table, "down_blocks.");
  if (levels < 1 || levels > MOST_LEVELS)
    refuse(file, undefined, `expected 1 to 8 levels of the UNet, found ${levels}`);
  const each = <T>(of: (level: number) => T): T[] => Array.from({ length: levels }, (_, level) => of(level));
  const channels = each((level) => at(`down_blocks.${level}.resnets.0.conv1.weight`, 0));
  const downAttention = each((level) => count(table, `down_blocks.${level}.attentions.`) > 0);
  const upAttention = each((i) => count(table, `up_blocks.${i}.attentions.`) > 0);
  const midAttention = count(table, "mid_block.attentions.") > 0;
  const depth = each((level) => {
    const places = [`down_blocks.${level}`, `up_blocks.${levels - 1 - level}`];
    if (level === levels - 1) places.push("mid_block");
    const found = places.flatMap((place) =>
      Array.from({ length: count(table, `${place}.attentions.`) }, (_, j) =>
        count(table, `${place}.attentions.${j}.transformer_blocks.`),
      ),
    );
    const deepest = Math.max(1, ...found);
    if (found.some((n) => n !== deepest)) {
      const problem = `attention is ${found.join(", ")} blocks deep at level ${level}: a distilled form (SSD-1B, Vega, KOALA) that is not supported`;
      refuse(file, undefined, problem, { expected: "one depth per level" });
    }
    return deepest;
  });
  const keys = [...table].find(([name]) => name.endsWith(".attn2.to_k.weight"))?.[1];
  if (!keys) refuse(file, undefined, "the UNet has no cross-attention, so no text can guide it");
  const guidanceWidth = table.get("time_embedding.cond_proj.weight")?.shape[1];
  const addition = pooledWidth === undefined ? undefined : at("add_embedding.linear_1.weight", 1);
  const divided = (channels: number, level: number, by: number): number => {
    if (channels % by !== 0) refuse(file, undefined, `${channels} channels at level ${level} are no multiple of ${by}`);
    return channels / by;
  };
  const { heads, unetGroups } = constants;
  const attends = (level: number) =>
    downAttention[level]! || upAttention[levels - 1 - level]! || (midAttention && level === levels - 1);
  channels.forEach((c, level) => divided(c, level, unetGroups));
  return {
    inChannels: at("conv_in.weight", 1),
    outChannels: at("conv_out.weight", 0),
    blockOutChannels: channels,
    downAttention,
    upAttention,
    midAttention,
    layersPerBlock: each((level) => count(table, `down_blocks.${level}.resnets.`)),
    heads: channels.map((c, level) => {
      if ("width" in heads) return attends(level) ? divided(c, level, heads.width) : 1;
      if (attends(level)) divided(c, level, heads.count);
      return heads.count;
    }),
    transformerDepth: depth,
    contextWidth: keys.shape[1] ?? 0,
    ...(addition === undefined ? {} : { addition: additionOf(file, addition, pooledWidth!) }),
    ...(guidanceWidth ? { guidanceWidth } : {}),
    normGroups: unetGroups,
    normEps: 1e-5,
    flipSinToCos: true,
    freqShift: 0,
    activation: "silu",
    upcastAttention: family === "sd2", // as the folders of 2.1 say
    sampleSize,
  };
}

/** Of the added embedding's inputs, what is not the pooled text are features of six numbers: two sizes and the corner of the crop. */
function additionOf(file: string, width: number, pooledWidth: number): NonNullable<UnetConfig["addition"]> {
  const timeWidth = (width - pooledWidth) / 6;
  if (!Number.isInteger(timeWidth) || timeWidth < 2 || timeWidth % 2 !== 0) {
    refuse(
      file,
      undefined,
      `the added embedding reads ${width} numbers, which do not fit a pooled text of ${pooledWidth}`,
    );
  }
  return { timeWidth, width };
}

export function vaeConfigOf(table: Table, file: string, constants: FamilyConstants): VaeConfig {
  const at = (name: string, axis: number) => side(table, file, name, axis);
  const levels = count(table, "decoder.up_blocks.");
  if (levels < 1 || levels > MOST_LEVELS) {
    refuse(file, undefined, `expected 1 to 8 levels of the autoencoder, found ${levels}`);
  }
  const channels = Array.from({ length: levels }, (_, level) =>
    at(`decoder.up_blocks.${levels - 1 - level}.resnets.0.conv1.weight`, 0),
  );
  for (const c of channels) {
    if (c % constants.vaeGroups !== 0)
      refuse(file, undefined, `${c} channels of the autoencoder are no multiple of ${constants.vaeGroups}`);
  }
  return {
    inChannels: 3,
    outChannels: at("decoder.conv_out.weight", 0),
    latentChannels: at("post_quant_conv.weight", 0),
    blockOutChannels: channels,
    layersPerBlock: count(table, "decoder.up_blocks.0.resnets.") - 1,
    normGroups: constants.vaeGroups,
    scalingFactor: constants.scalingFactor,
    midAttention: count(table, "decoder.mid_block.attentions.") > 0,
  };
}

/** `activation`: CLIP's own towers have the quick form of GELU, OpenCLIP's the exact one. */
export function textConfigOf(
  table: Table,
  file: string,
  activation: TextConfig["activation"],
  { textHeadWidth }: FamilyConstants,
): TextConfig {
  const at = (name: string, axis: number) => side(table, file, name, axis);
  const hiddenSize = at("embeddings.token_embedding.weight", 1);
  if (hiddenSize % textHeadWidth !== 0) {
    refuse(file, undefined, `the text encoder's width ${hiddenSize} is no multiple of ${textHeadWidth}`);
  }
  return {
    vocabSize: at("embeddings.token_embedding.weight", 0),
    hiddenSize,
    intermediateSize: at("encoder.layers.0.mlp.fc1.weight", 0),
    layers: count(table, "encoder.layers."),
    heads: hiddenSize / textHeadWidth,
    maxPositions: at("embeddings.position_embedding.weight", 0),
    activation,
    layerNormEps: 1e-5,
  };
}

/**
 * The noise schedule that all of these were trained with; the sampler is the one that the family's makers used. `zeroSnr`: the file holds
 * the mark `ztsnr`, its last timestep is pure noise, which trailing timesteps visit.
 */
export function schedulerConfigOf(
  family: Family,
  prediction: SchedulerConfig["prediction"],
  zeroSnr: boolean,
): SchedulerConfig {
  return {
    className: { sd1: "PNDMScheduler", sd2: "DDIMScheduler", sdxl: "EulerDiscreteScheduler" }[family],
    betaStart: 0.00085,
    betaEnd: 0.012,
    betaSchedule: "scaled_linear",
    trainTimesteps: 1000,
    prediction,
    stepsOffset: 1,
    setAlphaToOne: false,
    skipPrkSteps: true,
    clipSample: false,
    ...(zeroSnr ? { zeroSnr, timestepSpacing: "trailing" } : family === "sdxl" ? { timestepSpacing: "leading" } : {}),
  };
}
