/** What is measured over the pictures of one variant, with bootstrap intervals over scenes. */
import type { UnitBox } from "../../src-main/scene/scene.ts";
import type { Detection } from "./judge.ts";
import { matchThings, rank, type Ranked } from "./matching.ts";
import { Random } from "./random.ts";
import type { IconScene, Thing } from "./scene.ts";

/** A picture of a scene as far as the metrics need it. */
export interface Judged {
  scene: IconScene;
  detections: readonly Detection[];
}

/** A value with the interval that holds 95% of its bootstrap values. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** A detection below this explains too little of what is drawn to count as its icon. */
const SURE = 0.5;

/** How one thing fared. */
export interface ThingResult {
  thing: Thing;
  /** Things in its scene. */
  count: number;
  /** Its colour is there, as whatever icon. */
  colour: boolean;
  /** Its colour and icon are there, wherever. */
  present: boolean;
  /** Of the best detection of its phrase; 0 where there is none. */
  iou: number;
  /** The middle of that detection lies in the thing's box, whatever its size. */
  centred: boolean;
}

/** The things of a picture, each with what was found of it. */
export function thingResults({ scene, detections }: Judged): ThingResult[] {
  const sure = detections.filter(({ confidence }) => confidence >= SURE);
  return matchThings(scene.things, sure, isSame).map((match) => ({
    thing: match.thing,
    count: scene.things.length,
    colour: detections.some(({ colour }) => colour === match.thing.colour),
    present: match.detection !== undefined,
    iou: match.iou,
    centred: match.detection !== undefined && holdsMiddle(match.thing.box, match.detection.box),
  }));
}

function holdsMiddle(box: UnitBox, other: UnitBox): boolean {
  const [x, y] = [other.x + other.width / 2, other.y + other.height / 2];
  return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
}

/** Whether a detection is of a thing's phrase. */
export const isSame = (thing: Thing, { colour, icon }: Detection) => thing.colour === colour && thing.icon === icon;

export function rankDetections({ scene, detections }: Judged): Ranked[] {
  return rank(scene.things, detections, isSame);
}

/**
 * Average precision over all phrases together: the area under precision by recall, with precision made to fall (the
 * "all points" form of PASCAL VOC 2010). `weights` says how often each picture counts.
 */
export function averagePrecision(
  pictures: readonly { ranked: readonly Ranked[]; things: number }[],
  weights: readonly number[] = pictures.map(() => 1),
): number {
  const all = pictures.flatMap(({ ranked }, i) => ranked.map((one) => ({ ...one, weight: weights[i]! })));
  const things = pictures.reduce((sum, { things }, i) => sum + things * weights[i]!, 0);
  if (things === 0) return 0;
  all.sort((a, b) => b.confidence - a.confidence);
  let [right, given] = [0, 0];
  const points = all.map(({ isRight, weight }) => {
    given += weight;
    if (isRight) right += weight;
    return { recall: right / things, precision: given === 0 ? 0 : right / given };
  });
  let [area, best] = [0, 0];
  for (let k = points.length - 1; k >= 0; k--) {
    best = Math.max(best, points[k]!.precision);
    area += best * (points[k]!.recall - (points[k - 1]?.recall ?? 0));
  }
  return area;
}

const RESAMPLES = 400;

/**
 * `statistic` of all items, with a 95% percentile interval over `RESAMPLES` draws of groups with replacement: the
 * pictures of one scene are no independent evidence. The statistic gets one weight per item.
 */
export function bootstrap(
  groups: readonly string[],
  statistic: (weights: readonly number[]) => number,
  resamples = RESAMPLES,
): Estimate {
  const random = new Random(1);
  const names = [...new Set(groups)];
  const value = statistic(groups.map(() => 1));
  const values: number[] = [];
  for (let n = 0; n < resamples; n++) {
    const counts = new Map<string, number>();
    for (let k = 0; k < names.length; k++) {
      const name = random.pick(names);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const one = statistic(groups.map((group) => counts.get(group) ?? 0));
    if (Number.isFinite(one)) values.push(one);
  }
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))] ?? value;
  return { value, low: at(0.025), high: at(0.975) };
}

/** The mean of items with an interval over groups; NaN for none. */
export function meanOf(groups: readonly string[], values: readonly number[]): Estimate {
  return bootstrap(groups, (weights) => {
    let [sum, total] = [0, 0];
    for (const [i, weight] of weights.entries()) {
      sum += weight * values[i]!;
      total += weight;
    }
    return sum / total;
  });
}
