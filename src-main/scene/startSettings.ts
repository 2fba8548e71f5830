/** What a scene says of the picture that it goes on from, and of what is drawn anew in it, one row each as in settings.ts. */
import { PATH, SHA256 } from "./fileSettings.ts";
import type { Row } from "./rows.ts";

export const START_SETTINGS = {
  /** SHA-256 of its pixels (image/pixelHash.ts); missing where a file is named that nobody has looked at. */
  hash: { ...SHA256, about: "SHA-256 of its size and pixels in hexadecimal.", nothing: undefined },
  /** The file; missing where a project keeps it. */
  path: { ...PATH, about: "Its file, seen from the folder of the scene.", nothing: undefined },
  /** Share of the steps that are drawn. */
  strength: {
    kind: "number",
    min: 0.01,
    max: 1,
    usual: 0.6,
    about: "How much of the picture is drawn again, as a share of the steps: 1 begins from noise.",
    label: "Strength",
    help: "How much is drawn again: little keeps the picture as it is, 1 keeps nothing of it. Only this share of the steps is drawn.",
    undo: "Change strength of the start",
    slider: { step: 0.01 },
  },
  /** How a picture of another size is brought to the scene's. */
  by: {
    kind: "choice",
    of: ["picture", "latent"],
    nothing: "picture",
    about: "How it is brought to the scene's size: as a picture, or as a latent, which is softer and changes more.",
    label: "Enlarged",
    help: "As a picture keeps what is there; as a latent is softer and lets more be drawn anew.",
    undo: "Change how it is enlarged",
  },
} as const satisfies Record<string, Row>;

export const REDRAW_SETTINGS = {
  /** Pixels over which what is new fades into what stays, outside the areas. */
  feather: {
    kind: "number",
    min: 0,
    max: 256,
    integer: true,
    usual: 16,
    about: "Pixels around the areas over which what is new fades into what stays.",
    label: "Feather",
    help: "How many pixels around the area blend old and new. Beyond them not one pixel changes.",
    undo: "Change feather",
    slider: { step: 1, end: 64 },
  },
} as const satisfies Record<string, Row>;

/** What of its box an area is: as a region's. */
export const AREA_SETTINGS = {
  shape: {
    kind: "shape",
    nothing: undefined,
    about: "What of its box the area is, where it is not all: an ellipse, a polygon, or painted cells.",
  },
} as const satisfies Record<string, Row>;
