/**
 * Whose layers a LoRA's pairs change: its names against those of an open checkpoint, its shapes against the weights'. A LoRA for another
 * model is refused in words; layers that the checkpoint lacks are named.
 */
import type { WeightRef } from "../../graph/graph.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { quote, refuse, type TensorEntry } from "../header.ts";
import { FAMILY_NAMES, type Family } from "../single/family.ts";
import { unetName } from "../single/names.ts";
import { modelTitle } from "../../scene/names.ts";
import { weightRef, type Weights } from "../weights.ts";
import { statedBase } from "./metadata.ts";
import type { LoraNetwork } from "./keys.ts";
import type { Lora, LoraPair } from "./open.ts";

/** What stands beside one layer, as the graph takes it. */
export interface LowRank {
  /** alpha / rank. */
  scale: number;
  rank: number;
  /** [rank, in] beside a matrix; [rank, in, kh, kw] beside a convolution, 1 x 1 where there is a `mid`. */
  down: WeightRef;
  /** [out, rank], or [out, rank, 1, 1] beside a convolution. */
  up: WeightRef;
  /** [rank, rank, kh, kw]. */
  mid?: WeightRef;
}

/** By the layer's name in the checkpoint, such as `down_blocks.0.attentions.0.proj_in`. */
export type LowRanks = ReadonlyMap<string, LowRank>;

export interface FittedLora extends Record<LoraNetwork, LowRanks> {
  /** What a person should know: layers that the model lacks, another base than the model's. */
  notes: string[];
}

/** Names of layers that are listed in a note. */
const MOST_NAMES = 3;

/** Throws `checkpoint-invalid` where the LoRA was made for another model. */
export function fitLora(lora: Lora, checkpoint: Checkpoint): FittedLora {
  const { unet, text, text2 } = checkpoint;
  const layers = unet.config.layersPerBlock[0] ?? 2;
  const tables = {
    unet: layersOf(unet.weights),
    text: layersOf(text.weights),
    text2: text2 ? layersOf(text2.weights) : new Map<string, Layer>(),
  };
  const fitted = { unet: new Map(), text: new Map(), text2: new Map() } satisfies Record<LoraNetwork, LowRanks>;
  const lacking: LoraPair[] = [];
  for (const pair of lora.pairs) {
    const layer = find(tables[pair.network], pair, layers);
    if (!layer) lacking.push(pair);
    else if (isOther(pair, layer)) refuseOther(lora, checkpoint, pair, layer);
    else if (fitted[pair.network].has(layer.name)) {
      refuse(lora.file, pair.up.key, `the file changes the layer ${layer.name} twice, under two names`);
    } else (fitted[pair.network] as Map<string, LowRank>).set(layer.name, lowRank(pair, layer));
  }
  if (lacking.length === lora.pairs.length) {
    const problem = `it does not fit ${modelTitle(checkpoint.name)}: none of its ${lora.pairs.length} layers is in this model${madeFor(lora, checkpoint)}`;
    refuse(lora.file, undefined, problem, { expected: FAMILY_NAMES[checkpoint.family] });
  }
  return { ...fitted, notes: [...otherBase(lora, checkpoint), ...lackingNote(lacking, checkpoint), ...lora.notes] };
}

interface Layer {
  name: string;
  shape: readonly number[];
}

/** The layers of a network that have a matrix or a kernel, by their names with `_` for dots. */
function layersOf(weights: Weights): Map<string, Layer> {
  const layers = new Map<string, Layer>();
  for (const key of weights.names()) {
    if (!key.endsWith(".weight")) continue;
    const shape = weights.shapeOf(key);
    const name = key.slice(0, -".weight".length);
    if (shape.length >= 2 && !name.startsWith("embeddings.")) layers.set(name.replaceAll(".", "_"), { name, shape });
  }
  return layers;
}

function find(table: ReadonlyMap<string, Layer>, { network, layer }: LoraPair, layers: number): Layer | undefined {
  const known = table.get(layer);
  if (known || network !== "unet") return known;
  const renamed = fromOriginal(layer, layers);
  return renamed === undefined ? undefined : table.get(renamed);
}

/** Parts of the original layout's names whose last number is a name of its own. */
const NUMBERED = /^(in_layers|emb_layers|out_layers)_(\d)$/;

