/** Edits of what a region is within its box, and what one kind of region becomes as another. */
import type { TextSpan } from "@scene/scene.ts";
import { type Point, ringsOf, type Shaped } from "@scene/shapes.ts";
import { type Box, newBox } from "./document.ts";
import type { Edit } from "./edits.ts";
import { isSamePlace, type Size } from "./geometry.ts";
import { cellsUnder, gridOf, paintedRegion } from "./painting.ts";
import { polygonOf, simplify, turnOf } from "./polygons.ts";
import { kindOf, type ShapeKind } from "./shapes.ts";

/** A new region above all others. */
export function addRegion(id: string, region: Shaped, spans: readonly TextSpan[] = []): Edit {
  return (document) => {
    const box = newBox(document, { box: region.box, spans: [...spans] }, id);
    return { ...document, boxes: [...document.boxes, shaped(box, region)] };
  };
}

/** Another place and shape of a region. */
export function setRegion(id: string, region: Shaped): Edit {
  return (document) => ({
    ...document,
    boxes: document.boxes.map((box) => (box.id === id ? shaped(box, region) : box)),
  });
}

/** Makes these regions of one kind; locked ones stay what they are. */
export function reshape(ids: readonly string[], kind: ShapeKind): Edit {
  return (document) => {
    const isMeant = (box: Box) => ids.includes(box.id) && !box.locked && kindOf(box) !== kind;
    if (!document.boxes.some(isMeant)) return document;
    const boxes = document.boxes.map((box) => (isMeant(box) ? shaped(box, asKind(box, kind, document.settings)) : box));
    return { ...document, boxes };
  };
}

function shaped(old: Box, { box, shape }: Shaped): Box {
  const place = isSamePlace(old.box, box) ? old.box : box;
  if (shape) return { ...old, box: place, shape };
  const { shape: was, ...rest } = old;
  return was ? { ...rest, box: place } : { ...old, box: place };
}

/** So many points make an ellipse that nobody takes for a polygon, and each can still be taken hold of. */
const ELLIPSE_POINTS = 32;

/** A region of another kind that covers the same as well as it can, in a picture of this size. */
export function asKind({ box, shape }: Shaped, kind: ShapeKind, size: Size): Shaped {
  if ((shape?.kind ?? "box") === kind) return { box, shape };
  switch (kind) {
    case "box":
      return { box };
    case "ellipse":
      return { box, shape: { kind } };
    case "polygon":
      return polygonOf(
        corners({ box, shape }).map(({ x, y }) => ({ x: box.x + x * box.width, y: box.y + y * box.height })),
      );
    case "painted":
      return paintedRegion(cellsUnder({ box, shape }, gridOf(size)))!;
  }
}

/** In fractions of the box. */
function corners({ shape }: Shaped): readonly Point[] {
  if (shape?.kind === "ellipse") {
    return Array.from({ length: ELLIPSE_POINTS }, (_, i) => {
      const angle = (2 * Math.PI * i) / ELLIPSE_POINTS;
      return { x: 0.5 + Math.cos(angle) / 2, y: 0.5 + Math.sin(angle) / 2 };
    });
  }
  const rings = ringsOf(shape);
  const largest = rings.reduce((best, ring) => (turnOf(ring) > turnOf(best) ? ring : best));
  // The steps of cells are not meant.
  return shape?.kind === "painted" ? simplify(largest, { x: 1.2 / shape.width, y: 1.2 / shape.height }) : largest;
}

/** Whether one outline leaves something of it out: other parts, or holes. */
export function hasParts({ shape }: Shaped): boolean {
  return shape?.kind === "painted" && ringsOf(shape).length > 1;
}
