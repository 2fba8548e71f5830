/**
 * One part of a checkpoint folder (unet, vae, text_encoder): which of its files hold the weights, and the table of
 * their tensors. Files may be links, as in the Hugging Face cache, and one part may be spread over shards.
 */
import { join } from "node:path";
import { type Fields, readFields } from "./fields.ts";
import { quote, refuse, type TensorEntry } from "./header.ts";
import { namesIn, readSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { chooseWeights, MOST_PARTS, refuseMissingPart } from "./weightFiles.ts";

export interface Part {
  /** The file, or the index of the shards. */
  readonly path: string;
  readonly files: readonly SafetensorsFile[];
  /** By key in the files. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Reads the headers of the weights in `folder`; `base` is what diffusers or transformers call the file. */
export async function readPart(folder: string, base: "diffusion_pytorch_model" | "model"): Promise<Part> {
  const names = await namesIn(folder);
  const chosen = chooseWeights(names, base, folder);
  if (chosen.kind === "index") return readIndex(folder, join(folder, chosen.name), names);
  if (chosen.kind === "parts") return readParts(folder, chosen.names);
  const path = join(folder, chosen.name);
  const file = await readSafetensors(path);
  return { path, files: [file], tensors: file.tensors };
}

/** Files that say by their names which of how many they are. */
async function readParts(folder: string, names: readonly string[]): Promise<Part> {
  const files: SafetensorsFile[] = [];
  const tensors = new Map<string, TensorEntry>();
  for (const name of names) {
    const file = await readSafetensors(join(folder, name));
    files.push(file);
    for (const [key, entry] of file.tensors) {
      if (tensors.has(key)) refuse(file.file, key, "another part holds the same tensor");
      tensors.set(key, entry);
    }
  }
  return { path: folder, files, tensors };
}

/** `weight_map` says which shard holds which tensor; it must be true, and complete. */
async function readIndex(folder: string, path: string, there: readonly string[]): Promise<Part> {
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
  if (names.length === 0 || names.length > MOST_PARTS)
    index.wrong("weight_map", `1 to ${MOST_PARTS} files`, names.length);
  const missing = names.find((name) => !there.includes(name));
  if (missing !== undefined) refuseMissingPart(folder, missing);

  const files: SafetensorsFile[] = [];
  const tensors = new Map<string, TensorEntry>();
  for (const name of names) {
    const file = await readSafetensors(join(folder, name));
    files.push(file);
    for (const [key, entry] of file.tensors) {
      const where = shardOf.get(key);
      if (where === undefined) continue; // what the index does not name is no weight of this part
      if (where !== name) refuse(path, key, `the tensor is in ${name}, but the index says ${where}`);
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
