/** "Same noise, one box moved": a result's scene with the layout of the editor, and what is different between two layouts. */
import { extrasOf } from "@scene/flatSettings.ts";
import type { Region, Scene, UnitBox } from "@scene/scene.ts";
import type { Shaped } from "@scene/shapes.ts";
import { type Document, phraseOf, sceneToDraw } from "./document.ts";

/**
 * `scene` with the boxes as they are now in the editor: prompt, settings and (elsewhere) seed stay the result's. While the prompt is the
 * same, the whole layout is taken over. If it was changed since, spans of the editor mean nothing in the old prompt: then only boxes
 * that both have are moved, those with the same id, or else with the same words.
 */
export function withLayout(scene: Scene, document: Document): Scene {
  const now = sceneToDraw(document);
  if (now.prompt === scene.prompt) return { ...scene, regions: now.regions };
  const regions = scene.regions.map((region) => {
    const match = pairOf(region, scene, now);
    if (!match) return region;
    const { id, spans } = region;
    return { id, spans, box: match.box, strength: match.strength, ...extrasOf(match) };
  });
  return { ...scene, regions };
}

/** What happened to a box between two scenes. */
export interface BoxChange {
  kind: "moved" | "resized" | "shape" | "added" | "removed" | "strength" | "words" | "steps";
  /** Of the region in the later scene, or in the earlier one where it was removed. */
  id: string;
  words: string;
  before: Shaped | undefined;
  after: Shaped | undefined;
}

export function layoutChanges(before: Scene, after: Scene): BoxChange[] {
  const left = new Set(before.regions.map(({ id }) => id));
  const changes = after.regions.flatMap((region): BoxChange[] => {
    const words = phraseOf(after.prompt, region);
    const old = pairOf(region, after, before);
    if (!old) return [{ kind: "added", id: region.id, words, before: undefined, after: region }];
    left.delete(old.id);
    const kind = kindOf(old, region, phraseOf(before.prompt, old) === words);
    return kind ? [{ kind, id: region.id, words, before: old, after: region }] : [];
  });
  const removed = before.regions
    .filter(({ id }) => left.has(id))
    .map((region): BoxChange => {
      const words = phraseOf(before.prompt, region);
      return { kind: "removed", id: region.id, words, before: region, after: undefined };
    });
  return [...changes, ...removed];
}

/** The changes as one would say them: "“red circle” was moved". */
export function changeWords(changes: readonly BoxChange[]): string {
  const verbs = {
    moved: "was moved",
    resized: "was resized",
    shape: "has another shape",
    added: "is new",
    removed: "is gone",
    strength: "has another strength",
    words: "has other words",
    steps: "acts in other steps",
  };
  return changes.map(({ words, kind }) => `“${words}” ${verbs[kind]}`).join(", ");
}

/** The region of `other` that is the same box: by id, else by its words if these are one box's alone. */
function pairOf(region: Region, scene: Scene, other: Scene): Region | undefined {
  const same = other.regions.find(({ id }) => id === region.id);
  if (same) return same;
  const words = phraseOf(scene.prompt, region).toLowerCase();
  const isFree = (one: Region) => !scene.regions.some(({ id }) => id === one.id);
  const matching = other.regions.filter((one) => isFree(one) && phraseOf(other.prompt, one).toLowerCase() === words);
  return matching.length === 1 ? matching[0] : undefined;
}

/** A box that was dragged there and back is where it was, but for rounding. */
const SAME = 1e-4;

function kindOf(old: Region, now: Region, sameWords: boolean): BoxChange["kind"] | undefined {
  const [then, today] = [extrasOf(old), extrasOf(now)];
  // A box that follows what is drawn in it changes with that.
  if (JSON.stringify(then.shape) !== JSON.stringify(today.shape)) return "shape";
  const differs = (key: keyof UnitBox) => Math.abs(old.box[key] - now.box[key]) > SAME;
  if (differs("width") || differs("height")) return "resized";
  if (differs("x") || differs("y")) return "moved";
  if (!sameWords || then.words !== today.words || then.avoid !== today.avoid) return "words";
  if (then.during?.start !== today.during?.start || then.during?.end !== today.during?.end) return "steps";
  return old.strength === now.strength ? undefined : "strength";
}
