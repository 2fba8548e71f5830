/**
 * tokenizer/ of a checkpoint, as data: CLIP's byte-pair vocabulary and merges, and which tokens are special. Both forms
 * are read: vocab.json with merges.txt, and the single tokenizer.json that newer libraries write.
 */
import { join } from "node:path";
import { Fields, isRecord, readFields, readText } from "./fields.ts";
import { quote, refuse } from "./header.ts";
import { namesIn } from "./safetensors.ts";

export interface TokenizerFiles {
  /** The folder, for messages. */
  readonly path: string;
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

const START = "<|startoftext|>";
const END = "<|endoftext|>";

/** Reads `folder`, or answers with CLIP's defaults where it does not exist. `size` is the text encoder's vocabulary. */
export async function readTokenizer(folder: string, exists: boolean, size: number): Promise<TokenizerFiles> {
  const names = exists ? await namesIn(folder) : [];
  const optional = (name: string): Promise<Fields> =>
    names.includes(name) ? readFields(join(folder, name)) : Promise.resolve(new Fields({}, join(folder, name)));
  const config = await optional("tokenizer_config.json");
  const special = await optional("special_tokens_map.json");
  const single = await optional("tokenizer.json");
  const vocabulary = await readVocabulary(folder, names, single, size);
  // The map wins, as in transformers: SD 2's config says that it pads with the end mark, its map says "!", which is so.
  const token = (name: string): string | undefined => tokenText(special, name) ?? tokenText(config, name);
  const end = token("eos_token") ?? END;
  const maxTokens = config.get("model_max_length");
  return {
    path: folder,
    ...(vocabulary ? { vocabulary } : {}),
    start: token("bos_token") ?? START,
    end,
    pad: token("pad_token") ?? end,
    unknown: token("unk_token") ?? end,
    added: addedTokens(config, await optional("added_tokens.json"), single, size),
    // transformers writes 1e30 for "no limit".
    ...(typeof maxTokens === "number" && maxTokens >= 3 && maxTokens <= 4096
      ? { maxTokens: Math.floor(maxTokens) }
      : {}),
  };
}

/** A special token is a text, or an object with its text as `content`. */
function tokenText(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  const text = isRecord(value) ? value["content"] : value;
  if (text === undefined || (typeof text === "string" && text !== "")) return text;
  fields.wrong(name, "a token", value);
}

/** `added_tokens_decoder` of the config, by id; added_tokens.json, by text; `added_tokens` of tokenizer.json, a list. */
function addedTokens(config: Fields, byText: Fields, single: Fields, size: number): Map<string, number> {
  const added = new Map<string, number>();
  const add = (file: Fields, text: unknown, id: unknown): void => {
    if (typeof text !== "string" || text === "") refuse(file.path, undefined, `token ${String(id)} has no text`);
    added.set(text, checkId(id, text, size, file.path));
  };
  const decoder = config.get("added_tokens_decoder");
  if (isRecord(decoder)) {
    for (const [id, token] of Object.entries(decoder))
      add(config, isRecord(token) ? token["content"] : token, Number(id));
  }
  const list = single.get("added_tokens");
  if (Array.isArray(list)) {
    for (const token of list as unknown[]) if (isRecord(token)) add(single, token["content"], token["id"]);
  }
  for (const text of byText.keys()) add(byText, text, byText.get(text));
  return added;
}

async function readVocabulary(
  folder: string,
  names: readonly string[],
  single: Fields,
  size: number,
): Promise<Vocabulary | undefined> {
  if (names.includes("vocab.json") && names.includes("merges.txt")) {
    const vocab = await readFields(join(folder, "vocab.json"));
    const path = join(folder, "merges.txt");
    const lines = (await readText(path)).split("\n").map((line) => line.trimEnd());
    const merges = lines.filter((line) => line !== "" && !line.startsWith("#version"));
    return parseVocabulary(vocab, merges, size, path);
  }
  if (!names.includes("tokenizer.json")) return undefined;
  const model = single.get("model");
  if (!isRecord(model) || model["type"] !== "BPE")
    single.wrong("model.type", "BPE", isRecord(model) ? model["type"] : model);
  const { vocab, merges } = model;
  if (!isRecord(vocab)) single.wrong("model.vocab", "an object from token to number", vocab);
  if (!Array.isArray(merges)) single.wrong("model.merges", "a list", merges);
  return parseVocabulary(new Fields(vocab, single.path), merges, size, single.path);
}

function parseVocabulary(vocab: Fields, merges: readonly unknown[], size: number, path: string): Vocabulary {
  const ids = new Map(vocab.keys().map((token) => [token, checkId(vocab.get(token), token, size, vocab.path)]));
  const pairs = merges.map((merge) => {
    const [left, right] = parseMerge(merge, path);
    if (!ids.has(left + right))
      refuse(path, undefined, `${quote(`${left} ${right}`)} makes a token that the vocabulary lacks`);
    return [left, right] as const;
  });
  return { ids, merges: pairs };
}

/** An id beyond the text encoder's table would read outside it. */
function checkId(id: unknown, token: string, size: number, path: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < size) return id;
  const expected = `a number from 0 to ${size - 1}, as the text encoder has ${size} tokens`;
  refuse(path, undefined, `token ${quote(token)}: expected ${expected}, found ${String(id)}`);
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
