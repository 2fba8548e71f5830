/** The figures of every variant, from the verdicts of its pictures. */
import type { ClipScore } from "./clipScores.ts";
import { drawScene } from "./drawScene.ts";
import { measurePicture } from "./features.ts";
import { frechetDistance } from "./frechet.ts";
import { judge } from "./judge.ts";
import { randomBoxes } from "./layouts.ts";
import { maskScores } from "./maskScore.ts";
import {
  averagePrecision,
  bootstrap,
  meanOf,
  rankDetections,
  thingResults,
  type Estimate,
  type ThingResult,
} from "./metrics.ts";
import { IOU_NEEDED } from "./matching.ts";
import { Random } from "./random.ts";
import type { IconScene } from "./scene.ts";
import { auc, spearman } from "./scoring.ts";
import type { Entry } from "./verdictLog.ts";

/** A picture's verdict together with its scene. */
export interface Picture extends Pick<
  Entry,
  "detections" | "background" | "contrast" | "saturation" | "features" | "masks"
> {
  scene: IconScene;
  /** Seconds to draw it; undefined for pictures that no model drew. */
  seconds?: number;
  /** Where a CLIP was asked. */
  clip?: ClipScore;
  course?: number[][];
  guided?: number;
}

export interface VariantResult {
  name: string;
  pictures: number;
  things: number;
  /** Area under precision by recall at IoU 0.5, over all phrases. */
  ap: Estimate;
  /** Of each thing with the best detection of its phrase, 0 for things not found. */
  iou: Estimate;
  /** Of found things alone. */
  iouFound: Estimate;
  /** Share of things whose middle lies in their box: placed, though perhaps in the wrong size. */
  centred: Estimate;
  /** Share of things with the right colour and icon somewhere, and with the right colour. */
  adherence: Estimate;
  colour: Estimate;
  background: Estimate;
  /** Fréchet-type distance to the rendered scenes. */
  distance: Estimate;
  contrast: Estimate;
  saturation: Estimate;
  /** Mean difference to the plain pictures of the same scenes and seeds; undefined for other variants than those. */
  contrastChange?: Estimate;
  saturationChange?: Estimate;
  /** Mean size of that difference, whichever way it goes: ruined pictures may be paler or stronger than plain ones, which a mean hides. */
  contrastShift?: Estimate;
  saturationShift?: Estimate;
  seconds?: Estimate;
  /** T2I-Sim and CLIP-IQA, where a CLIP was asked. */
  similarity?: Estimate;
  quality?: Estimate;
  /** How the program's own score fares, at the end and after the last guided step. */
  score?: ScoreResult;
  scoreAtGuided?: ScoreResult;
  /** The same at the end, among things of the right colour and icon: attention knows nothing of what else is drawn in a thing's place. */
  scoreOfPresent?: ScoreResult;
  /** Adherence by icon and by number of things. */
  byIcon: Record<string, Share>;
  byCount: Record<string, Share>;
  /** Of sets that compare kinds of scenes, in the order of the set. */
  byGroup?: Record<string, GroupResult>;
}

/** What a kind of scenes gave. */
export interface GroupResult {
  pictures: number;
  things: number;
  ap: Estimate;
  iou: Estimate;
  adherence: Estimate;
  /** Of things with shapes: share of their pixels inside, share of the shape that is filled, IoU of both. */
  masks?: { inside: Estimate; filled: Estimate; iou: Estimate };
}

export interface ScoreResult {
  /** Spearman's correlation with the IoU of things and boxes. */
  rank: Estimate;
  /** Area under the ROC curve of finding things whose IoU is below 0.5. */
  auc: Estimate;
}

export interface Share {
  things: number;
  present: number;
  placed: number;
}

