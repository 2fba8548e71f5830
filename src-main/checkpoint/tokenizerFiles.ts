/**
 * tokenizer/ of a checkpoint, as data: CLIP's byte-pair vocabulary and merges, and which tokens are special. Both forms
 * are read: vocab.json with merges.txt, and the single tokenizer.json that newer libraries write.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Fields, isRecord, readFields, readText } from "./fields.ts";
import { quote, refuse } from "./header.ts";
import { orUnreadable } from "./safetensors.ts";

export interface TokenizerFiles {
  /** Undefined: the checkpoint brings no vocabulary, so it is CLIP's own. */
  readonly vocabulary?: Vocabulary;
  /** Marks around and after the text, and what stands for an unknown character; each is in the vocabulary. */
  readonly start: string;
  readonly end: string;
  readonly pad: string;
  readonly unknown: string;
  /** Tokens found in the text as they are written, besides start and end: learned concepts such as `<cat-toy>`. */
  readonly added: ReadonlyMap<string, number>;
  /** The most positions, start and end included, where the tokenizer says so. */
  readonly maxTokens?: number;
}

export interface Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  /** Pairs to join, the most urgent first. */
  readonly merges: readonly (readonly [string, string])[];
}

/** SD 1.x; 2.x pads with `!`, which its files say. */
const DEFAULTS = { start: "<|startoftext|>", end: "<|endoftext|>" } as const;

/** Reads `folder`, or answers with CLIP's defaults where it does not exist. `size` is the text encoder's vocabulary. */
export async function readTokenizer(folder: string, exists: boolean, size: number): Promise<TokenizerFiles> {
  if (!exists) return { ...DEFAULTS, pad: DEFAULTS.end, unknown: DEFAULTS.end, added: new Map() };
  const names = await orUnreadable(folder, () => readdir(folder));
  const optional = (name: string): Promise<Fields> =>
    names.includes(name) ? readFields(join(folder, name)) : Promise.resolve(new Fields({}, join(folder, name)));
  const config = await optional("tokenizer_config.json");
  const special = await optional("special_tokens_map.json");
  const vocabulary = await readVocabulary(folder, names, size);
  const end = tokenText(config, "eos_token") ?? tokenText(special, "eos_token") ?? DEFAULTS.end;
  const maxTokens = config.get("model_max_length");
  return {
    ...(vocabulary ? { vocabulary } : {}),
    start: tokenText(config, "bos_token") ?? tokenText(special, "bos_token") ?? DEFAULTS.start,
    end,
    // The map is newer than the config where they differ: SD 2's config does not name the pad token, its map does.
    pad: tokenText(special, "pad_token") ?? tokenText(config, "pad_token") ?? end,
    unknown: tokenText(config, "unk_token") ?? tokenText(special, "unk_token") ?? end,
    added: addedTokens(config, await optional("added_tokens.json"), size),
    // transformers writes 1e30 for "no limit".
    ...(typeof maxTokens === "number" && maxTokens >= 3 && maxTokens <= 4096
      ? { maxTokens: Math.floor(maxTokens) }
      : {}),
  };
}

/** A special token is a text, or an object with its text as `content`. */
function tokenText(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  if (value === undefined || typeof value === "string") return value;
  if (isRecord(value) && typeof value["content"] === "string") return value["content"];
  fields.wrong(name, "a token", value);
}

/** `added_tokens_decoder` of the config, by id, and added_tokens.json, by text. */
function addedTokens(config: Fields, byText: Fields, size: number): Map<string, number> {
  const added = new Map<string, number>();
  const decoder = config.get("added_tokens_decoder");
  if (isRecord(decoder)) {
    for (const [id, token] of Object.entries(decoder)) {
      const content = isRecord(token) ? token["content"] : undefined;
      if (typeof content !== "string") config.wrong("added_tokens_decoder", "tokens with their content", token);
      added.set(content, checkId(Number(id), content, size, config.path));
    }
  }
  for (const text of byText.keys()) added.set(text, checkId(byText.get(text), text, size, byText.path));
  added.delete("");
  return added;
}

async function readVocabulary(folder: string, names: readonly string[], size: number): Promise<Vocabulary | undefined> {
  if (names.includes("vocab.json") && names.includes("merges.txt")) {
    const vocab = await readFields(join(folder, "vocab.json"));
    const path = join(folder, "merges.txt");
    const lines = (await readText(path))
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("#version"));
    return { ids: parseIds(vocab, size), merges: lines.map((line) => parseMerge(line.replace(/\r$/, ""), path)) };
  }
  if (!names.includes("tokenizer.json")) return undefined;
  const path = join(folder, "tokenizer.json");
  const file: Fields = await readFields(path);
  const model = file.get("model");
  if (!isRecord(model) || model["type"] !== "BPE")
    file.wrong("model.type", "BPE", isRecord(model) ? model["type"] : model);
  const { vocab, merges } = model;
  if (!isRecord(vocab)) file.wrong("model.vocab", "an object from token to number", vocab);
  if (!Array.isArray(merges)) file.wrong("model.merges", "a list", merges);
  return {
    ids: parseIds(new Fields(vocab, path), size),
    merges: merges.map((merge: unknown) => parseMerge(merge, path)),
  };
}

function parseIds(vocab: Fields, size: number): Map<string, number> {
  return new Map(vocab.keys().map((token) => [token, checkId(vocab.get(token), token, size, vocab.path)]));
}

/** An id beyond the text encoder's table would read outside it. */
function checkId(id: unknown, token: string, size: number, path: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < size) return id;
  refuse(
    path,
    undefined,
    `token ${quote(token)}: expected a number from 0 to ${size - 1}, as the text encoder has ${size} tokens, found ${String(id)}`,
  );
}

/** "a b", or ["a", "b"] in newer files. */
function parseMerge(merge: unknown, path: string): [string, string] {
  const pair: unknown = typeof merge === "string" ? merge.split(" ") : merge;
  if (Array.isArray(pair) && pair.length === 2) {
    const [left, right] = pair as unknown[];
    if (typeof left === "string" && typeof right === "string" && left !== "" && right !== "") return [left, right];
  }
  refuse(path, undefined, `expected two parts to join, found ${quote(JSON.stringify(merge))}`);
}
