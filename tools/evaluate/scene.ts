/** Scenes of icons: what the demo model is asked for and what the judge looks for. */
import type { UnitBox } from "../../src-main/scene/scene.ts";
import type { RegionShape } from "../../src-main/scene/shapes.ts";
import type { Icon } from "./icons.ts";
import type { BackgroundName, ColourName } from "./palette.ts";

/** One icon of a scene and the box that it fills. */
export interface Thing {
  colour: ColourName;
  icon: Icon;
  box: UnitBox;
  /** What of the box it shall keep to. */
  shape?: RegionShape;
}

/** Things on a plain background, painted in the order of the list. */
export interface IconScene {
  /** Unique within its file. */
  id: string;
  background: BackgroundName;
  things: readonly Thing[];
  /** Pixels of the picture, where it is not the run's. */
  size?: { width: number; height: number };
  /** What the scene is counted with, in sets that compare kinds of scenes. */
  group?: string;
  /** The model is given the boxes without their shapes. */
  asBoxes?: boolean;
}

/** `red circle`: what a box is tied to. */
export function phraseOf({ colour, icon }: Pick<Thing, "colour" | "icon">): string {
  return `${colour} ${icon}`;
}

/** The caption in the form that the demo model was trained on most: "a red circle, a blue star and a pink moon on a ...". */
export function captionOf({ things, background }: Pick<IconScene, "things" | "background">): string {
  const names = things.map((thing) => `a ${phraseOf(thing)}`);
  const list = names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
  return `${list} on a ${background} background`;
}

/** Intersection over union of two boxes, 0 where they do not meet. */
export function iou(a: UnitBox, b: UnitBox): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
