/** Regions that are not boxes: what they are called, and what lies inside them. */
import type { UnitBox } from "@scene/scene.ts";
import { cellsOf, holds, type Point, type Shaped } from "@scene/shapes.ts";
import { contains, describeBox, overlapOf } from "./geometry.ts";

export const SHAPE_KINDS = ["box", "ellipse", "polygon", "painted"] as const;
export type ShapeKind = (typeof SHAPE_KINDS)[number];

/** As a choice, and as the beginning of a name: "Ellipse 2". */
export const SHAPE_WORDS: Record<ShapeKind, string> = {
  box: "Box",
  ellipse: "Ellipse",
  polygon: "Polygon",
  painted: "Painted",
};

/** In a sentence, and alone as the name of one without words. */
export const SHAPE_NAMES: Record<ShapeKind, string> = { ...SHAPE_WORDS, painted: "Painted region" };

export const kindOf = ({ shape }: Pick<Shaped, "shape">): ShapeKind => shape?.kind ?? "box";

/** What a region is, where it is and how large: "ellipse, left third, 32 by 50 percent". Of a box, only where and how large. */
export function describeRegion(region: Shaped): string {
  const place = describeBox(region.box);
  return region.shape ? `${SHAPE_WORDS[kindOf(region)].toLowerCase()}, ${place}` : place;
}

/** Whether a frame has something of a region in it. */
export function touches(region: Shaped, frame: UnitBox): boolean {
  const { box, shape } = region;
  if (overlapOf(box, frame) === 0) return false;
  if (!shape) return true;
  const part = {
    x: (frame.x - box.x) / box.width,
    y: (frame.y - box.y) / box.height,
    width: frame.width / box.width,
    height: frame.height / box.height,
  };
  switch (shape.kind) {
    case "ellipse": {
      const near = (start: number, side: number) => Math.min(Math.max(0.5, start), start + side);
      return (near(part.x, part.width) - 0.5) ** 2 + (near(part.y, part.height) - 0.5) ** 2 <= 0.25;
    }
    case "polygon": {
      const { points } = shape;
      const corners = cornersOf(part);
      const meets = (a: Point, b: Point) =>
        contains(part, a) || corners.some((corner, i) => cross(a, b, corner, corners[(i + 1) % 4]!));
      return points.some((point, i) => meets(point, points[(i + 1) % points.length]!)) || holds(region, frame);
    }
    case "painted": {
      const { width, height, set } = cellsOf(shape);
      const along = (start: number, side: number, count: number) => {
        return [Math.max(0, Math.floor(start * count)), Math.min(count, Math.ceil((start + side) * count))] as const;
      };
      const [left, right] = along(part.x, part.width, width);
      const [top, bottom] = along(part.y, part.height, height);
      for (let row = top; row < bottom; row++) {
        if (set.subarray(row * width + left, row * width + right).includes(1)) return true;
      }
      return false;
    }
  }
}

function cornersOf({ x, y, width, height }: UnitBox): Point[] {
  return [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
}

/** Whether the lines between two pairs of points cross. */
function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point) => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}
