/**
 * Names of the original single files (CompVis, StabilityAI) as the names that diffusers' folders have, which the network asks for.
 * Rules: diffusers' single_file_utils.py; verified by the goldens, whose files went through those converters both ways.
 */
import { quote, refuse, type TensorEntry } from "../header.ts";

/** Resnets of an input block: 2 in every Stable Diffusion. Told by where the first downsampler stands. */
export function unetLayers(keys: Iterable<string>): number {
  let first = Infinity;
  for (const key of keys) {
    if (!key.startsWith("input_blocks.") || !key.includes(".op.")) continue; // an expression for each of thousands takes its time
    const match = /^input_blocks\.(\d+)\.0\.op\./.exec(key);
    if (match) first = Math.min(first, Number(match[1]));
  }
  return first === Infinity ? 2 : first - 1;
}

type Beginnings = readonly (readonly [string, string])[];

const RESNET: Beginnings = [
  ["in_layers.0.", "norm1."],
  ["in_layers.2.", "conv1."],
  ["emb_layers.1.", "time_emb_proj."],
  ["out_layers.0.", "norm2."],
  ["out_layers.3.", "conv2."],
  ["skip_connection.", "conv_shortcut."],
];
const UNET_ENDS: Beginnings = [
  ["input_blocks.0.0.", "conv_in."],
  ["time_embed.0.", "time_embedding.linear_1."],
  ["time_embed.2.", "time_embedding.linear_2."],
  ["time_embed.cond_proj.", "time_embedding.cond_proj."],
  ["label_emb.0.0.", "add_embedding.linear_1."],
  ["label_emb.0.2.", "add_embedding.linear_2."],
  ["out.0.", "conv_norm_out."],
  ["out.2.", "conv_out."],
];

function renamed(key: string, beginnings: Beginnings): string | undefined {
  const found = beginnings.find(([old]) => key.startsWith(old));
  return found && found[1] + key.slice(found[0].length);
}

/** `key` without its prefix, such as `input_blocks.4.1.proj_in.weight`; undefined where it is none of the network's. */
export function unetName(key: string, layers: number): string | undefined {
  const end = renamed(key, UNET_ENDS);
  if (end !== undefined) return end;
  const middle = /^middle_block\.([012])\.(.+)$/.exec(key);
  if (middle) {
    return middle[1] === "1"
      ? `mid_block.attentions.0.${middle[2]!}`
      : resnet(`mid_block.resnets.${middle[1] === "0" ? 0 : 1}`, middle[2]!);
  }
  const match = /^(input|output)_blocks\.(\d+)\.(\d)\.(.+)$/.exec(key);
  if (!match) return undefined;
  const [, side, index, part, rest] = match as unknown as [string, "input" | "output", string, string, string];
  const i = side === "input" ? Number(index) - 1 : Number(index);
  const [block, j] = [Math.floor(i / (layers + 1)), i % (layers + 1)];
  const at = `${side === "input" ? "down" : "up"}_blocks.${block}`;
  if (side === "input" && rest.startsWith("op.")) return `${at}.downsamplers.0.conv.${rest.slice(3)}`;
  if (part === "0") return resnet(`${at}.resnets.${j}`, rest);
  if (side === "output" && rest.startsWith("conv.")) return `${at}.upsamplers.0.${rest}`;
  return part === "1" ? `${at}.attentions.${j}.${rest}` : undefined;
}

function resnet(at: string, rest: string): string | undefined {
  const name = renamed(rest, RESNET);
  return name && `${at}.${name}`;
}

const VAE_ATTENTION: Record<string, string> = {
  norm: "group_norm",
  q: "to_q",
  k: "to_k",
  v: "to_v",
  proj_out: "to_out.0",
};

