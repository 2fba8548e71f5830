/** What tells results apart: their settings, words and boxes. */
import { extrasOf } from "@scene/flatSettings.ts";
import { modelTitle } from "@scene/names.ts";
import { isolated } from "@scene/rightToLeft.ts";
import type { Region, Scene } from "@scene/scene.ts";
import type { ResultDetails } from "@api/store.ts";
import { phraseOf } from "./document.ts";
import { kindOf, SHAPE_WORDS } from "./shapes.ts";
import { changeWords, layoutChanges } from "./variant.ts";
import { startWords } from "./startEdits.ts";
import { settingWords } from "./words.ts";

export interface Difference {
  name: string;
  /** One for each result, in their order. */
  values: string[];
}

/** The rows in which not all results are the same. */
export function differences(results: readonly ResultDetails[]): Difference[] {
  const columns = results.map(
    ({ seed, record }) =>
      new Map([["Seed", seed], ...describe(record.scene), ["Checkpoint", modelTitle(record.model.name)]]),
  );
  const names = new Set(columns.flatMap((column) => [...column.keys()]));
  return [...names]
    .map((name) => ({ name, values: columns.map((column) => column.get(name) ?? "–") }))
    .filter(({ values }) => new Set(values).size > 1);
}

/**
 * Where nothing but the layout differs, what became of it in the result at `place`, in words: "Same noise and settings as 1: “red
 * circle” was moved." Undefined where more differs, and for the first.
 */
export function onlyLayout(results: readonly ResultDetails[], place: number): string | undefined {
  const [first, one] = [results[0], results[place]];
  if (!first || !one || place === 0) return undefined;
  const isBox = (name: string) => name.startsWith("Box ");
  if (differences([first, one]).some(({ name }) => !isBox(name))) return undefined;
  const changes = layoutChanges(first.record.scene, one.record.scene);
  return changes.length === 0 ? undefined : `Same noise and settings as 1: ${changeWords(changes)}.`;
}

/** What else a box has, in words. */
export function extraWords(region: Region): string[] {
  const { words, avoid, during } = extrasOf(region);
  const percent = (value: number) => Math.round(value * 100);
  return [
    ...(words === undefined ? [] : [`also “${isolated(words)}”`]),
    ...(avoid === undefined ? [] : [`without “${isolated(avoid)}”`]),
    ...(during ? [`from ${percent(during.start)} to ${percent(during.end)} % of the run`] : []),
  ];
}

/** All that can differ in a scene, by name. */
export function describe(scene: Scene): [string, string][] {
  const percent = (value: number) => String(Math.round(value * 100));
  const boxes = scene.regions.map((region, i): [string, string] => {
    const { box, strength } = region;
    const kind = region.shape ? [SHAPE_WORDS[kindOf(region)].toLowerCase()] : [];
    const place = `${percent(box.x)}, ${percent(box.y)} · ${percent(box.width)} × ${percent(box.height)} %`;
    return [
      `Box ${i + 1}: ${phraseOf(scene.prompt, region)}`,
      [...kind, place, ...(strength === 1 ? [] : [`strength ${strength}`]), ...extraWords(region)].join(", "),
    ];
  });
  return [
    ["Prompt", scene.prompt],
    ["Left out", scene.negativePrompt || "–"],
    ...(scene.start ? [["Went on from", startWords(scene.start)] satisfies [string, string]] : []),
    ...settingWords(scene.settings),
    ...boxes,
  ];
}

/** A word of a changed text. */
export interface WordChange {
  text: string;
  kind: "same" | "added" | "removed";
}

/** The words of two texts, in order, as kept, removed or added: the longest common subsequence of words. */
export function diffWords(before: string, after: string): WordChange[] {
  const a = before.match(/\S+/g) ?? [];
  const b = after.match(/\S+/g) ?? [];
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i]![j] = a[i] === b[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
    }
  }
  const changes: WordChange[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      changes.push({ text: a[i]!, kind: "same" });
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && table[i + 1]![j]! >= table[i]![j + 1]!)) {
      changes.push({ text: a[i++]!, kind: "removed" });
    } else changes.push({ text: b[j++]!, kind: "added" });
  }
  return changes;
}
