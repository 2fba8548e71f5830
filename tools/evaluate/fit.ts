/**
 * How well an icon in a box explains the pixels there, and the box that explains them best. An icon is judged by its
 * shape and by the colours of its details; its own colour is taken from the picture, so a wrong shade costs nothing.
 */
import { PARTS, partColour } from "./icons.ts";
import { toYcc, type Rgb } from "./palette.ts";
import { BARE, distance2, type JudgedPicture, type Ycc } from "./picture.ts";
import { NOTHING, TABLE, type Extent, type Template } from "./templates.ts";

/** Ends in pixels, which may be fractions. */
export interface PixelBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What is looked for: an icon of the palette's colour `label`, drawn in `own`. */
export interface Wanted {
  label: number;
  own: Rgb;
  background: Rgb;
}

/** Pixels that belong to other things count neither for nor against. */
export type Ignored = (pixel: number) => boolean;

export interface Fit {
  template: Template;
  box: PixelBox;
  /** Agreement over the union of the icon and what is drawn there, 0 to 1. */
  score: number;
  /** Pixels of that union. */
  area: number;
}

/** Weight of another colour beside the icon: probably a neighbour. */
const NEIGHBOUR = 0.3;
/** Share of the distance between icon and background beyond which a pixel is not background. */
const DRAWN = 0.4;
/** Pixels a side below which the soft edges decide what an icon looks like. */
const SMALL = 28;
/** Most samples a side of the first, coarse look and of the last. */
const COARSE = 32;
const FINE = 48;

/** Colours of the icon's parts, by index in PARTS. */
function partColours({ own, background }: Wanted): Ycc[] {
  return PARTS.map((part) => toYcc(...partColour(part, own, background)));
}

/** The box of an icon whose part `extent` fills `drawn`. */
export function boxFrom(drawn: PixelBox, extent: Extent): PixelBox {
  const width = (drawn.right - drawn.left) / (extent.right - extent.left);
  const height = (drawn.bottom - drawn.top) / (extent.bottom - extent.top);
  const left = drawn.left - extent.left * width;
  const top = drawn.top - extent.top * height;
  return { left, top, right: left + width, bottom: top + height };
}

function partAt({ parts }: Template, u: number, v: number): number {
  if (u < 0 || v < 0 || u >= 1 || v >= 1) return NOTHING;
  return parts[Math.floor(v * TABLE) * TABLE + Math.floor(u * TABLE)]!;
}

/** The pixels where icon and drawing can differ: both boxes and a margin, every `stride`-th. */
function window(picture: JudgedPicture, box: PixelBox, drawn: PixelBox, samples: number) {
  const side = Math.max(box.right - box.left, box.bottom - box.top);
  const margin = 1 + 0.05 * side;
  return {
    stride: Math.max(1, Math.floor(side / samples)),
    left: Math.max(0, Math.floor(Math.min(box.left, drawn.left) - margin)),
    top: Math.max(0, Math.floor(Math.min(box.top, drawn.top) - margin)),
    right: Math.min(picture.width, Math.ceil(Math.max(box.right, drawn.right) + margin)),
    bottom: Math.min(picture.height, Math.ceil(Math.max(box.bottom, drawn.bottom) + margin)),
  };
}