/** Figures of `pictures`; `truth` are the rendered scenes, `plain` the pictures of plain sampling in the same order. */
export function variantResult(
  name: string,
  pictures: readonly Picture[],
  truth: readonly Picture[],
  plain?: readonly Picture[],
): VariantResult {
  const groups = pictures.map(({ scene }) => scene.id);
  const things = pictures.flatMap((picture) =>
    thingResults(picture).map((thing) => ({ ...thing, scene: picture.scene.id })),
  );
  const thingGroups = things.map(({ scene }) => scene);
  const share = (holds: (thing: ThingResult) => boolean) => meanOf(thingGroups, things.map((thing) => (holds(thing) ? 1 : 0))); // prettier-ignore
  const found = things.filter(({ present }) => present);
  const ranked = pictures.map((picture) => ({ ranked: rankDetections(picture), things: picture.scene.things.length }));
  const value = (of: (picture: Picture) => number) => meanOf(groups, pictures.map(of));
  const difference = (key: "contrast" | "saturation", size = (x: number) => x) =>
    meanOf(groups, pictures.map((picture, i) => size(picture[key] - plain![i]![key]))); // prettier-ignore
  const changes = plain && {
    contrastChange: difference("contrast"),
    saturationChange: difference("saturation"),
    contrastShift: difference("contrast", Math.abs),
    saturationShift: difference("saturation", Math.abs),
  };
  const isTimed = pictures.every(({ seconds }) => seconds !== undefined);
  return {
    name,
    pictures: pictures.length,
    things: things.length,
    ap: bootstrap(groups, (weights) => averagePrecision(ranked, weights)),
    iou: meanOf(thingGroups, things.map(({ iou }) => iou)), // prettier-ignore
    iouFound: meanOf(found.map(({ scene }) => scene), found.map(({ iou }) => iou)), // prettier-ignore
    centred: share(({ centred }) => centred),
    adherence: share(({ present }) => present),
    colour: share(({ colour }) => colour),
    background: value(({ scene, background }) => (scene.background === background ? 1 : 0)),
    distance: distanceTo(truth, pictures),
    contrast: value(({ contrast }) => contrast),
    saturation: value(({ saturation }) => saturation),
    ...changes,
    ...(isTimed ? { seconds: value(({ seconds }) => seconds!) } : {}),
    ...(pictures.every(({ clip }) => clip)
      ? { similarity: value(({ clip }) => clip!.similarity), quality: value(({ clip }) => clip!.quality) }
      : {}),
    ...scoreResults(pictures),
    byIcon: shares(things, ({ thing }) => thing.icon),
    byCount: shares(things, ({ count }) => String(count)),
    ...groupResults(pictures),
  };
}

function groupResults(pictures: readonly Picture[]): Pick<VariantResult, "byGroup"> {
  if (!pictures.every(({ scene }) => scene.group !== undefined)) return {};
  const groups = Map.groupBy(pictures, ({ scene }) => scene.group!);
  return { byGroup: Object.fromEntries([...groups].map(([group, members]) => [group, groupResult(members)])) };
}

function groupResult(pictures: readonly Picture[]): GroupResult {
  const things = pictures.flatMap((picture) =>
    thingResults(picture).map((thing, i) => ({ ...thing, scene: picture.scene.id, mask: picture.masks?.[i] })),
  );
  const mean = (of: (thing: (typeof things)[number]) => number) => meanOf(things.map(({ scene }) => scene), things.map(of)); // prettier-ignore
  const ranked = pictures.map((picture) => ({ ranked: rankDetections(picture), things: picture.scene.things.length }));
  const masks = things.every(({ mask }) => mask) && {
    inside: mean(({ mask }) => mask!.inside),
    filled: mean(({ mask }) => mask!.filled),
    iou: mean(({ mask }) => mask!.iou),
  };
  return {
    ...{ pictures: pictures.length, things: things.length },
    ap: bootstrap(pictures.map(({ scene }) => scene.id), (weights) => averagePrecision(ranked, weights)), // prettier-ignore
    iou: mean(({ iou }) => iou),
    adherence: mean(({ present }) => (present ? 1 : 0)),
    ...(masks ? { masks } : {}),
  };
}

