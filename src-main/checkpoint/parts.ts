/**
 * One part of a checkpoint folder (unet, vae, text_encoder): which of its files hold the weights, and the table of
 * their tensors. Files may be links, as in the Hugging Face cache, and one part may be spread over shards.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Fields, readFields } from "./fields.ts";
import { quote, refuse, type TensorEntry } from "./header.ts";
import { orUnreadable, readSafetensors, type SafetensorsFile } from "./safetensors.ts";

export interface Part {
  /** The file, or the index of the shards. */
  readonly path: string;
  readonly files: readonly SafetensorsFile[];
  /** By key in the files. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

const INDEX_ENDING = ".json";
const MAX_SHARDS = 200;
/** Pickles and archives of pickles; opening one runs whatever code it holds. */
const PICKLES = [".bin", ".ckpt", ".pt", ".pth", ".pkl"];

/** Reads the headers of the weights in `folder`; `base` is what diffusers or transformers call the file. */
export async function readPart(folder: string, base: "diffusion_pytorch_model" | "model"): Promise<Part> {
  const names = await orUnreadable(folder, () => readdir(folder));
  const name = chooseWeights(names, base, folder);
  const path = join(folder, name);
  if (name.endsWith(INDEX_ENDING)) return readShards(folder, path);
  const file = await readSafetensors(path);
  return { path, files: [file], tensors: file.tensors };
}

/** Full precision first: the runtime can round down, never up. */
function chooseWeights(names: readonly string[], base: string, folder: string): string {
  const wanted = [
    `${base}.safetensors`,
    `${base}.safetensors.index.json`,
    `${base}.fp16.safetensors`,
    `${base}.safetensors.index.fp16.json`,
    `${base}.fp16.safetensors.index.json`,
  ];
  const found = wanted.find((name) => names.includes(name));
  if (found !== undefined) return found;
  // A file of another name is taken when there is no doubt.
  const others = names.filter((name) => name.endsWith(".safetensors"));
  if (others.length === 1) return others[0]!;
  if (others.length > 1) {
    refuse(
      folder,
      undefined,
      `none of ${others.length} .safetensors files is called ${base}.safetensors, as the one to read must be`,
    );
  }
  refusePickles(names, folder);
  refuse(folder, undefined, `there is no ${base}.safetensors`, {
    expected: `${base}.safetensors`,
    found: names.length === 0 ? "an empty folder" : names.slice(0, 8).join(", "),
  });
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

/** `weight_map` says which shard holds which tensor; it must be true, and complete. */
async function readShards(folder: string, path: string): Promise<Part> {
  const index: Fields = await readFields(path);
  const map = index.get("weight_map");
  if (typeof map !== "object" || map === null || Array.isArray(map))
    index.wrong("weight_map", "an object from tensor to file", map);
  const shardOf = new Map<string, string>();
  for (const [key, name] of Object.entries(map)) {
    if (typeof name !== "string" || !isPlainName(name))
      refuse(path, key, `expected the name of a .safetensors file in the same folder, found ${quote(String(name))}`);
    shardOf.set(key, name);
  }
  const names = [...new Set(shardOf.values())].sort();
  if (names.length === 0 || names.length > MAX_SHARDS)
    index.wrong("weight_map", `1 to ${MAX_SHARDS} files`, names.length);

  const files: SafetensorsFile[] = [];
  const tensors = new Map<string, TensorEntry>();
  for (const name of names) {
    const file = await readSafetensors(join(folder, name));
    files.push(file);
    for (const [key, entry] of file.tensors) {
      if (shardOf.get(key) !== name)
        refuse(path, key, `the tensor is in ${name}, but the index says ${shardOf.get(key) ?? "nothing of it"}`);
      tensors.set(key, entry);
    }
  }
  for (const [key, name] of shardOf)
    if (!tensors.has(key)) refuse(path, key, `the index says it is in ${name}, where it is not`);
  return { path, files, tensors };
}

/** A file name that cannot lead out of its folder, on any system. */
function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/.test(name) && !name.includes("..");
}
