/** Dot plots as SVG, in the style of plot.ts: a row for each thing compared, a dot with its interval for each series. */
import { invariant } from "../../src-main/wire/errors.ts";
import type { Estimate } from "./metrics.ts";
import { INKS, niceSteps, number, text } from "./plot.ts";

export interface DotPlot {
  title: string;
  x: string;
  rows: readonly { label: string; values: readonly { name: string; value: Estimate }[] }[];
  /** Ends of the x axis. */
  range: readonly [number, number];
}

const WIDTH = 640;
const FRAME = { top: 44, bottom: 50, right: 24 };
/** A character of the labels, roughly. */
const LETTER = 6.6;
/** Between the dots of a row, and between rows. */
const [DOT_GAP, ROW_GAP] = [11, 15];

/** A standalone SVG file. Series have the same ink in all rows, and a legend where there are several. */
export function dotsSvg({ title, x, rows, range }: DotPlot): string {
  invariant(rows.length > 0, `nothing to plot: ${title}`);
  const series = [...new Set(rows.flatMap(({ values }) => values.map(({ name }) => name)))];
  const left = 20 + LETTER * Math.max(...rows.map(({ label }) => label.length));
  const legend = series.length > 1 ? 22 : 0;
  const top = FRAME.top + legend;
  const heights = rows.map(({ values }) => Math.max(0, values.length - 1) * DOT_GAP + ROW_GAP + 10);
  const bottom = top + heights.reduce((sum, height) => sum + height, 0);
  const [from, to] = range;
  const px = (value: number) => round(left + ((Math.min(to, Math.max(from, value)) - from) / (to - from)) * (WIDTH - FRAME.right - left)); // prettier-ignore
  let y = top;
  const marks = rows.flatMap(({ label, values }, i) => {
    const height = heights[i]!;
    const middle = y + height / 2;
    const shade = i % 2 === 0 ? [`<rect x="${left}" y="${y}" width="${WIDTH - FRAME.right - left}" height="${height}" fill="#f1f1ee"/>`] : []; // prettier-ignore
    const dots = values.flatMap(({ name, value }, k) => {
      if (!Number.isFinite(value.value)) return [];
      const at = round(middle + (k - (values.length - 1) / 2) * DOT_GAP);
      const ink = INKS[series.indexOf(name) % INKS.length]!;
      return [
        `<line x1="${px(value.low)}" x2="${px(value.high)}" y1="${at}" y2="${at}" stroke="${ink}" stroke-width="2" stroke-opacity="0.45"/>`,
        `<circle cx="${px(value.value)}" cy="${at}" r="4" fill="${ink}"/>`,
      ];
    });
    y += height;
    return [...shade, text(left - 10, round(middle + 4), label, { anchor: "end" }), ...dots];
  });
  const legends = series.length > 1 ? legendOf(series, left) : [];
  const steps = niceSteps(from, to).flatMap((value) => [
    `<line x1="${px(value)}" x2="${px(value)}" y1="${top}" y2="${bottom}" stroke="#d6d6d2"/>`,
    text(px(value), bottom + 18, number(value), { anchor: "middle" }),
  ]);
  const height = bottom + FRAME.bottom;
  const parts = [
    `<rect width="${WIDTH}" height="${height}" fill="#fafaf8"/>`,
    text(20, 26, title, { size: 15, weight: 600 }),
    ...legends,
    ...marks.filter((mark) => mark.startsWith("<rect")),
    ...steps,
    ...marks.filter((mark) => !mark.startsWith("<rect")),
    `<path d="M${left} ${top}V${bottom}H${WIDTH - FRAME.right}" fill="none" stroke="#555555"/>`,
    text((left + WIDTH - FRAME.right) / 2, height - 12, x, { anchor: "middle", size: 13 }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">\n${parts.join("\n")}\n</svg>\n`;
}

function legendOf(series: readonly string[], left: number): string[] {
  let x = left;
  return series.flatMap((name, i) => {
    const at = round(x);
    x += 28 + LETTER * name.length;
    return [
      `<circle cx="${at + 4}" cy="${FRAME.top + 6}" r="4" fill="${INKS[i % INKS.length]!}"/>`,
      text(at + 13, FRAME.top + 10, name, {}),
    ];
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
