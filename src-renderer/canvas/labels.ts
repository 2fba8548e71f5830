/** Where the name of a box stands: never on a small box, its own or another one. All in pixels of the screen, from the box's corner. */

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A box with a shorter side than this is small: a name in it would hide what it is about. */
const SMALL = 72;

const isSmall = ({ width, height }: Pick<Rect, "width" | "height">) => width < SMALL || height < SMALL;
const overlap = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** The least that a name has, however small its box is. */
const LEAST = 96;
/** What a name above a small box takes up of the height. */
const ABOVE = 24;

/** How wide a name may be: as wide as its box, and on until something stands beside it, or until the `edge` of the canvas. */
export function roomOfLabel(box: Pick<Rect, "width" | "height">, others: readonly Rect[], edge: number): number {
  const least = Math.max(LEAST, box.width - 2);
  const beside = others
    .filter(({ y, height, ...one }) => y - (isSmall({ height, ...one }) ? ABOVE : 0) < ABOVE && y + height > -ABOVE)
    .map(({ x }) => x)
    .filter((x) => x >= box.width);
  return Math.max(least, Math.min(edge, ...beside) - 4);
}

/** The first place that covers no small box; where all do, the usual one. */
export function placeOfLabel(
  box: Pick<Rect, "width" | "height">,
  label: Pick<Rect, "width" | "height">,
  others: readonly Rect[],
): Rect & { inside: boolean } {
  const own = { x: 0, y: 0, ...box };
  const at = (x: number, y: number, inside: boolean) => ({ x, y, ...label, inside });
  const around = [
    at(-1, -label.height - 3, false),
    at(-1, box.height + 3, false),
    at(box.width + 3, -1, false),
    at(-label.width - 3, -1, false),
  ];
  const inside = [
    at(-1, -1, true),
    at(-1, box.height - label.height + 1, true),
    at(box.width - label.width + 1, -1, true),
  ];
  const places = isSmall(box) ? around : [...inside, ...around];
  const small = [...(isSmall(box) ? [own] : []), ...others.filter(isSmall)];
  return places.find((place) => !small.some((one) => overlap(place, one))) ?? places[0]!;
}
