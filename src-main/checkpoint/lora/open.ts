/**
 * Opens a LoRA as far as its header: the pairs of narrow matrices that stand beside a checkpoint's layers, as byte ranges. Whose layers
 * they are is for `fitLora` to say. What is no LoRA, or one of a kind that is not applied, is refused by name.
 */
import { open } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { decodeNumbers } from "../floats.ts";
import { quote, refuse, type TensorEntry } from "../header.ts";
import { orUnreadable, readExactly, readSafetensors, type SafetensorsFile } from "../safetensors.ts";
import { adapterAlpha, type AdapterAlpha } from "./adapter.ts";
import { loraKey, noLora, otherKind, otherModel, type LoraNetwork, type LoraRole } from "./keys.ts";

/** One layer's change: `scale * up * (mid) * down`, times the strength that a person gives. */
export interface LoraPair {
  network: LoraNetwork;
  /** As `LoraKey.layer`. */
  layer: string;
  /** [rank, in] or [rank, in, kh, kw]. */
  down: TensorEntry;
  /** [out, rank], perhaps with trailing ones. */
  up: TensorEntry;
  /** The kernel [rank, rank, kh, kw] between them, in Tucker's form of a convolution. */
  mid?: TensorEntry;
  rank: number;
  /** alpha / rank; 1 where neither tensors nor metadata have an alpha for this layer. */
  scale: number;
}

export interface Lora {
  /** Absolute, links resolved. */
  file: string;
  /** The file's name without its ending: what `<lora:name:0.8>` calls it. */
  name: string;
  /** Bytes of the file. */
  size: number;
  pairs: LoraPair[];
  source: SafetensorsFile;
  /** What a person should know of how it was read. */
  notes: string[];
}

/** Bytes that are read of one alpha, and the largest that can be meant. */
const ALPHA_BYTES = 8;
const LARGEST_SCALE = 1e6;
/** Far above any that is used; a matrix of such rank would be no smaller than the layer's own. */
const MOST_RANK = 4_096;
const FLOATS = new Set(["F32", "F16", "BF16"]);

type Group = Partial<Record<LoraRole, TensorEntry>> & { network: LoraNetwork; layer: string };

/** Throws `checkpoint-invalid` or `file-unreadable`, with the file, the tensor and what to do. */
export async function openLora(path: string): Promise<Lora> {
  if (!/\.safetensors$/i.test(path)) {
    refuse(path, undefined, "a LoRA is one .safetensors file here. Get that version of it", {
      expected: ".safetensors",
      found: basename(path),
    });
  }
  const source = await readSafetensors(resolve(path));
  const { file, tensors, size } = source;
  refuseOtherKinds(file, tensors);
  const { groups, others } = grouped(file, tensors);
  if (groups.length === 0) {
    const what = noLora(tensors.keys());
    refuse(
      file,
      undefined,
      what ? `this is no LoRA but ${what}` : "there is no LoRA in this file: none of its tensors is a part of one",
    );
  }
  return {
    file,
    name: basename(path, extname(path)),
    size,
    pairs: await pairsOf(file, groups, adapterAlpha(source.metadata)),
    source,
    notes: others.length > 0 ? [`${others.length} tensors in it are not used, such as ${quote(others[0]!)}.`] : [],
  };
}

function refuseOtherKinds(file: string, tensors: ReadonlyMap<string, TensorEntry>): void {
  const other = otherKind(tensors.keys());
  if (other) {
    const problem = `this is ${other.kind}, which is not supported; LoRAs and LoCons are. Get this style as a LoRA`;
    refuse(file, other.key, problem, { expected: "a LoRA" });
  }
  const model = otherModel(tensors.keys());
  if (model !== undefined) {
    const problem = `this is a LoRA for ${model}; only those for Stable Diffusion 1, 2 and XL can be used`;
    refuse(file, undefined, problem, { expected: "a LoRA for Stable Diffusion 1, 2 or XL", found: model });
  }
}