/** Scores icon `template` in `box`; `drawn` is where something of its colour was found. */
export function scoreFit(
  picture: JudgedPicture,
  wanted: Wanted,
  template: Template,
  box: PixelBox,
  drawn: PixelBox,
  ignored: Ignored,
): Fit {
  const colours = partColours(wanted);
  const { ycc, labels, backgroundYcc } = picture;
  const separation2 = squaredSeparation(picture, wanted);
  const drawn2 = DRAWN ** 2 * separation2;
  const reach2 = 0.6 ** 2 * separation2;
  const w = window(picture, box, drawn, COARSE);
  const expected: Expected = { colour: [0, 0, 0], cover: 0 };
  const isSmall = Math.min(box.right - box.left, box.bottom - box.top) < SMALL;
  const lookUp = isSmall ? softly : plainly;
  const look = lookUp(template, box, [...colours, backgroundYcc], expected);
  let union = 0;
  let agreed = 0;
  for (let y = w.top + (w.stride >> 1); y < w.bottom; y += w.stride) {
    for (let x = w.left + (w.stride >> 1); x < w.right; x += w.stride) {
      const i = y * picture.width + x;
      if (ignored(i)) continue;
      look(x, y);
      const { cover } = expected;
      if (cover > 0) {
        union += cover;
        agreed += cover * Math.max(0, 1 - Math.sqrt(distance2(ycc, i, expected.colour) / reach2));
      }
      if (cover < 0.5 && labels[i] !== BARE && distance2(ycc, i, backgroundYcc) > drawn2) {
        union += (1 - cover) * (labels[i] === wanted.label ? 1 : NEIGHBOUR);
      }
    }
  }
  return { template, box, score: union === 0 ? 0 : agreed / union, area: union * w.stride ** 2 };
}

/** The best box near `start.box` by moving one side at a time, in smaller and smaller steps. */
export function refine(
  picture: JudgedPicture,
  wanted: Wanted,
  start: Fit,
  drawn: PixelBox,
  ignored: Ignored,
  shares: readonly number[] = [0.08, 0.04, 0.02],
): Fit {
  let best = start;
  for (const share of shares) {
    const attempt = (box: PixelBox) => {
      const fit = scoreFit(picture, wanted, start.template, box, drawn, ignored);
      if (fit.score <= best.score) return false;
      best = fit;
      return true;
    };
    descend(() => best.box, share, share, attempt);
  }
  return best;
}

/** The box that leaves the least squared error when the icon is drawn with soft edges: finer than a pixel. */
export function sharpen(picture: JudgedPicture, wanted: Wanted, fit: Fit, ignored: Ignored): Fit {
  const colours = [...partColours(wanted), picture.backgroundYcc];
  let best = fit.box;
  let least = squaredError(picture, colours, fit.template, best, fit.box, ignored);
  for (const pixels of [1, 0.5, 0.25, 0.12]) {
    const attempt = (box: PixelBox) => {
      const error = squaredError(picture, colours, fit.template, box, fit.box, ignored);
      if (error >= least) return false;
      [best, least] = [box, error];
      return true;
    };
    descend(() => best, pixels / (best.right - best.left), pixels / (best.bottom - best.top), attempt);
  }
  return { ...fit, box: best };
}

/** Tries moves of single sides and of the whole box, by shares of its size, as long as any helps; three rounds at most. */
function descend(current: () => PixelBox, across: number, down: number, attempt: (box: PixelBox) => boolean): void {
  for (let round = 0; round < 3; round++) {
    let helped = false;
    for (const sides of [["left"], ["right"], ["top"], ["bottom"], ["left", "right"], ["top", "bottom"]] as const) {
      for (const sign of [1, -1]) {
        const box = { ...current() };
        const step = sides[0] === "left" || sides[0] === "right" ? across * (box.right - box.left) : down * (box.bottom - box.top); // prettier-ignore
        for (const side of sides) box[side] += sign * step;
        if (box.right - box.left < 3 || box.bottom - box.top < 3) continue;
        if (attempt(box)) {
          helped = true;
          break;
        }
      }
    }
    if (!helped) return;
  }
}

/** Samples a side of a pixel when edges are drawn soft. */
const SOFT = 4;

/** What an icon shows at a pixel: the mean colour, and how much of the pixel it paints. */
interface Expected {
  colour: [number, number, number];
  cover: number;
}

/** Sets `expected` to what the middle of a pixel shows. `colours` are those of the parts and then the background's. */
function plainly(template: Template, box: PixelBox, colours: readonly Ycc[], expected: Expected) {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  return (x: number, y: number) => {
    setPart(partAt(template, (x + 0.5 - box.left) / width, (y + 0.5 - box.top) / height), colours, expected);
  };
}

