/**
 * Which files of a part's folder hold its weights, by their names alone: `BASE.VARIANT.safetensors`, an index, or parts
 * `BASE-00001-of-00002.safetensors`, in every spelling that diffusers and transformers have written.
 */
import { quote, refuse } from "./header.ts";

/** A set of files that together are the weights of a part. */
export type WeightFiles =
  | { kind: "file"; name: string }
  /** A JSON file that says which tensor is in which part. */
  | { kind: "index"; name: string }
  /** All parts there should be, in order, without an index. */
  | { kind: "parts"; names: string[] };

/** Pickles and archives of pickles; opening one runs whatever code it holds. */
const PICKLES = [".bin", ".ckpt", ".pt", ".pth", ".pkl"];

/**
 * Where several variants lie side by side the first is taken, of the averaged weights (not `non_ema`) and then of the
 * others: full precision first, as the runtime can round down but never up; float16 before bfloat16, which has three bits
 * less. A whole file goes before an index, and that before parts without one.
 */
const PRECISIONS = ["", "fp32", "fp16", "bf16"];

/** What a name says about the weights in the file. */
interface Reading {
  name: string;
  kind: WeightFiles["kind"];
  /** Place in the order of choice; the lowest is taken. */
  rank: number;
  /** Names of all parts, where this is one of several. */
  parts?: string[];
}

const KINDS = ["file", "index", "parts"] as const;

/** The files to read of a folder that has `names`; refuses, with what is there, where none can be chosen. */
export function chooseWeights(names: readonly string[], base: string, folder: string): WeightFiles {
  const readings = names.flatMap((name) => readName(name, base) ?? []).sort((a, b) => a.rank - b.rank);
  const [best] = readings;
  if (best?.parts) {
    const missing = best.parts.filter((name) => !names.includes(name));
    // A set that is not whole gives way to one that is.
    const whole = readings.find(({ parts }) => !parts || parts.every((name) => names.includes(name)));
    if (missing.length > 0 && !whole) refuseMissingPart(folder, missing[0]!);
    const chosen = whole ?? best;
    return chosen.parts ? { kind: "parts", names: chosen.parts } : { kind: nameKind(chosen), name: chosen.name };
  }
  if (best) return { kind: nameKind(best), name: best.name };

  // A file of another name is taken when there is no doubt.
  const others = names.filter((name) => name.endsWith(".safetensors"));
  if (others.length === 1) return { kind: "file", name: others[0]! };
  if (others.length > 1) {
    const list = others.slice(0, 8).join(", ");
    const problem = `none of its .safetensors files (${list}) is called ${base}.safetensors, as the one to read must be`;
    refuse(folder, undefined, problem, { expected: `${base}.safetensors`, found: list });
  }
  refusePickles(names, folder);
  refuse(folder, undefined, `there is no ${base}.safetensors`, {
    expected: `${base}.safetensors`,
    found: names.length === 0 ? "an empty folder" : names.slice(0, 8).join(", "),
  });
}

function nameKind({ kind }: Reading): "file" | "index" {
  return kind === "index" ? "index" : "file";
}

/** Undefined for a name that says nothing of weights, or a variant that nobody knows. */
function readName(name: string, base: string): Reading | undefined {
  if (!name.startsWith(base)) return undefined;
  const part = /-(\d{5})-of-(\d{5})/.exec(name);
  const words = name
    .slice(base.length)
    .replace(part?.[0] ?? "", "")
    .split(".")
    .slice(1);
  const isIndex = words.includes("index") && words.at(-1) === "json";
  if (!words.includes("safetensors") || (!isIndex && words.at(-1) !== "safetensors")) return undefined;
  const variants = words.filter((word) => !["safetensors", "index", "json"].includes(word));
  const isOther = variants.includes("non_ema");
  const precision = PRECISIONS.indexOf(variants.filter((word) => word !== "non_ema").join("."));
  if (precision < 0 || (part && isIndex)) return undefined;
  const kind = isIndex ? "index" : part ? "parts" : "file";
  const rank = (Number(isOther) * PRECISIONS.length + precision) * KINDS.length + KINDS.indexOf(kind);
  const count = Number(part?.[2]);
  if (!part || count < 1 || count > MOST_PARTS) return part ? undefined : { name, kind, rank };
  const parts = Array.from({ length: count }, (_, i) => {
    return name.replace(part[0], `-${String(i + 1).padStart(5, "0")}-of-${part[2]!}`);
  });
  return { name, kind, rank, parts };
}

/** Files of one part of a checkpoint; SD's have one or two. */
export const MOST_PARTS = 200;

/** Says which part is not there, from its name `…-00002-of-00003…`. */
export function refuseMissingPart(folder: string, name: string): never {
  const [, number, count] = /-(\d{5})-of-(\d{5})/.exec(name) ?? [];
  const which = number === undefined ? name : `part ${Number(number)} of ${Number(count)}, ${name},`;
  const problem = `${which} is missing: the weights are spread over several files, and all of them are needed. Download it into this folder`;
  refuse(folder, undefined, problem, { expected: name });
}

/** Says why weights in pickle form are not read, if `names` has any. */
export function refusePickles(names: readonly string[], folder: string): void {
  const pickle = names.find((name) => PICKLES.some((ending) => name.toLowerCase().endsWith(ending)));
  if (pickle === undefined) return;
  const problem =
    `${quote(pickle)} is a pickle: opening it runs whatever program is inside, so it is never read. Get the .safetensors version, ` +
    `which most models have on their download page, or save the model again with save_pretrained(..., safe_serialization=True)`;
  refuse(folder, undefined, problem, { expected: ".safetensors", found: pickle });
}