function grouped(
  file: string,
  tensors: ReadonlyMap<string, TensorEntry>,
): { groups: Group[]; others: readonly string[] } {
  const groups = new Map<string, Group>();
  const others: string[] = [];
  for (const [key, entry] of tensors) {
    const read = loraKey(key);
    if (!read) {
      others.push(key);
      continue;
    }
    const { network, layer, role } = read;
    const name = `${network} ${layer}`;
    const group: Group = groups.get(name) ?? { network, layer };
    groups.set(name, group);
    if (group[role]) refuse(file, key, `the file holds the same part also as ${quote(group[role].key)}`);
    group[role] = entry;
  }
  return { groups: [...groups.values()], others };
}

async function pairsOf(file: string, groups: readonly Group[], stated: AdapterAlpha): Promise<LoraPair[]> {
  const handle = await orUnreadable(file, () => open(file, "r"));
  try {
    const pairs: LoraPair[] = [];
    for (const group of groups) {
      const { network, layer, down, up, mid } = group;
      if (!down || !up) {
        const there = (down ?? up ?? mid ?? group.alpha)!;
        const missing = down ? "up" : up ? "down" : "up and down";
        refuse(file, there.key, `its other half (${missing}) is missing`, { expected: missing });
      }
      const rank = rankOf(file, down, up, mid);
      const alpha = group.alpha ? await readAlpha(handle, group.alpha) : (stated(network, layer, rank) ?? rank);
      const scale = alpha / rank;
      if (Math.abs(scale) > LARGEST_SCALE) {
        refuse(file, group.alpha?.key ?? down.key, `expected an alpha of a size that can be used, found ${alpha}`);
      }
      pairs.push({ network, layer, down, up, ...(mid ? { mid } : {}), rank, scale });
    }
    return pairs;
  } finally {
    await handle.close();
  }
}

/** The rank of a pair whose shapes fit each other. */
function rankOf(file: string, down: TensorEntry, up: TensorEntry, mid?: TensorEntry): number {
  for (const { key, type, shape } of [down, up, ...(mid ? [mid] : [])]) {
    if (!FLOATS.has(type)) {
      const problem = `numbers of type ${type} cannot be computed with. Get this LoRA in float16 or float32`;
      refuse(file, key, problem, { expected: "F32, F16 or BF16", found: type });
    }
    if ((shape.length !== 2 && shape.length !== 4) || shape.some((n) => n < 1)) {
      const found = `[${shape.join(", ")}]`;
      refuse(file, key, `expected a matrix or the kernel of a convolution, found the shape ${found}`, { found });
    }
  }
  const rank = down.shape[0]!;
  if (rank > MOST_RANK) {
    refuse(file, down.key, `expected a rank of at most ${MOST_RANK}, found ${rank}`, { found: String(rank) });
  }
  const wrongUp = up.shape[1] !== rank || up.shape.slice(2).some((n) => n !== 1);
  const wrongMid = mid !== undefined && (mid.shape[0] !== rank || mid.shape[1] !== rank || mid.shape.length !== 4);
  const wrongDown = mid !== undefined && down.shape.slice(2).some((n) => n !== 1);
  if (wrongUp || wrongMid || wrongDown) {
    const shapes = [down, ...(mid ? [mid] : []), up].map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
    refuse(file, up.key, `the shapes of its parts do not fit each other: ${shapes}`, { found: shapes });
  }
  return rank;
}

async function readAlpha(handle: Awaited<ReturnType<typeof open>>, entry: TensorEntry): Promise<number> {
  const { key, file, offset, length, type, shape } = entry;
  const isOne = shape.every((n) => n === 1) && length <= ALPHA_BYTES;
  const [alpha] = (isOne && decodeNumbers(await readExactly(handle, offset, length, file), type)) || [];
  if (alpha === undefined || !Number.isFinite(alpha)) {
    const found = alpha === undefined ? `${type} [${shape.join(", ")}]` : String(alpha);
    refuse(file, key, `expected one number, found ${found}`, { expected: "one number", found });
  }
  return alpha;
}
