/** Pictures on their way between machines: whole ones as PNG, bit by bit the same; what is shown meanwhile, small. */
import type { GeneratedImage, Pixels, StepEvent } from "../api/engine.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { resize, thumbnailSize } from "../image/resize.ts";
import { PREVIEW_SIDE, type RemoteEvents } from "./contract.ts";

export function packStep(call: string, event: StepEvent): RemoteEvents["step"] {
  const { index, step, steps, elapsed, pictureSecondsLeft, obedience, loss, preview, attention } = event;
  return {
    ...{ call, index, step, steps, elapsed, obedience },
    ...(pictureSecondsLeft === undefined ? {} : { pictureSecondsLeft }),
    ...(loss === undefined ? {} : { loss }),
    ...(preview ? { preview: encodePng(smaller(preview)) } : {}),
    ...(attention ? { attention } : {}),
  };
}

export function packImage(call: string, image: GeneratedImage): RemoteEvents["image"] {
  const { index, pixels, obedience, attention, seconds, record, state, shared } = image;
  return {
    ...{ call, index, picture: encodePng(pixels), obedience, attention, seconds, record },
    ...(state ? { state } : {}),
    ...(shared === undefined ? {} : { shared }),
  };
}

export function pixelsOf(png: Uint8Array): Pixels {
  return decodePng(png).pixels;
}

function smaller(pixels: Pixels): Pixels {
  if (Math.max(pixels.width, pixels.height) <= PREVIEW_SIDE) return pixels;
  const { width, height } = thumbnailSize(pixels.width, pixels.height, PREVIEW_SIDE);
  return resize(pixels, width, height);
}
