/**
 * The judge: which icons a picture shows, and where. It explains the picture from the icons it knows: regions of one
 * colour propose things, each is fitted with all ten icons, and whoever explains most pixels is believed first; what
 * it covers (a roof in another shade, the rim of an edge) proposes nothing any more.
 */
import type { Pixels } from "../../src-main/api/engine.ts";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import {
  boxFrom,
  coveredPixels,
  refine,
  scoreFit,
  sharpen,
  type Fit,
  type Ignored,
  type PixelBox,
  type Wanted,
} from "./fit.ts";
import type { Icon } from "./icons.ts";
import { COLOUR_NAMES, type BackgroundName, type ColourName } from "./palette.ts";
import { medianRgb, readPicture, regionsOf, type JudgedPicture, type Region } from "./picture.ts";
import { iou } from "./scene.ts";
import { TEMPLATES } from "./templates.ts";

export interface Detection {
  colour: ColourName;
  icon: Icon;
  /** The icon's nominal box, which a star or a moon does not fill; clipped to the picture. */
  box: UnitBox;
  /** How well the icon explains what is drawn there, 0 to 1; above 0.9 for a clean drawing. */
  confidence: number;
}

export interface Verdict {
  background: BackgroundName;
  /** Most confident first. */
  detections: Detection[];
}

/** Smallest region that may be a thing, as a share of the picture; a square of 4% of a side. */
const SMALLEST_SHARE = 0.0016;
/** A region of which this share is explained by others is no thing. */
const EXPLAINED = 0.5;
/** Overlap above which two things of one colour are one. */
const TWINS = 0.5;
/** Icons that are fitted closely, of all that were tried. */
const CLOSE_LOOKS = 4;

interface Candidate {
  region: Region;
  wanted: Wanted;
  fit: Fit;
}

/** Things in a picture of any size. */
export function judge(pixels: Pixels): Verdict {
  const picture = readPicture(pixels);
  const { width, height } = picture;
  const side = Math.min(width, height);
  const regions = regionsOf(picture, Math.max(6, SMALLEST_SHARE * width * height), Math.max(2, Math.round(side / 100)));
  const rim = Math.max(1, Math.round(side / 100));
  /** By pixel: 1 + the thing that explains it, or 0. */
  const owners = new Uint8Array(width * height);
  let open = regions.map((region) => candidate(picture, region, regions, () => false));
  const things: Candidate[] = [];
  while (open.length > 0) {
    const best = open.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    things.push(best);
    claim(picture, owners, best, things.length, rim);
    open = open.filter(
      (other) =>
        other !== best && other.region.pixels.filter((i) => owners[i]).length < EXPLAINED * other.region.pixels.length,
    );
    open = open.map((other) =>
      touches(best.fit.box, other, rim) ? candidate(picture, other.region, regions, (i) => owners[i] !== 0) : other,
    );
  }
  const detections = things.map((thing, n) => {
    const foreign: Ignored = (i) => owners[i] !== 0 && owners[i] !== n + 1;
    const isAlone = things.every((other) => other === thing || !touches(other.fit.box, thing, rim));
    // What was believed later was not known to belong to others when this was fitted.
    const { fit, wanted } = isAlone ? thing : candidate(picture, thing.region, regions, foreign);
    return toDetection(picture, wanted, sharpen(picture, wanted, fit, foreign));
  });
  return { background: picture.background, detections: withoutTwins(detections) };
}

/** Most confident first; of two of one colour in the same place, which were parts of one thing, the better. */
function withoutTwins(detections: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const one of [...detections].sort((a, b) => b.confidence - a.confidence)) {
    if (!kept.some((other) => other.colour === one.colour && iou(other.box, one.box) > TWINS)) kept.push(one);
  }
  return kept;
}

function gain({ fit }: Candidate): number {
  return fit.score * fit.area;
}

/** The icon that fits a region best. */
function candidate(picture: JudgedPicture, region: Region, all: readonly Region[], ignored: Ignored): Candidate {
  const wanted: Wanted = {
    label: region.label,
    own: medianRgb(picture, region.pixels),
    background: picture.backgroundRgb,
  };
  const extents = [region, joined(region, all)].filter((one) => one !== undefined);
  const starts = extents.flatMap((drawn) =>
    TEMPLATES.flatMap((template) => {
      const boxes = [boxFrom(drawn, template.body)];
      if (template.body !== template.whole) boxes.push(boxFrom(drawn, template.whole));
      return boxes.map((box) => scoreFit(picture, wanted, template, box, region, ignored));
    }),
  );
  const promising = starts.sort((a, b) => b.score - a.score).slice(0, CLOSE_LOOKS);
  const fits = promising.map((start) => refine(picture, wanted, start, region, ignored));
  return { region, wanted, fit: fits.reduce((a, b) => (b.score > a.score ? b : a)) };
}

/** The region together with others of its colour: something may lie across one thing and part it. */
function joined(region: Region, all: readonly Region[]): PixelBox | undefined {
  const parts = all.filter(
    (other) => other !== region && other.label === region.label && other.pixels.length * 8 > region.pixels.length,
  );
  if (parts.length === 0) return undefined;
  const both = [region, ...parts];
  return {
    left: Math.min(...both.map(({ left }) => left)),
    top: Math.min(...both.map(({ top }) => top)),
    right: Math.max(...both.map(({ right }) => right)),
    bottom: Math.max(...both.map(({ bottom }) => bottom)),
  };
}

/** Notes what a thing explains: its region, what its icon paints in about the right colour, and the rim around. */
function claim(
  picture: JudgedPicture,
  owners: Uint8Array,
  { region, wanted, fit }: Candidate,
  owner: number,
  rim: number,
) {
  for (const i of region.pixels) owners[i] ||= owner;
  coveredPixels(picture, wanted, fit, rim, (i) => (owners[i] ||= owner));
}

function touches(box: PixelBox, { fit }: Candidate, rim: number): boolean {
  const other = fit.box;
  const gap = 3 * rim + 0.1 * (other.right - other.left);
  return (
    box.left < other.right + gap &&
    other.left < box.right + gap &&
    box.top < other.bottom + gap &&
    other.top < box.bottom + gap
  );
}

function toDetection({ width, height }: JudgedPicture, { label }: Wanted, { template, box, score }: Fit): Detection {
  const [left, top] = [Math.max(0, box.left / width), Math.max(0, box.top / height)];
  const [right, bottom] = [Math.min(1, box.right / width), Math.min(1, box.bottom / height)];
  return {
    colour: COLOUR_NAMES[label]!,
    icon: template.icon,
    box: { x: left, y: top, width: right - left, height: bottom - top },
    confidence: score,
  };
}
