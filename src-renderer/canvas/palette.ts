/** The theme's colours as the canvas paints with them. */
import { BOX_COLORS } from "@scene/boxColors.ts";
import { channels } from "./pictures.ts";

export interface Palette {
  boxes: readonly string[];
  /** Of letters on each of the boxes' colours. */
  inks: readonly string[];
  halo: string;
  paper: string;
  accent: string;
  guide: string;
  line: string;
}

/** Of the theme that the page has now. */
export function readPalette(dark: boolean): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const boxes = BOX_COLORS[dark ? "dark" : "light"];
  return {
    boxes,
    inks: boxes.map(inkOn),
    halo: dark ? "#0c0d12" : "#ffffff",
    paper: token("--paper"),
    accent: token("--accent"),
    guide: token("--guide"),
    line: dark ? "rgb(255 255 255 / 0.13)" : "rgb(0 0 0 / 0.13)",
  };
}

/** Black or white, whichever is read better on a colour `#rrggbb`: the greater contrast of WCAG. */
export function inkOn(color: string): string {
  const [red, green, blue] = channels(color).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return light > 0.179 ? "#0c0d12" : "#ffffff";
}
