/**
 * The ten icons as lists of painted shapes in a unit box, origin top left: the geometry of `draw_icon` in
 * tools/demo-model/scenes.py. A shape is asked for its spans: where it lies in one row.
 */
import type { Rgb } from "./palette.ts";

export const ICONS = [
  "circle",
  "square",
  "triangle",
  "star",
  "heart",
  "moon",
  "house",
  "tree",
  "fish",
  "flower",
] as const;
export type Icon = (typeof ICONS)[number];

/** What a shape is painted with; `body` is the icon's own colour and `cut` the background's. */
export const PARTS = ["body", "roof", "door", "fin", "trunk", "eye", "centre", "cut"] as const;
export type Part = (typeof PARTS)[number];

/** Pairs of ends, left to right, of where the row at height v crosses a shape. */
type Spans = number[];
export interface Shape {
  part: Part;
  /** Ends in u of the shape in the row at height v, two for each stretch. */
  spans: (v: number) => Spans;
}

function ellipse(left: number, top: number, right: number, bottom: number): Shape["spans"] {
  const [cu, cv, ru, rv] = [(left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2];
  return (v) => {
    const rest = 1 - ((v - cv) / rv) ** 2;
    return rest <= 0 ? [] : [cu - ru * Math.sqrt(rest), cu + ru * Math.sqrt(rest)];
  };
}

function rectangle(left: number, top: number, right: number, bottom: number): Shape["spans"] {
  return (v) => (v < top || v >= bottom ? [] : [left, right]);
}

/** Filled by the even-odd rule. */
function polygon(...points: readonly (readonly [u: number, v: number])[]): Shape["spans"] {
  return (v) => {
    const crossings: number[] = [];
    for (const [i, [u0, v0]] of points.entries()) {
      const [u1, v1] = points[(i + 1) % points.length]!;
      if (v0 <= v !== v1 <= v) crossings.push(u0 + ((v - v0) / (v1 - v0)) * (u1 - u0));
    }
    return crossings.sort((a, b) => a - b);
  };
}

const starPoints = Array.from({ length: 10 }, (_, k) => {
  const radius = k % 2 === 0 ? 0.5 : 0.2;
  const angle = -Math.PI / 2 + (k * Math.PI) / 5;
  return [0.5 + radius * Math.cos(angle), 0.525 + 1.05 * radius * Math.sin(angle)] as const;
});

const heartPoints = Array.from({ length: 40 }, (_, k) => {
  const t = (2 * Math.PI * k) / 40;
  const height = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
  return [0.5 + Math.sin(t) ** 3 / 2, 0.42 - height / 29] as const;
});

const petals = Array.from({ length: 6 }, (_, k): Shape => {
  const [u, v] = [0.5 + 0.29 * Math.cos((k * Math.PI) / 3), 0.5 + 0.29 * Math.sin((k * Math.PI) / 3)];
  return { part: "body", spans: ellipse(u - 0.2, v - 0.2, u + 0.2, v + 0.2) };
});

/** Shapes of each icon in the order they are painted. */
export const SHAPES: Record<Icon, readonly Shape[]> = {
  circle: [{ part: "body", spans: ellipse(0, 0, 1, 1) }],
  square: [{ part: "body", spans: rectangle(0, 0, 1, 1) }],
  triangle: [{ part: "body", spans: polygon([0.5, 0], [1, 1], [0, 1]) }],
  star: [{ part: "body", spans: polygon(...starPoints) }],
  heart: [{ part: "body", spans: polygon(...heartPoints) }],
  moon: [
    { part: "body", spans: ellipse(0, 0, 1, 1) },
    { part: "cut", spans: ellipse(0.34, -0.06, 1.22, 0.82) },
  ],
  house: [
    { part: "body", spans: rectangle(0.12, 0.42, 0.88, 1) },
    { part: "roof", spans: polygon([0.5, 0], [1, 0.46], [0, 0.46]) },
    { part: "door", spans: rectangle(0.4, 0.66, 0.6, 1) },
  ],
  tree: [
    { part: "trunk", spans: rectangle(0.42, 0.6, 0.58, 1) },
    { part: "body", spans: polygon([0.5, 0], [0.85, 0.42], [0.15, 0.42]) },
    { part: "body", spans: polygon([0.5, 0.2], [1, 0.78], [0, 0.78]) },
  ],
  fish: [
    { part: "fin", spans: polygon([0.55, 0.5], [1, 0.15], [1, 0.85]) },
    { part: "body", spans: ellipse(0, 0.12, 0.78, 0.88) },
    { part: "eye", spans: ellipse(0.16, 0.34, 0.26, 0.44) },
  ],
  flower: [...petals, { part: "centre", spans: ellipse(0.35, 0.35, 0.65, 0.65) }],
};

/** Colour of a part of an icon of colour `own` before `background`. */
export function partColour(part: Part, own: Rgb, background: Rgb): Rgb {
  const shade = (factor: number): Rgb => [own[0] * factor, own[1] * factor, own[2] * factor];
  switch (part) {
    case "body":
      return own;
    case "roof":
      return shade(0.62);
    case "door":
      return shade(0.4);
    case "fin":
      return shade(0.75);
    case "trunk":
      return [96, 60, 30];
    case "eye":
      return [255, 255, 255];
    case "centre":
      return [255, 240, 170];
    case "cut":
      return background;
  }
}
