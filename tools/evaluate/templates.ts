/** Icons as tables of parts, for looking up what stands where without computing it each time. */
import { ICONS, PARTS, SHAPES, type Icon } from "./icons.ts";

/** Cells a side of a table. */
export const TABLE = 256;
/** Where the icon leaves its box empty. */
export const NOTHING = 255;

/** Ends of a rectangle in the icon's unit box. */
export interface Extent {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Template {
  icon: Icon;
  /** TABLE x TABLE rows from the top: index in PARTS, or NOTHING. */
  parts: Uint8Array;
  /** What all painted parts cover, and what those in the icon's own colour cover. */
  whole: Extent;
  body: Extent;
}

const CUT = PARTS.indexOf("cut");
const BODY = PARTS.indexOf("body");

function template(icon: Icon): Template {
  const parts = new Uint8Array(TABLE * TABLE).fill(NOTHING);
  for (const { part, spans } of SHAPES[icon]) {
    const code = PARTS.indexOf(part) === CUT ? NOTHING : PARTS.indexOf(part);
    for (let row = 0; row < TABLE; row++) {
      const ends = spans((row + 0.5) / TABLE);
      for (let k = 0; k < ends.length; k += 2) {
        const first = Math.max(0, Math.ceil(ends[k]! * TABLE - 0.5));
        const last = Math.min(TABLE - 1, Math.floor(ends[k + 1]! * TABLE - 0.5));
        if (first <= last) parts.fill(code, row * TABLE + first, row * TABLE + last + 1);
      }
    }
  }
  return {
    icon,
    parts,
    whole: extent(parts, (code) => code !== NOTHING),
    body: extent(parts, (code) => code === BODY),
  };
}

function extent(parts: Uint8Array, counts: (code: number) => boolean): Extent {
  const found: Extent = { left: 1, top: 1, right: 0, bottom: 0 };
  for (let i = 0; i < parts.length; i++) {
    if (!counts(parts[i]!)) continue;
    const [u, v] = [i % TABLE, Math.floor(i / TABLE)];
    found.left = Math.min(found.left, u / TABLE);
    found.right = Math.max(found.right, (u + 1) / TABLE);
    found.top = Math.min(found.top, v / TABLE);
    found.bottom = Math.max(found.bottom, (v + 1) / TABLE);
  }
  return found;
}

export const TEMPLATES: readonly Template[] = ICONS.map(template);
