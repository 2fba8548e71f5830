/**
 * Numbers that describe how a picture is drawn, not what stands where: for comparing sets of pictures. Made by hand
 * for flat icons on plain backgrounds; they say nothing about other pictures.
 */
import type { Pixels } from "../../src-main/api/engine.ts";
import { PARTS, partColour } from "./icons.ts";
import { BACKGROUND_NAMES, BACKGROUNDS, COLOUR_NAMES, COLOURS, toYcc, type Rgb } from "./palette.ts";
import { BARE, distance2, readPicture, regionsOf, type JudgedPicture, type Ycc } from "./picture.ts";

export interface PictureNumbers {
  /** Standard deviation of luma, 0 to 1: root-mean-square contrast. */
  contrast: number;
  /** Mean of (largest - smallest channel) / 255 over all pixels. */
  saturation: number;
  /** As `FEATURES` names them. */
  features: number[];
}

export const FEATURES = [
  ...COLOUR_NAMES.map((name) => `share of ${name} among drawn pixels`),
  ...BACKGROUND_NAMES.map((name) => `background is ${name}`),
  "luma",
  "contrast",
  "saturation",
  "deviation of saturation",
  "distance to the palette",
  "distance to the palette, 95th percentile",
  "unrest of the background",
  "pixels far from the palette",
  "edges: share of pixels",
  "edges: share that is soft",
  "edges: share that is hard",
  "regions, by tens, at most 20",
  "specks, by tens, at most 50",
  "filling of regions",
  "roundness of regions",
] as const;

/** Every colour that a clean drawing can show: backgrounds, and each part of an icon in each colour. */
const CLEAN: Ycc[] = uniqueColours([
  ...BACKGROUND_NAMES.map((name) => BACKGROUNDS[name]),
  ...COLOUR_NAMES.flatMap((name) =>
    PARTS.filter((part) => part !== "cut").map((part) => partColour(part, COLOURS[name], [0, 0, 0])),
  ),
]).map((rgb) => toYcc(...rgb));

function uniqueColours(colours: readonly Rgb[]): Rgb[] {
  return [...new Map(colours.map((colour) => [colour.join(), colour])).values()];
}

/** Measures one picture of any size. */
export function measurePicture(pixels: Pixels): PictureNumbers {
  const { width, height, data } = pixels;
  const picture = readPicture(pixels);
  const count = width * height;
  const luma = new Float32Array(count);
  const chroma = new Float32Array(count);
  const away = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
    luma[i] = picture.ycc[3 * i]! / 255;
    chroma[i] = (Math.max(r, g, b) - Math.min(r, g, b)) / 255;
    let least = Infinity;
    for (const colour of CLEAN) least = Math.min(least, distance2(picture.ycc, i, colour));
    away[i] = Math.sqrt(least) / 255;
  }
  const contrast = deviation(luma);
  const saturation = mean(chroma);
  const sorted = away.slice().sort();
  const features = [
    ...colourShares(picture),
    ...BACKGROUND_NAMES.map((name) => (name === picture.background ? 1 : 0)),
    mean(luma),
    contrast,
    saturation,
    deviation(chroma),
    mean(away),
    sorted[Math.floor(0.95 * count)]!,
    unrest(picture, luma),
    away.reduce((sum, value) => sum + (value > 0.25 ? 1 : 0), 0) / count,
    ...edges(picture),
    ...regionNumbers(picture),
  ];
  return { contrast, saturation, features };
}

/** Contrast and saturation alone, which say something of any picture. */
export function contrastOf({ data }: Pixels): Pick<PictureNumbers, "contrast" | "saturation"> {
  const count = data.length / 4;
  const rgb = (i: number): Rgb => [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
  const luma = Float32Array.from({ length: count }, (_, i) => toYcc(...rgb(i))[0] / 255);
  const chroma = Float32Array.from({ length: count }, (_, i) => (Math.max(...rgb(i)) - Math.min(...rgb(i))) / 255);
  return { contrast: deviation(luma), saturation: mean(chroma) };
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: Float32Array): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length);
}

/** Of the pixels that are not background, how many are nearest to each colour; zeros where nothing is drawn. */
function colourShares({ labels }: JudgedPicture): number[] {
  const counts = new Array<number>(COLOUR_NAMES.length).fill(0);
  let drawn = 0;
  for (const label of labels) {
    if (label === BARE) continue;
    counts[label]!++;
    drawn++;
  }
  return counts.map((value) => (drawn === 0 ? 0 : value / drawn));
}

/** Deviation of luma over the background. */
function unrest({ labels }: JudgedPicture, luma: Float32Array): number {
  const bare = luma.filter((_, i) => labels[i] === BARE);
  return bare.length === 0 ? 0 : deviation(bare);
}

/** Steps between neighbours: share of pixels with any, and of those the share of small and of large ones. */
function edges({ width, height, ycc }: JudgedPicture): number[] {
  const step = (i: number, j: number) => {
    const [a, b, c] = [0, 1, 2].map((k) => ycc[3 * i + k]! - ycc[3 * j + k]!) as [number, number, number];
    return Math.sqrt(a * a + b * b + c * c) / 255;
  };
  let [any, soft, hard] = [0, 0, 0];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const i = y * width + x;
      const size = Math.max(step(i, i + 1), step(i, i + width));
      if (size < 0.06) continue;
      any++;
      if (size < 0.25) soft++;
      if (size > 0.6) hard++;
    }
  }
  return [any / (width * height), any === 0 ? 0 : soft / any, any === 0 ? 0 : hard / any];
}

/** How many regions and specks there are, how much of their box regions fill, and how round they are. */
function regionNumbers(picture: JudgedPicture): number[] {
  const { width, height } = picture;
  const all = regionsOf(picture, 1, Math.max(2, Math.round(Math.min(width, height) / 100)));
  const regions = all.filter(({ pixels }) => pixels.length >= 0.0016 * width * height);
  const average = (values: number[]) => (values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length);
  const filling = regions.map(
    ({ pixels, left, right, top, bottom }) => pixels.length / ((right - left) * (bottom - top)),
  );
  const roundness = regions.map(({ pixels }) => {
    const members = new Set(pixels);
    const edge = pixels.filter((i) => [i - 1, i + 1, i - width, i + width].some((j) => !members.has(j))).length;
    return (4 * Math.PI * pixels.length) / edge ** 2;
  });
  return [
    Math.min(regions.length, 20) / 10,
    Math.min(all.length - regions.length, 50) / 10,
    average(filling),
    average(roundness),
  ];
}
