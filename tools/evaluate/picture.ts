/** A picture made ready for judging: which colour each pixel has, and the regions that touch. */
import type { Pixels } from "../../src-main/api/engine.ts";
import {
  BACKGROUND_NAMES,
  BACKGROUNDS,
  COLOUR_NAMES,
  COLOURS,
  toYcc,
  type BackgroundName,
  type Rgb,
} from "./palette.ts";

export type Ycc = readonly [y: number, blue: number, red: number];

export interface JudgedPicture {
  width: number;
  height: number;
  /** RGBA as it came. */
  data: Uint8Array;
  /** Three numbers a pixel, see `toYcc`. */
  ycc: Float32Array;
  background: BackgroundName;
  /** The background as it was drawn: the median of the frame's pixels that are nearest to it. */
  backgroundRgb: Rgb;
  backgroundYcc: Ycc;
  /** By pixel: index in COLOUR_NAMES, or BARE where the background is nearest. */
  labels: Uint8Array;
}

export const BARE = 255;

/** A region of one colour. Ends are exclusive, in pixels. */
export interface Region {
  /** Index in COLOUR_NAMES. */
  label: number;
  /** Indices of its pixels. */
  pixels: number[];
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const COLOUR_YCC = COLOUR_NAMES.map((name) => toYcc(...(COLOURS[name] as Rgb)));
const BACKGROUND_YCC = BACKGROUND_NAMES.map((name) => toYcc(...(BACKGROUNDS[name] as Rgb)));

/** Squared distance of pixel `i` of `ycc` to `colour`. */
export function distance2(ycc: Float32Array, i: number, colour: Ycc): number {
  const a = ycc[3 * i]! - colour[0];
  const b = ycc[3 * i + 1]! - colour[1];
  const c = ycc[3 * i + 2]! - colour[2];
  return a * a + b * b + c * c;
}

function nearest(ycc: Float32Array, i: number, colours: readonly Ycc[]): number {
  let best = 0;
  let least = Infinity;
  for (let k = 0; k < colours.length; k++) {
    const d = distance2(ycc, i, colours[k]!);
    if (d < least) [best, least] = [k, d];
  }
  return best;
}

/** Colours of a picture by nearest neighbour in the palette. The background is what most of the frame is nearest to. */
export function readPicture({ width, height, data }: Pixels): JudgedPicture {
  const ycc = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) ycc.set(toYcc(data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!), 3 * i);

  const votes = new Array<number>(BACKGROUND_NAMES.length).fill(0);
  const frame = Math.max(2, Math.round(Math.min(width, height) / 32));
  const all = [...BACKGROUND_YCC, ...COLOUR_YCC];
  const members: number[][] = BACKGROUND_NAMES.map(() => []);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x >= frame && y >= frame && x < width - frame && y < height - frame) continue;
      const k = nearest(ycc, y * width + x, all);
      if (k >= votes.length) continue;
      votes[k]!++;
      members[k]!.push(y * width + x);
    }
  }
  const winner = votes.indexOf(Math.max(...votes));
  const name = BACKGROUND_NAMES[winner]!;
  const backgroundRgb = members[winner]!.length > 0 ? medianRgb({ data }, members[winner]!) : BACKGROUNDS[name];
  const backgroundYcc = toYcc(...backgroundRgb);
  const palette = [...COLOUR_YCC, backgroundYcc];
  const labels = new Uint8Array(width * height);
  for (let i = 0; i < labels.length; i++) {
    const k = nearest(ycc, i, palette);
    labels[i] = k === COLOUR_YCC.length ? BARE : k;
  }
  return { width, height, data, ycc, background: name, backgroundRgb, backgroundYcc, labels };
}

/** The median of each channel over the pixels `indices`, of which there is at least one. */
export function medianRgb({ data }: Pick<JudgedPicture, "data">, indices: readonly number[]): Rgb {
  const channel = (c: number) => {
    const values = Uint8Array.from(indices, (i) => data[4 * i + c]!).sort();
    return values[values.length >> 1]!;
  };
  return [channel(0), channel(1), channel(2)];
}

/**
 * 4-connected regions of one label with at least `smallest` pixels, largest first. With `thickness` n, only pixels of n
 * x n blocks of one label count: the rims between two colours, which often look like a third, are thinner.
 */
export function regionsOf(picture: JudgedPicture, smallest: number, thickness: number): Region[] {
  const { width, height } = picture;
  const labels = thickness > 1 ? blocksOf(picture, thickness) : picture.labels;
  const seen = new Uint8Array(labels.length);
  const regions: Region[] = [];
  for (let start = 0; start < labels.length; start++) {
    const label = labels[start]!;
    if (label === BARE || seen[start]) continue;
    seen[start] = 1;
    const region: Region = { label, pixels: [start], left: width, top: height, right: 0, bottom: 0 };
    for (const i of region.pixels) {
      const [x, y] = [i % width, Math.floor(i / width)];
      region.left = Math.min(region.left, x);
      region.right = Math.max(region.right, x + 1);
      region.top = Math.min(region.top, y);
      region.bottom = Math.max(region.bottom, y + 1);
      const visit = (j: number) => {
        if (seen[j] || labels[j] !== label) return;
        seen[j] = 1;
        region.pixels.push(j);
      };
      if (x > 0) visit(i - 1);
      if (x < width - 1) visit(i + 1);
      if (y > 0) visit(i - width);
      if (y < height - 1) visit(i + width);
    }
    if (region.pixels.length >= smallest) regions.push(grown(picture, region, thickness));
  }
  return regions.sort((a, b) => b.pixels.length - a.pixels.length);
}

/** The region with what was cut off it as too thin: its colour's pixels within `steps` of it. */
function grown({ width, height, labels }: JudgedPicture, region: Region, steps: number): Region {
  const pixels = new Set(region.pixels);
  let edge = region.pixels;
  const result = { ...region };
  for (let step = 0; step < steps; step++) {
    const next: number[] = [];
    for (const i of edge) {
      const [x, y] = [i % width, Math.floor(i / width)];
      for (const [u, v] of [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ] as const) {
        // prettier-ignore
        const j = v * width + u;
        if (u < 0 || v < 0 || u >= width || v >= height || labels[j] !== region.label || pixels.has(j)) continue;
        pixels.add(j);
        next.push(j);
        result.left = Math.min(result.left, u);
        result.right = Math.max(result.right, u + 1);
        result.top = Math.min(result.top, v);
        result.bottom = Math.max(result.bottom, v + 1);
      }
    }
    edge = next;
  }
  return { ...result, pixels: [...pixels] };
}

/** Labels with every pixel that lies in no n x n block of its label made bare. */
function blocksOf({ width, height, labels }: JudgedPicture, n: number): Uint8Array {
  const kept = new Uint8Array(labels.length).fill(BARE);
  for (let y = 0; y + n <= height; y++) {
    next: for (let x = 0; x + n <= width; x++) {
      const label = labels[y * width + x]!;
      if (label === BARE) continue;
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < n; i++) if (labels[(y + j) * width + x + i] !== label) continue next;
      }
      for (let j = 0; j < n; j++) kept.fill(label, (y + j) * width + x, (y + j) * width + x + n);
    }
  }
  return kept;
}
