/** A model by the name that people write for it: in a prompt (`<lora:name:0.8>`, an embedding's word) or on a command line. */
import { basename } from "node:path";
import { editDistance } from "../scene/nearest.ts";
import type { FoundModel, HomeModel, MissingModel, ModelFamily, ModelKind } from "../api/models.ts";

/** What of a model is asked by name. */
export type Named = Pick<HomeModel, "path" | "name" | "kind">;

const MOST_CLOSEST = 5;

/**
 * As other programs look it up: the file's name without its ending, whatever its case and the folder it is in; `style/name` asks for that
 * folder. Where several have the name, the first in the order of `models`.
 */
export function findModelFile(models: Iterable<Named>, kind: ModelKind, name: string): FoundModel {
  const wanted = plain(name.replaceAll("\\", "/").replace(/\.safetensors$/i, ""));
  const ofKind = [...models].filter((model) => model.kind === kind);
  const namesOf = (model: Named) => [plain(stemOf(model.path)), plain(model.name)];
  const exact = ofKind.find((model) => namesOf(model).includes(wanted));
  if (exact) return { path: exact.path, closest: [] };
  const inFolder = wanted.includes("/")
    ? ofKind.find((model) => plain(withoutEnding(model.path.replaceAll("\\", "/"))).endsWith(`/${wanted}`))
    : undefined;
  if (inFolder) return { path: inFolder.path, closest: [] };
  return { path: null, closest: closestNames(ofKind, wanted) };
}

/** What of an embedding decides whether a text asks for it. */
type Embedding = Pick<HomeModel, "path" | "kind" | "opens" | "family">;

/** Most that a scene takes: more words than that are none of a person's. */
const MOST_EMBEDDINGS = 32;

/** Embeddings by their files' names, which are words of prompts: those that `texts` hold and that are made for `family`, and those of `names`. */
export function embeddingsIn(
  models: Iterable<Embedding>,
  { texts, names, family }: { texts: readonly string[]; names: readonly string[]; family: ModelFamily | null },
): { name: string; path: string }[] {
  const text = texts.map(plain).join("\n");
  const asked = new Set(names.map(plain));
  const found = new Map<string, { name: string; path: string }>();
  for (const { path, kind, opens, family: own } of models) {
    if (kind !== "embedding" || !opens || found.size >= MOST_EMBEDDINGS) continue;
    const name = stemOf(path);
    const word = plain(name);
    if (found.has(word)) continue;
    const fits = family !== null && own === family;
    if (asked.has(word) || (fits && hasWord(text, word))) found.set(word, { name, path });
  }
  return [...found.values()];
}

/** Whether a word stands in a text by itself, and not in the middle of another. */
function hasWord(text: string, word: string): boolean {
  const isLetter = (letter: string | undefined) => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter);
  for (let at = text.indexOf(word); at >= 0 && word !== ""; at = text.indexOf(word, at + 1)) {
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true;
  }
  return false;
}

/** Names that share most letters with the one that is looked for, best first. */
function closestNames(models: readonly Named[], wanted: string): string[] {
  const names = [...new Set(models.map(({ path }) => stemOf(path)))];
  const scored = names.map((name) => {
    const other = plain(name);
    const isPart = wanted.length >= 3 && (other.includes(wanted) || wanted.includes(other));
    return {
      name,
      distance: isPart
        ? 0.5
        : editDistance(wanted.slice(0, 100), other.slice(0, 100)) / Math.max(wanted.length, other.length, 1),
    };
  });
  const near = scored.filter(({ distance }) => distance <= 0.5).sort((a, b) => a.distance - b.distance);
  return near.slice(0, MOST_CLOSEST).map(({ name }) => name);
}

/** What is known of a model that is looked for. */
export interface Lost extends Pick<HomeModel, "name" | "kind" | "family" | "sha256"> {
  path: string | null;
}

/** The same file elsewhere, and what is most like it: of its kind and network, by the letters of its name. */
export function findMissing(all: readonly HomeModel[], lost: Lost): MissingModel {
  const { path, name, kind, family, sha256 } = lost;
  const models = all.filter((model) => model.path !== path);
  const namesakes =
    path === null ? models.filter((model) => model.kind === kind && model.opens && model.name === name) : [];
  const moved =
    (sha256 !== null && models.find((model) => model.sha256 === sha256)) ||
    (namesakes.length === 1 && namesakes[0]) ||
    null;
  const closest = models
    .filter((model) => model.kind === kind && model.opens && (family === null || model.family === family))
    .map((model) => ({ model, distance: Math.min(distanceOf(model.name, name), distanceOf(stemOf(model.path), name)) }))
    .sort((a, b) => a.distance - b.distance);
  return { path, name, moved: moved || null, closest: closest.slice(0, MOST_CLOSEST).map(({ model }) => model) };
}

/** How like two names are, 0 (equal) to 1. */
function distanceOf(a: string, b: string): number {
  const [one, other] = [plain(a).slice(0, 100), plain(b).slice(0, 100)];
  return editDistance(one, other) / Math.max(one.length, other.length, 1);
}

function stemOf(path: string): string {
  return withoutEnding(basename(path));
}

function withoutEnding(path: string): string {
  return path.replace(/\.safetensors$/i, "");
}

function plain(text: string): string {
  return text.normalize("NFC").toLowerCase().trim();
}
