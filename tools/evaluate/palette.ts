/** The words of the demo model and the colours they stand for: the same numbers as in tools/demo-model/scenes.py. */

export type Rgb = readonly [red: number, green: number, blue: number];

export const COLOURS = {
  red: [214, 40, 40],
  orange: [247, 127, 0],
  yellow: [252, 211, 45],
  green: [46, 160, 67],
  blue: [37, 99, 235],
  purple: [126, 34, 206],
  pink: [244, 114, 182],
  brown: [133, 77, 14],
} as const satisfies Record<string, Rgb>;
export type ColourName = keyof typeof COLOURS;
export const COLOUR_NAMES = Object.keys(COLOURS) as ColourName[];

export const BACKGROUNDS = {
  white: [245, 245, 245],
  black: [22, 22, 26],
  gray: [128, 132, 138],
  navy: [24, 36, 84],
  cream: [250, 236, 205],
  teal: [20, 110, 110],
} as const satisfies Record<string, Rgb>;
export type BackgroundName = keyof typeof BACKGROUNDS;
export const BACKGROUND_NAMES = Object.keys(BACKGROUNDS) as BackgroundName[];

/** Luma, and chroma counted double (B - Y and R - Y unscaled): hue tells these icons apart better than lightness. */
export function toYcc(red: number, green: number, blue: number): [number, number, number] {
  return [
    0.299 * red + 0.587 * green + 0.114 * blue,
    -0.337 * red - 0.663 * green + blue,
    1.403 * red - 1.175 * green - 0.228 * blue,
  ];
}