function scoreResults(pictures: readonly Picture[]): Pick<VariantResult, "score" | "scoreAtGuided" | "scoreOfPresent"> {
  if (!pictures.every(({ course, scene }) => course?.length === scene.things.length)) return {};
  const things = pictures.flatMap((picture) =>
    thingResults(picture).map(({ iou, present }, i) => ({
      id: picture.scene.id,
      ...{ iou, present },
      course: picture.course![i]!,
      guided: picture.guided!,
    })),
  );
  if (things.some(({ course }) => course.length === 0)) return {};
  const measured = (at: (thing: (typeof things)[number]) => number, among = things): ScoreResult => {
    const statistic = (of: (chosen: typeof things) => number) =>
      bootstrap(
        among.map(({ id }) => id),
        (weights) => of(among.flatMap((thing, i) => Array.from({ length: weights[i]! }, () => thing))),
        SCORE_RESAMPLES,
      );
    return {
      rank: statistic((chosen) =>
        spearman(
          chosen.map(at),
          chosen.map(({ iou }) => iou),
        ),
      ),
      auc: statistic((chosen) =>
        auc(
          chosen.map(at),
          chosen.map(({ iou }) => iou < IOU_NEEDED),
        ),
      ),
    };
  };
  return {
    score: measured(({ course }) => course.at(-1)!),
    scoreAtGuided: measured(({ course, guided }) => course[Math.min(guided, course.length) - 1]!),
    scoreOfPresent: measured(
      ({ course }) => course.at(-1)!,
      things.filter(({ present }) => present),
    ),
  };
}

/** Resamples of the score's figures, which cost more than a mean. */
const SCORE_RESAMPLES = 100;

/** Resamples of the distance: it costs more than a mean. */
const DISTANCE_RESAMPLES = 60;

function distanceTo(truth: readonly Picture[], pictures: readonly Picture[]): Estimate {
  if (pictures.length < 3 || truth.length < 3) return { value: NaN, low: NaN, high: NaN };
  const reference = truth.map(({ features }) => features);
  const statistic = (weights: readonly number[]) =>
    frechetDistance(
      pictures.flatMap(({ features }, i) => Array.from({ length: weights[i]! }, () => features)),
      reference,
    );
  return bootstrap(
    pictures.map(({ scene }) => scene.id),
    statistic,
    DISTANCE_RESAMPLES,
  );
}

function shares(things: readonly ThingResult[], by: (thing: ThingResult) => string): Record<string, Share> {
  const result: Record<string, Share> = {};
  for (const thing of things) {
    const share = (result[by(thing)] ??= { things: 0, present: 0, placed: 0 });
    share.things++;
    if (thing.present) share.present++;
    if (thing.iou >= IOU_NEEDED) share.placed++;
  }
  return Object.fromEntries(Object.entries(result).sort(([a], [b]) => a.localeCompare(b)));
}

/** The scenes drawn by the renderer and judged like any picture: the most that a method can reach. */
export function truthPictures(scenes: readonly IconScene[], width: number, height: number): Picture[] {
  return scenes.map((scene) => {
    const pixels = drawScene(scene, scene.size?.width ?? width, scene.size?.height ?? height);
    const masks = scene.things.some(({ shape }) => shape) ? { masks: maskScores(scene, pixels) } : {};
    return { scene, ...judge(pixels), ...masks, ...measurePicture(pixels) };
  });
}

/** The right things at random places in sizes that the demo model was trained on: what a method that is blind to boxes can reach. */
export function chancePictures(scenes: readonly IconScene[], truth: readonly Picture[]): Picture[] {
  const random = new Random(2);
  const sizes = [[0.36, 0.76], [0.29, 0.53], [0.26, 0.44], [0.24, 0.38], [0.21, 0.33], [0.19, 0.3]] as const; // prettier-ignore
  return scenes.map((scene, i) => {
    const count = scene.things.length;
    const boxes = randomBoxes(random, { count, sizes: sizes[count - 1]!, aspect: 1.3, overlap: 0.01 });
    const detections = scene.things.map(({ colour, icon }, k) => ({ colour, icon, box: boxes[k]!, confidence: 1 }));
    return { ...truth[i]!, scene, detections };
  });
}