/** Like `plainly`, with edges drawn soft: the mean over SOFT x SOFT samples. */
function softly(template: Template, box: PixelBox, colours: readonly Ycc[], expected: Expected) {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const [du, dv] = [1 / SOFT / width, 1 / SOFT / height]; // from one sample to the next
  const reach = (SOFT - 1) / 2; // from the middle to the outermost
  return (x: number, y: number) => {
    const u = (x + 0.5 - box.left) / width;
    const v = (y + 0.5 - box.top) / height;
    const first = partAt(template, u - reach * du, v - reach * dv);
    const isPlain =
      partAt(template, u + reach * du, v - reach * dv) === first &&
      partAt(template, u - reach * du, v + reach * dv) === first &&
      partAt(template, u + reach * du, v + reach * dv) === first;
    if (isPlain) {
      setPart(first, colours, expected);
      return;
    }
    const { colour } = expected;
    colour.fill(0);
    expected.cover = 0;
    for (let k = 0; k < SOFT * SOFT; k++) {
      const part = partAt(template, u + ((k % SOFT) - reach) * du, v + (Math.floor(k / SOFT) - reach) * dv);
      const shown = colours[part === NOTHING ? colours.length - 1 : part]!;
      for (let c = 0; c < 3; c++) colour[c]! += shown[c]! / SOFT ** 2;
      if (part !== NOTHING) expected.cover += 1 / SOFT ** 2;
    }
  };
}

function setPart(part: number, colours: readonly Ycc[], expected: Expected): void {
  const shown = colours[part === NOTHING ? colours.length - 1 : part]!;
  for (let c = 0; c < 3; c++) expected.colour[c] = shown[c]!;
  expected.cover = part === NOTHING ? 0 : 1;
}

function squaredError(
  picture: JudgedPicture,
  colours: readonly Ycc[],
  template: Template,
  box: PixelBox,
  around: PixelBox,
  ignored: Ignored,
): number {
  const w = window(picture, around, around, FINE);
  const expected: Expected = { colour: [0, 0, 0], cover: 0 };
  const look = softly(template, box, colours, expected);
  let sum = 0;
  for (let y = w.top; y < w.bottom; y += w.stride) {
    for (let x = w.left; x < w.right; x += w.stride) {
      const i = y * picture.width + x;
      if (ignored(i)) continue;
      look(x, y);
      sum += distance2(picture.ycc, i, expected.colour);
    }
  }
  return sum;
}

/**
 * Calls `mark` with every pixel that the icon explains: what it paints, where the picture has about that colour, and
 * whatever lies within `rim` pixels of its edges.
 */
export function coveredPixels(
  picture: JudgedPicture,
  wanted: Wanted,
  { box, template }: Fit,
  rim: number,
  mark: (pixel: number) => void,
): void {
  const colours = partColours(wanted);
  const reach2 = 0.25 * squaredSeparation(picture, wanted);
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const part = (x: number, y: number) => partAt(template, (x + 0.5 - box.left) / width, (y + 0.5 - box.top) / height);
  const offsets = [-rim, 0, rim].flatMap((dy) => [-rim, 0, rim].map((dx) => [dx, dy] as const));
  for (let y = Math.max(0, Math.floor(box.top - rim)); y < Math.min(picture.height, box.bottom + rim); y++) {
    for (let x = Math.max(0, Math.floor(box.left - rim)); x < Math.min(picture.width, box.right + rim); x++) {
      const i = y * picture.width + x;
      const here = part(x, y);
      const isEdge = offsets.some(([dx, dy]) => part(x + dx, y + dy) !== here);
      if (isEdge || (here !== NOTHING && distance2(picture.ycc, i, colours[here]!) < reach2)) mark(i);
    }
  }
}

/** Squared distance between the icon's own colour and the background. */
function squaredSeparation({ backgroundYcc }: JudgedPicture, { own }: Wanted): number {
  return toYcc(...own).reduce((sum, value, c) => sum + (value - backgroundYcc[c]!) ** 2, 0);
}
