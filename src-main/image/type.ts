/**
 * Type on pictures: Inter for Latin, Greek and Cyrillic, the system's own fonts for every other script. Lines break where the
 * language breaks them, and run from the right where it is read so.
 */
import { GlobalFonts, type SKRSContext2D } from "@napi-rs/canvas";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export type Context = SKRSContext2D;

/** The parts that the font comes in, as @fontsource-variable/inter names them. */
const PARTS = ["latin", "latin-ext", "vietnamese", "greek", "greek-ext", "cyrillic", "cyrillic-ext"];
let families: string | undefined;

/** The font for `ctx.font`: `size` in pixels, `weight` from 100 to 900. */
export function font(size: number, weight: number): string {
  families ??= [...registered(), "sans-serif"].join(", ");
  return `${weight} ${size}px ${families}`;
}

function registered(): string[] {
  const { resolve } = createRequire(import.meta.url);
  return PARTS.map((part) => {
    const name = `Diorama Inter ${part}`;
    const file = resolve(`@fontsource-variable/inter/files/inter-${part}-wght-normal.woff2`);
    if (GlobalFonts.register(readFileSync(file), name) === null) throw new Error(`${file} is no font`);
    return `"${name}"`;
  });
}

const words = new Intl.Segmenter(undefined, { granularity: "word" });
const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** What does not begin a line. */
const CLINGS = /^[\p{Po}\p{Pe}\p{Pf}%、。」』）ー…]+$/u;
/** Characters of a text that are looked at; nothing that long is set. */
const LONGEST = 4_000;

/** `text` in at most `most` lines of `width` pixels in the context's font; what does not fit ends with dots. */
export function wrap(ctx: Context, text: string, width: number, most: number): string[] {
  const whole = text.replace(/\s+/gu, " ").trim().slice(0, LONGEST);
  const lines: string[] = [];
  const fits = (line: string) => ctx.measureText(line.trimEnd()).width <= width;
  let line = "";
  const units = pieces(whole);
  for (const [i, unit] of units.entries()) {
    if (fits(line + unit)) {
      line += unit;
      continue;
    }
    if (lines.length === most - 1) return [...lines, shorten(ctx, line + units.slice(i).join(""), width)];
    if (line.trim() !== "") lines.push(line.trimEnd());
    line = unit.trimStart();
    // A word wider than the line is broken between its letters.
    while (!fits(line)) {
      const head = longestHead(ctx, line, width);
      if (lines.length >= most - 1) return [...lines, shorten(ctx, line + units.slice(i + 1).join(""), width)];
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line.trim() !== "") lines.push(line.trimEnd());
  return lines;
}

/** `text` on one line of `width` pixels, with dots where it is longer. */
export function shorten(ctx: Context, text: string, width: number): string {
  const line = text.trim();
  if (ctx.measureText(line).width <= width) return line;
  const room = width - ctx.measureText("…").width;
  return `${longestHead(ctx, line, room).trimEnd()}…`;
}

/** Words with the marks that cling to them. */
function pieces(text: string): string[] {
  const units: string[] = [];
  for (const { segment } of words.segment(text)) {
    const last = units.at(-1);
    if (last !== undefined && !last.endsWith(" ") && CLINGS.test(segment)) units[units.length - 1] = last + segment;
    else if (last !== undefined && segment === " ") units[units.length - 1] = `${last} `;
    else units.push(segment);
  }
  return units;
}

/** The longest beginning that fits, a letter at least. */
function longestHead(ctx: Context, text: string, width: number): string {
  let head = "";
  for (const { segment } of letters.segment(text)) {
    if (head !== "" && ctx.measureText(head + segment).width > width) break;
    head += segment;
  }
  return head;
}
