/** Line plots as SVG: light paper, labelled axes, a band for each line's interval. */
import { invariant } from "../../src-main/wire/errors.ts";
import type { Estimate } from "./metrics.ts";

export interface Line {
  name: string;
  points: readonly { x: number; y: Estimate }[];
}

export interface Plot {
  title: string;
  x: string;
  y: string;
  lines: readonly Line[];
  /** Marks on the x axis; by default the x of the points. */
  ticks?: readonly { x: number; label: string }[];
  /** Ends of the y axis; by default the data's with some room. */
  range?: readonly [number, number];
}

/** Okabe & Ito 2008, told apart with any kind of colour vision. */
export const INKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"];
const [WIDTH, HEIGHT] = [560, 360];
const FRAME = { left: 70, right: 130, top: 40, bottom: 54 };

/** A standalone SVG file. */
export function plotSvg({ title, x, y, lines, ticks, range }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  invariant(points.length > 0, `nothing to plot: ${title}`);
  const xs = points.map((point) => point.x);
  const [x0, x1] = spread(Math.min(...xs), Math.max(...xs), 0.04);
  const ends = points.flatMap(({ y }) => [y.low, y.high, y.value]);
  const [y0, y1] = range ?? spread(Math.min(...ends), Math.max(...ends), 0.08);
  const [left, right, top, bottom] = [FRAME.left, WIDTH - FRAME.right, FRAME.top, HEIGHT - FRAME.bottom];
  const px = (value: number) => round(left + ((value - x0) / (x1 - x0)) * (right - left));
  const py = (value: number) => round(bottom - ((value - y0) / (y1 - y0)) * (bottom - top));

  const marks = ticks ?? [...new Set(xs)].sort((a, b) => a - b).map((value) => ({ x: value, label: number(value) }));
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fafaf8"/>`,
    text(left, 24, title, { size: 15, weight: 600 }),
    ...niceSteps(y0, y1).flatMap((value) => [
      `<line x1="${left}" x2="${right}" y1="${py(value)}" y2="${py(value)}" stroke="#dddddd"/>`,
      text(left - 8, py(value) + 4, number(value), { anchor: "end" }),
    ]),
    ...marks.flatMap((mark) => [
      `<line x1="${px(mark.x)}" x2="${px(mark.x)}" y1="${bottom}" y2="${bottom + 5}" stroke="#555555"/>`,
      text(px(mark.x), bottom + 19, mark.label, { anchor: "middle" }),
    ]),
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#555555"/>`,
    text((left + right) / 2, HEIGHT - 12, x, { anchor: "middle", size: 13 }),
    `<g transform="translate(18 ${(top + bottom) / 2}) rotate(-90)">${text(0, 0, y, { anchor: "middle", size: 13 })}</g>`,
    ...lines.flatMap((line, i) => {
      const ink = INKS[i % INKS.length]!;
      const known = line.points.filter(({ y }) => Number.isFinite(y.value));
      const upper = known.map((p) => `${px(p.x)} ${py(p.y.high)}`);
      const lower = known.map((p) => `${px(p.x)} ${py(p.y.low)}`).reverse();
      return [
        `<polygon points="${[...upper, ...lower].join(" ")}" fill="${ink}" fill-opacity="0.13"/>`,
        `<polyline points="${known.map((p) => `${px(p.x)} ${py(p.y.value)}`).join(" ")}" fill="none" stroke="${ink}" stroke-width="2"/>`,
        ...known.map((p) => `<circle cx="${px(p.x)}" cy="${py(p.y.value)}" r="3" fill="${ink}"/>`),
        `<line x1="${right + 14}" x2="${right + 34}" y1="${top + 10 + 20 * i}" y2="${top + 10 + 20 * i}" stroke="${ink}" stroke-width="3"/>`,
        text(right + 40, top + 14 + 20 * i, line.name, {}),
      ];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif">\n${parts.join("\n")}\n</svg>\n`;
}

export function text(
  x: number,
  y: number,
  content: string,
  style: { size?: number; anchor?: string; weight?: number },
): string {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${x}" y="${y}" font-size="${style.size ?? 12}" text-anchor="${style.anchor ?? "start"}" font-weight="${style.weight ?? 400}" fill="#202124">${safe}</text>`;
}

function spread(low: number, high: number, share: number): [number, number] {
  const room = Math.max((high - low) * share, 1e-6 + Math.abs(high) * 1e-3);
  return [low - room, high + room];
}

/** Four to eight round numbers between the ends. */
export function niceSteps(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, k) => (first + k) * step);
}

export function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
