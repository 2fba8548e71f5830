/** What pictures go on from, as changes of the document, and in words. */
import type { Area, SceneSettings, SceneStart } from "@scene/scene.ts";
import { REDRAW_SETTINGS } from "@scene/startSettings.ts";
import { enlargedSize } from "@scene/start.ts";
import { tidyStart } from "@scene/startFields.ts";
import { type Box, type Document, titleOf } from "./document.ts";
import { changeSettingsOf } from "./edits.ts";
import type { Size } from "./geometry.ts";

/** Begins from noise again: neither from a picture nor as a variation. */
export function beginFromNoise(document: Document): Document {
  const plain = { ...document, settings: withoutVariation(document.settings) };
  delete plain.start;
  return plain;
}

/** Each seed draws its own picture. */
export function withoutVariation(settings: SceneSettings): SceneSettings {
  const names = ["variationOf", "variationStrength"];
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name))) as typeof settings;
}

/** Another start; what is left out of `change` stays. */
export function changeStart(change: Partial<SceneStart>) {
  return (document: Document): Document => {
    return document.start ? { ...document, start: { ...document.start, ...change } } : document;
  };
}

/** The picture is drawn again, so many times as large as it is. */
export function enlarge(picture: Size, factor: number) {
  return changeSettingsOf(enlargedSize(picture, factor));
}

/** How it is brought to its new size. */
export function enlargeBy(by: NonNullable<SceneStart["by"]>) {
  return (document: Document): Document =>
    document.start ? { ...document, start: tidyStart({ ...document.start, by }) } : document;
}

/** How many times as large a picture is drawn as it is, to a tenth; undefined where it is drawn in its own size, or smaller. */
export function timesAsLarge({ settings }: Pick<Document, "settings">, picture: Size): number | undefined {
  const times = Math.max(settings.width / picture.width, settings.height / picture.height);
  return times < 1.05 ? undefined : Math.round(10 * times) / 10;
}

/** The picture is drawn again as a whole. */
export function redrawAll(document: Document): Document {
  if (!document.start) return document;
  const start = { ...document.start };
  delete start.redraw;
  return { ...document, start };
}

/** Only what these boxes hold is drawn anew. */
export function redrawBoxes(boxes: readonly Pick<Box, "box" | "shape">[]) {
  return (document: Document): Document => {
    const { start } = document;
    if (!start || boxes.length === 0) return document;
    const { feather = REDRAW_SETTINGS.feather.usual } = start.redraw ?? {};
    return { ...document, start: { ...start, redraw: { areas: boxes.map(areaOf), feather } } };
  };
}

/** Where a box is, as an area of its own: moving the box leaves it there. */
export function areaOf({ box, shape }: Pick<Box, "box" | "shape">): Area {
  return { box: { ...box }, ...(shape ? { shape } : {}) };
}

/** What an area is called: as the box that is there, if one is. */
export function areaWords(document: Pick<Document, "prompt" | "boxes">, areas: readonly Area[]): string {
  const named = areas.map((area) => {
    const same = document.boxes.find((box) => JSON.stringify(areaOf(box)) === JSON.stringify(areaOf(area)));
    return same && titleOf(document, same);
  });
  if (named.every((name) => name !== undefined)) return named.join(", ");
  return areas.length === 1 ? "an area" : `${areas.length} areas`;
}

/** How a picture went on from another one, whose size is told where it was another. */
export function startWords({ strength, redraw }: SceneStart, size?: { width: number; height: number }): string {
  const from = size ? `a picture of ${size.width} × ${size.height}` : "a picture";
  const areas = redraw?.areas.length ?? 0;
  const anew = areas === 0 ? "" : areas === 1 ? ", one area drawn anew" : `, ${areas} areas drawn anew`;
  return `${from}, strength ${strength}${anew}`;
}
