/** Compositions: usual ways to divide a picture, for as many boxes as there are, from the top left to the bottom right. */
import type { UnitBox } from "@scene/scene.ts";
import type { Edit } from "./edits.ts";
import { type Box, type Document, newBox } from "./document.ts";
import { fitInside, isSamePlace, type Size } from "./geometry.ts";

export const COMPOSITIONS = ["thirds", "pair", "triptych", "hero", "grid"] as const;
export type Composition = (typeof COMPOSITIONS)[number];

export const COMPOSITION_WORDS: Record<Composition, string> = {
  thirds: "Thirds",
  pair: "Pair",
  triptych: "Triptych",
  hero: "Hero left",
  grid: "Grid",
};

/** How many boxes each is of, where there are no more. */
const LEAST: Record<Composition, number> = { thirds: 4, pair: 2, triptych: 3, hero: 3, grid: 4 };

/** Between boxes, and around them: a part of the picture's shorter side. */
const GAP = 0.05;

/** At least as many places as boxes; none of them overlap, and all lie in the picture. */
export function placesOf(composition: Composition, boxes: number, { width, height }: Size): UnitBox[] {
  const count = Math.max(boxes, LEAST[composition]);
  const short = Math.min(width, height);
  const gap = { x: (GAP * short) / width, y: (GAP * short) / height };
  const whole = { x: gap.x, y: gap.y, width: 1 - 2 * gap.x, height: 1 - 2 * gap.y };
  switch (composition) {
    case "pair":
      return divide(whole, 2, count, gap);
    case "triptych":
      return divide(whole, 3, count, gap);
    case "grid":
      return divide(whole, Math.ceil(Math.sqrt(count)), count, gap);
    case "hero": {
      const hero = { ...whole, width: whole.width * 0.62 - gap.x / 2 };
      const x = hero.x + hero.width + gap.x;
      const aside = { ...whole, x, width: whole.x + whole.width - x };
      return [hero, ...divide(aside, count > 5 ? 2 : 1, count - 1, gap)];
    }
    case "thirds":
      return count > 4 ? divide(whole, count > 9 ? Math.ceil(Math.sqrt(count)) : 3, count, gap) : THIRDS;
  }
}

/** Around the four points where lines at thirds of the picture cross. */
const THIRDS: UnitBox[] = [1, 2].flatMap((row) =>
  [1, 2].map((column) => ({ x: column / 3 - 0.14, y: row / 3 - 0.14, width: 0.28, height: 0.28 })),
);

/** So many columns of equal places, row after row; a last row that is not full has wider ones. */
function divide(area: UnitBox, columns: number, count: number, gap: { x: number; y: number }): UnitBox[] {
  const rows = Math.ceil(count / columns);
  // With many boxes the gaps give way before the boxes do.
  const room = (whole: number, parts: number, wish: number) =>
    parts < 2 ? 0 : Math.min(wish, whole / 2 / (parts - 1));
  const between = room(area.height, rows, gap.y);
  const height = (area.height - (rows - 1) * between) / rows;
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = Math.min(columns, count - row * columns);
    const apart = room(area.width, inRow, gap.x);
    const width = (area.width - (inRow - 1) * apart) / inRow;
    return {
      x: area.x + (i - row * columns) * (width + apart),
      y: area.y + row * (height + between),
      width,
      height,
    };
  });
}

/**
 * Lays these boxes out, in their order from the first one made; where there are fewer than the composition has places, empty ones are
 * made for the rest under the ids given by `newId`, to be tied to words. Locked boxes stay where they are.
 */
export function layOut(composition: Composition, ids: readonly string[], newId: () => string): Edit {
  return (document) => {
    const chosen = document.boxes.filter(({ id, locked }) => ids.includes(id) && !locked);
    const places = placesOf(composition, chosen.length, document.settings).map(fitInside);
    const placed = new Map(chosen.map(({ id }, i) => [id, places[i]!]));
    const boxes = document.boxes.map((box) => {
      const place = placed.get(box.id);
      return place && !isSamePlace(place, box.box) ? { ...box, box: place } : box;
    });
    for (const box of places.slice(chosen.length)) {
      boxes.push(newBox({ prompt: document.prompt, boxes }, { box, spans: [] }, newId()));
    }
    return { ...document, boxes };
  };
}

/** What a composition did to boxes that were there, in words; undefined where it moved none. */
export function whatWasLaidOut(before: Document, after: Document): string | undefined {
  const old = new Map(before.boxes.map(({ id, box }) => [id, box]));
  const isMoved = ({ id, box }: Box) => old.has(id) && old.get(id) !== box;
  const moved = after.boxes.filter(isMoved).length;
  if (moved === 0) return undefined;
  const made = after.boxes.length - before.boxes.length;
  const locked = before.boxes.some((box) => box.locked) ? " Locked ones stayed." : "";
  const empty = made === 0 ? "" : made === 1 ? ", 1 empty one was added" : `, ${made} empty ones were added`;
  return `${moved === 1 ? "1 box was" : `${moved} boxes were`} moved and resized${empty}.${locked}`;
}
