/** Draws scenes of icons as tools/demo-model/scenes.py does, with smoother edges: the truth that the judge is measured on. */
import type { Pixels } from "../../src-main/api/engine.ts";
import { invariant } from "../../src-main/wire/errors.ts";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { partColour, SHAPES } from "./icons.ts";
import { BACKGROUNDS, COLOURS, type Rgb } from "./palette.ts";
import type { IconScene } from "./scene.ts";

/** Samples a side of each pixel. */
const SAMPLES = 4;

/** The scene as a picture of `width` x `height` pixels; each pixel is the mean of 16 samples. */
export function drawScene(scene: Pick<IconScene, "background" | "things">, width: number, height: number): Pixels {
  invariant(width > 0 && height > 0, `no size: ${width} x ${height}`);
  const background = BACKGROUNDS[scene.background];
  const colours: Rgb[] = [background];
  const fine = new Uint8Array(width * SAMPLES * height * SAMPLES); // indices of `colours`
  for (const { colour, icon, box } of scene.things) {
    for (const { part, spans } of SHAPES[icon]) {
      const paint = partColour(part, COLOURS[colour], background);
      paintShape(fine, { width: width * SAMPLES, height: height * SAMPLES }, box, spans, colours.push(paint) - 1);
    }
  }
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      for (let j = 0; j < SAMPLES; j++) {
        for (let i = 0; i < SAMPLES; i++) {
          const paint = colours[fine[(y * SAMPLES + j) * width * SAMPLES + x * SAMPLES + i]!]!;
          for (let c = 0; c < 3; c++) sum[c]! += paint[c]!;
        }
      }
      const mean = sum.map((value) => Math.round(value / SAMPLES ** 2));
      data.set([...mean, 255], (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

/** Sets the samples whose centres lie in the shape. */
function paintShape(
  fine: Uint8Array,
  size: { width: number; height: number },
  box: UnitBox,
  spans: (v: number) => number[],
  paint: number,
): void {
  for (let y = 0; y < size.height; y++) {
    const ends = spans(((y + 0.5) / size.height - box.y) / box.height);
    for (let k = 0; k < ends.length; k += 2) {
      const [left, right] = [ends[k]!, ends[k + 1]!].map((u) => (box.x + u * box.width) * size.width - 0.5) as [
        number,
        number,
      ];
      const first = Math.max(0, Math.ceil(left));
      const last = Math.min(size.width - 1, Math.floor(right));
      if (first <= last) fine.fill(paint, y * size.width + first, y * size.width + last + 1);
    }
  }
}
