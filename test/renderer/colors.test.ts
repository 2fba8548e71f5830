/** The boxes' colours in styles.css: far enough apart for eyes with two kinds of cones, and readable where they stand. */
import { describe, expect, test } from "vitest";
import { BOX_COLORS } from "../../src-main/scene/boxColors.ts";
import { inkOn } from "../../src-renderer/canvas/palette.ts";
import { COLOR_COUNT } from "../../src-renderer/state/document.ts";
import styles from "../../src-renderer/styles.css?raw";

type Color = [number, number, number];

const [dark, light] = styles.split(':root[data-theme="light"]');
const themes = [
  { theme: "dark", text: dark! },
  { theme: "light", text: light! },
].map(({ theme, text }) => {
  const token = (name: string) => new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(text)![1]!;
  return { theme, token, boxes: Array.from({ length: COLOR_COUNT }, (_, i) => token(`box-${i}`)) };
});

test("sheets and the canvas have the colours of the page", () => {
  for (const { theme, boxes } of themes) expect(BOX_COLORS[theme as "dark" | "light"]).toEqual(boxes);
});

/** Linear light of `#rrggbb`. */
function linear(hex: string): Color {
  return [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Color;
}

const times = (rows: readonly Color[], [r, g, b]: Color) =>
  rows.map(([x, y, z]) => Math.min(1, Math.max(0, x * r + y * g + z * b))) as Color;

/** Machado, Oliveira & Fernandes 2009, severity 1, on linear light. */
const EYES: Record<string, readonly Color[]> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Ottosson 2020; equal distances look about equally far. */
function oklab([r, g, b]: Color): Color {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function nearest(colors: readonly Color[]): number {
  return Math.min(
    ...colors.flatMap((a, i) => colors.slice(i + 1).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]))),
  );
}

function contrast(a: string, b: string): number {
  const [high, low] = [a, b]
    .map(linear)
    .map(([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue)
    .sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(themes)("$theme", ({ boxes, token }) => {
  // 0.05 is several times what the eye needs to tell two patches apart that lie side by side.
  test.each(Object.keys(EYES))("no two boxes look alike to %s, and the first four less so", (eyes) => {
    const seen = boxes.map((color) => oklab(times(EYES[eyes]!, linear(color))));
    expect(nearest(seen)).toBeGreaterThan(0.05);
    expect(nearest(seen.slice(0, 4))).toBeGreaterThan(0.1);
  });

  test("a box's line stands out from the paper, and its name from the line's colour", () => {
    for (const color of boxes) {
      expect(contrast(color, token("paper")), `${color} on paper`).toBeGreaterThan(3);
      expect(contrast(color, inkOn(color)), `letters on ${color}`).toBeGreaterThan(4.5);
    }
  });
});
