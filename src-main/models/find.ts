/** A model by the name that people write for it: in a prompt (`<lora:name:0.8>`, an embedding's word) or on a command line. */
import { basename } from "node:path";
import { editDistance } from "../api/nearest.ts";
import type { FoundModel, HomeModel, ModelKind } from "../api/models.ts";

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

/** How like two names are, 0 (equal) to 1. */
export function distanceOf(a: string, b: string): number {
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