/** `key` without its prefix, such as `decoder.up.3.block.0.conv1.weight`; `levels` of the autoencoder, as its `up` count backwards. */
export function vaeName(key: string, levels: number): string | undefined {
  if (/^(post_)?quant_conv\./.test(key)) return key;
  const match = /^(encoder|decoder)\.(.+)$/.exec(key);
  if (!match) return undefined;
  const [, side, rest] = match as unknown as [string, string, string];
  if (/^conv_(in|out)\./.test(rest)) return key;
  if (rest.startsWith("norm_out.")) return `${side}.conv_${rest}`;
  const mid = /^mid\.(block|attn)_([12])\.(.+)$/.exec(rest);
  if (mid) {
    const [, kind, n, tail] = mid as unknown as [string, string, string, string];
    if (kind === "block") return `${side}.mid_block.resnets.${Number(n) - 1}.${shortcut(tail)}`;
    const [name, ...end] = tail.split(".");
    const attention = VAE_ATTENTION[name!];
    return attention && `${side}.mid_block.attentions.0.${attention}.${end.join(".")}`;
  }
  const block = /^(down|up)\.(\d+)\.(?:block\.(\d+)\.(.+)|(?:down|up)sample\.(conv\..+))$/.exec(rest);
  if (!block) return undefined;
  const [, way, level, j, tail, sampler] = block;
  const at = `${side}.${way!}_blocks.${way === "down" ? level! : levels - 1 - Number(level)}`;
  return sampler === undefined ? `${at}.resnets.${j!}.${shortcut(tail!)}` : `${at}.${way!}samplers.0.${sampler}`;
}

function shortcut(rest: string): string {
  return rest.replace(/^nin_shortcut\./, "conv_shortcut.");
}

const OPEN_CLIP: Beginnings = [
  ["ln_1.", "layer_norm1."],
  ["ln_2.", "layer_norm2."],
  ["mlp.c_fc.", "mlp.fc1."],
  ["mlp.c_proj.", "mlp.fc2."],
  ["attn.out_proj.", "self_attn.out_proj."],
];

/** Name of the projection [width, projected] of an OpenCLIP tower as it is stored; transformers stores its transpose. */
export const STORED_PROJECTION = "text_projection.transposed";

/**
 * An OpenCLIP tower's tensors under transformers' names, without `text_model.`. The fused q, k and v become three ranges of rows of
 * what is in the file. What is no weight of the tower is left out.
 */
export function openClipTensors(tensors: ReadonlyMap<string, TensorEntry>): Map<string, TensorEntry> {
  const table = new Map<string, TensorEntry>();
  for (const [key, entry] of tensors) {
    if (key === "positional_embedding") table.set("embeddings.position_embedding.weight", entry);
    else if (key === "token_embedding.weight") table.set(`embeddings.${key}`, entry);
    else if (key.startsWith("ln_final.")) table.set(key.replace("ln_final.", "final_layer_norm."), entry);
    else if (key === "text_projection") table.set(STORED_PROJECTION, entry);
    else if (key === "text_projection.weight") table.set(key, entry);
    const block = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(key);
    if (!block) continue;
    const at = `encoder.layers.${block[1]!}`;
    const rest = block[2]!;
    const fused = /^attn\.in_proj_(weight|bias)$/.exec(rest);
    if (fused) {
      for (const [i, part] of thirds(entry).entries()) {
        table.set(`${at}.self_attn.${"qkv"[i]!}_proj.${fused[1]!}`, part);
      }
      continue;
    }
    const name = renamed(rest, OPEN_CLIP);
    if (name !== undefined) table.set(`${at}.${name}`, entry);
  }
  return table;
}

/** Rows of q, of k and of v. */
function thirds(entry: TensorEntry): TensorEntry[] {
  const [rows, ...rest] = entry.shape;
  if (rows === undefined || rows % 3 !== 0 || entry.length % 3 !== 0) {
    refuse(entry.file, entry.key, `expected q, k and v one after the other, found shape [${entry.shape.join(", ")}]`);
  }
  const length = entry.length / 3;
  return [0, 1, 2].map((i) => ({ ...entry, offset: entry.offset + i * length, length, shape: [rows / 3, ...rest] }));
}

/** The tensors whose key begins with one of `prefixes`, without it; the first prefix that anything has is the one taken. */
export function under(
  tensors: ReadonlyMap<string, TensorEntry>,
  ...prefixes: readonly string[]
): Map<string, TensorEntry> {
  for (const prefix of prefixes) {
    const found = [...tensors].filter(([key]) => key.startsWith(prefix));
    if (found.length > 0) return new Map(found.map(([key, entry]) => [key.slice(prefix.length), entry]));
  }
  return new Map();
}

/** Short names of what a file holds, for messages. */
export function describeKeys(keys: Iterable<string>): string {
  const list = [...keys];
  return list.length === 0 ? "no tensors" : list.slice(0, 3).map(quote).join(", ") + (list.length > 3 ? ", ..." : "");
}