/** A layer of the original layout (`input_blocks_4_1_proj_in`) under diffusers' name, with `_` for dots. */
function fromOriginal(layer: string, layers: number): string | undefined {
  const block = /^(middle_block|(?:in|out)put_blocks_\d+)_(\d)(?:_(.+))?$/.exec(layer);
  const dotted = block
    ? [block[1]!.replace(/_(\d+)$/, ".$1"), block[2]!, block[3]?.replace(NUMBERED, "$1.$2")]
    : [layer.replace(/^label_emb_0_(\d)$/, "label_emb.0.$1").replace(/^(time_embed|out)_(\d)$/, "$1.$2")];
  const name = unetName(`${dotted.filter((part) => part !== undefined).join(".")}.weight`, layers);
  return name?.replace(/\.weight$/, "").replaceAll(".", "_");
}

/** Whether the pair's product is of another shape than the layer's weight. */
function isOther({ down, up, mid }: LoraPair, { shape }: Layer): boolean {
  const [out, inner, ...kernel] = shape;
  const own = (mid ?? down).shape.slice(2);
  const size = (list: readonly number[]) => list.filter((n) => n !== 1).join();
  return up.shape[0] !== out || down.shape[1] !== inner || size(own) !== size(kernel);
}

function lowRank({ down, up, mid, rank, scale }: LoraPair, { shape }: Layer): LowRank {
  const isKernel = shape.length === 4;
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  const ones = isKernel ? [1, 1] : [];
  const ref = (entry: TensorEntry, as: readonly number[]) => weightRef(entry, as);
  return {
    rank,
    scale,
    down: ref(down, [rank, inner, ...(mid ? ones : kernel)]),
    up: ref(up, [out, rank, ...ones]),
    ...(mid ? { mid: ref(mid, [rank, rank, ...kernel]) } : {}),
  };
}

function refuseOther(lora: Lora, checkpoint: Checkpoint, pair: LoraPair, layer: Layer): never {
  const made = `[${pair.up.shape[0]!}, ${[pair.down.shape[1]!, ...(pair.mid ?? pair.down).shape.slice(2)].join(", ")}]`;
  const found = `[${layer.shape.join(", ")}]`;
  const why = `its ${pair.up.key} is for a weight of shape ${made}, the model's ${layer.name} has ${found}`;
  const problem = `it does not fit ${modelTitle(checkpoint.name)}${madeFor(lora, checkpoint)} (${why})`;
  refuse(lora.file, undefined, problem, { expected: found, found: made });
}

/** As the end of a sentence: what it is made for, where that can be told, and what the model is. */
function madeFor(lora: Lora, checkpoint: Checkpoint): string {
  const family = statedBase(lora.source.metadata)?.family ?? familyByShape(lora);
  const model = FAMILY_NAMES[checkpoint.family];
  if (family === undefined) return `, which is ${model}. Choose a LoRA that was made for it`;
  return family === checkpoint.family
    ? `, though both are made for ${model}. Choose a LoRA that was made for this very model`
    : `: it is made for ${FAMILY_NAMES[family]}, and this model is ${model}. Open a model of that kind, or choose another LoRA`;
}

const CONTEXT_WIDTHS: Record<number, Family> = { 768: "sd1", 1024: "sd2", 2048: "sdxl" };

/** By the width of the text that its cross-attention reads, or by its second text encoder. */
function familyByShape({ pairs }: Lora): Family | undefined {
  if (pairs.some(({ network }) => network === "text2")) return "sdxl";
  const keys = pairs.find(({ network, layer }) => network === "unet" && /attn2_to_[kv]$/.test(layer));
  return keys && CONTEXT_WIDTHS[keys.down.shape[1]!];
}

function otherBase(lora: Lora, checkpoint: Checkpoint): string[] {
  const base = statedBase(lora.source.metadata);
  if (!base || base.family === checkpoint.family) return [];
  const made = base.family ? FAMILY_NAMES[base.family] : quote(base.text);
  return [`Its maker says it is for ${made}; the model is ${FAMILY_NAMES[checkpoint.family]}.`];
}

function lackingNote(lacking: readonly LoraPair[], { name }: Checkpoint): string[] {
  if (lacking.length === 0) return [];
  const names = lacking.slice(0, MOST_NAMES).map(({ up }) => quote(up.key.replace(/\.[^.]*(up|B)\b.*$/, "")));
  const more = lacking.length > MOST_NAMES ? ` and ${lacking.length - MOST_NAMES} more` : "";
  return [`${name} lacks ${lacking.length} of its layers, which do nothing: ${names.join(", ")}${more}.`];
}
