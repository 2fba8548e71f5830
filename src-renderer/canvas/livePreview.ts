/** A picture that is being drawn, as it is foreseen now. */
import type { Pixels } from "@api/engine.ts";
import { formatSeconds } from "../state/jobs.svelte.ts";

/** For a canvas, to be attached. Into the same canvas each time: a new one for every preview piles up until the garbage is collected. */
export const paintPreview = (preview: Pixels) => (canvas: HTMLCanvasElement) => {
  const { data, width, height } = preview;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pixels = new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength);
  canvas.getContext("2d")!.putImageData(new ImageData(pixels, width, height), 0, 0);
};

/** How far it is: "40 % · 3 s"; `fraction` from 0 to 1. */
export const progressWords = (fraction: number, secondsLeft: number | undefined): string =>
  `${Math.round(fraction * 100)} %${secondsLeft === undefined ? "" : ` · ${formatSeconds(secondsLeft)}`}`;
