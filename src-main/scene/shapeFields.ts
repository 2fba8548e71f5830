/** Shapes of regions as files and requests have them: read, with the place of what is wrong, and written. */
import { decodeCells, isCellCount } from "./cells.ts";
import { FEWEST_POINTS, MOST_CELLS_ACROSS, MOST_POINTS } from "./limits.ts";
import { isRecord, join, type Problem, reportUnknownFields, show } from "./problems.ts";
import { suggestion } from "./nearest.ts";
import { areOnOneLine, type Painted, type Point, type Polygon, type RegionShape } from "./shapes.ts";

/** A shape as a scene file writes it: points are `[x, y]`. */
export type ShapeForm = "ellipse" | { kind: "polygon"; points: [number, number][] } | Painted;

export const SHAPE_KINDS = ["ellipse", "polygon", "painted"] as const;
type Kind = (typeof SHAPE_KINDS)[number];
const FIELDS: Record<Kind, readonly string[]> = {
  ellipse: ["kind"],
  polygon: ["kind", "points"],
  painted: ["kind", "width", "height", "cells"],
};

/** A shape in the form of a file or of a request; the first thing that is wrong with it is added to `problems`. */
export function readShape(value: unknown, at: string, problems: Problem[]): RegionShape | undefined {
  const read = shapeOf(value, at);
  if (!("message" in read)) return read;
  problems.push(read);
  return undefined;
}

function shapeOf(value: unknown, at: string): RegionShape | Problem {
  const record = value === "ellipse" ? { kind: value } : value;
  const kinds = SHAPE_KINDS.join(", ");
  const hint = (name: unknown) => (typeof name === "string" ? suggestion(name, SHAPE_KINDS) : "");
  if (!isRecord(record)) {
    const message = `expected "ellipse", or an object with a kind: ${kinds}; got ${show(value)}${hint(value)}`;
    return { at, message };
  }
  const kind = SHAPE_KINDS.find((one) => one === record.kind);
  if (!kind) {
    const message = `expected one of ${kinds}, got ${show(record.kind)}${hint(record.kind)}`;
    return { at: join(at, "kind"), message };
  }
  const unknown: Problem[] = [];
  reportUnknownFields(record, FIELDS[kind], at, unknown);
  if (unknown[0]) return unknown[0];
  if (kind === "ellipse") return { kind };
  return kind === "polygon" ? readPolygon(record, at) : readPainted(record, at);
}

function readPolygon({ points: list }: Record<string, unknown>, path: string): Polygon | Problem {
  const at = join(path, "points");
  if (!Array.isArray(list)) return { at, message: `expected a list of points, got ${show(list)}` };
  if (list.length < FEWEST_POINTS || list.length > MOST_POINTS) {
    return { at, message: `expected ${FEWEST_POINTS} to ${MOST_POINTS} points, got ${list.length}` };
  }
  const points: Point[] = [];
  for (const [i, item] of (list as unknown[]).entries()) {
    const point = readPoint(item, `${at}[${i}]`);
    if ("message" in point) return point;
    points.push(point);
  }
  if (areOnOneLine(points)) return { at, message: "the points lie on one line: nothing is inside" };
  return { kind: "polygon", points };
}

function readPoint(item: unknown, at: string): Point | Problem {
  const pair = isRecord(item) ? [item.x, item.y] : item;
  const isOurs = !isRecord(item) || Object.keys(item).length === 2;
  if (!Array.isArray(pair) || pair.length !== 2 || !isOurs) {
    return { at, message: `expected a point [x, y] in fractions of the box, got ${show(item)}` };
  }
  for (const [k, name] of (["x", "y"] as const).entries()) {
    const number: unknown = pair[k];
    if (typeof number === "number" && number >= 0 && number <= 1) continue;
    const place = isRecord(item) ? join(at, name) : `${at}[${k}]`;
    return { at: place, message: `expected a fraction of the box from 0 to 1, got ${show(number)}` };
  }
  const [x, y] = pair as [number, number];
  return { x: x + 0, y: y + 0 };
}

function readPainted({ width, height, cells }: Record<string, unknown>, at: string): Painted | Problem {
  for (const [name, value] of Object.entries({ width, height })) {
    if (isCellCount(value)) continue;
    const message = `expected a whole number of cells from 1 to ${MOST_CELLS_ACROSS}, got ${show(value)}`;
    return { at: join(at, name), message };
  }
  if (typeof cells !== "string") return { at: join(at, "cells"), message: `expected a text, got ${show(cells)}` };
  const read = decodeCells(cells, width as number, height as number);
  if ("problem" in read) return { at: join(at, "cells"), message: read.problem };
  return { kind: "painted", width: read.width, height: read.height, cells };
}

/** The form that `readShape` reads back. */
export function writeShape(shape: RegionShape): ShapeForm {
  if (shape.kind === "ellipse") return "ellipse";
  if (shape.kind !== "polygon") return shape;
  return { kind: "polygon", points: shape.points.map(({ x, y }) => [x, y]) };
}
