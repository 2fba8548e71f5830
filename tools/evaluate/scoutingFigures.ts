/** What scouting is worth, from pictures that were all drawn to the end: what each way of spending time delivers. */
import type { Detection } from "./judge.ts";
import { IOU_NEEDED } from "./matching.ts";
import { averagePrecision, bootstrap, meanOf, rankDetections, thingResults, type Estimate } from "./metrics.ts";
import type { IconScene } from "./scene.ts";

export interface ScoutedPicture {
  /** The scene's id. */
  scene: string;
  seed: number;
  /** The program's score after each step, 0 to 1: the mean over the things. Null where a step was not noted; the guided and the last are. */
  course: (number | null)[];
  /** Seconds after each step that was noted, and for all of it with its decoding. */
  times: (number | null)[];
  seconds: number;
  /** The step as far as boxes guide it. */
  guided: number;
  detections: Detection[];
}

/** One way: which of a scene's pictures it delivers, and what it spends on the scene in seconds. */
export interface Way {
  name: string;
  /** Deliveries that are as likely, such as any four of the seeds; they count alike. */
  deliveries: (pictures: readonly ScoutedPicture[]) => ScoutedPicture[][];
  seconds: (pictures: readonly ScoutedPicture[]) => number;
  /** Whether what it goes by was noted. */
  isKnown: (picture: ScoutedPicture) => boolean;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const sum = (pictures: readonly ScoutedPicture[], of: (picture: ScoutedPicture) => number) =>
  pictures.reduce((total, picture) => total + of(picture), 0);

function best(pictures: readonly ScoutedPicture[], count: number, step: number): ScoutedPicture[] {
  return [...pictures].sort((a, b) => b.course[step - 1]! - a.course[step - 1]!).slice(0, count);
}

/**
 * Scouting (to a quarter of the steps, to half of them, as far as boxes guide) shows a decoded picture, so it pays for decoding as a
 * finished one does; finishing goes on from the state.
 */
export function waysOf(seeds: number, finish: number, { course, guided }: ScoutedPicture): Way[] {
  const steps = course.length;
  const fours = (pictures: readonly ScoutedPicture[]) =>
    Array.from({ length: Math.floor(pictures.length / finish) }, (_, i) =>
      pictures.slice(i * finish, (i + 1) * finish),
    );
  const decoding = ({ seconds, times }: ScoutedPicture) => seconds - times.at(-1)!;
  const isWhole = () => true;
  const scouting = (step: number): Way => ({
    isKnown: (picture) => picture.course[step - 1] !== null,
    name: `${seeds} scouted to step ${step}, the best ${finish} finished`,
    deliveries: (pictures) => [best(pictures, finish, step)],
    seconds: (pictures) =>
      sum(pictures, (one) => one.times[step - 1]! + decoding(one)) +
      sum(best(pictures, finish, step), (one) => one.seconds - one.times[step - 1]!),
  });
  const all = (pictures: readonly ScoutedPicture[]) => sum(pictures, (one) => one.seconds);
  return [
    {
      name: `${finish} seeds drawn`,
      deliveries: fours,
      seconds: (pictures) => (finish / pictures.length) * all(pictures),
      isKnown: isWhole,
    },
    ...[...new Set([Math.ceil(steps / 4), Math.ceil(steps / 2), guided])].map(scouting),
    {
      name: `${seeds} drawn, the best ${finish} kept`,
      deliveries: (pictures) => [best(pictures, finish, steps)],
      seconds: all,
      isKnown: isWhole,
    },
    { name: `${seeds} drawn, all kept`, deliveries: (pictures) => [[...pictures]], seconds: all, isKnown: isWhole },
  ];
}

export interface WayFigures {
  name: string;
  /** Of the things of all pictures delivered. */
  ap: Estimate;
  /** Share of things that are there in colour and icon. */
  adherence: Estimate;
  /** Share of pictures in which all things are, each in its box. */
  right: Estimate;
  /** Share of scenes with at least one such picture. */
  hit: Estimate;
  /** A scene. */
  seconds: Estimate;
}

export function figuresOf(
  way: Way,
  scenes: readonly (readonly ScoutedPicture[])[],
  sceneOf: (id: string) => IconScene,
): WayFigures {
  const groups = scenes.map((pictures) => pictures[0]!.scene);
  const judged = ({ scene, detections }: ScoutedPicture) => ({ scene: sceneOf(scene), detections });
  const isRight = (picture: ScoutedPicture) => thingResults(judged(picture)).every(({ iou }) => iou >= IOU_NEEDED);
  const deliveries = scenes.map((pictures) => way.deliveries(pictures));
  const delivered = deliveries.flat(2);
  const things = delivered.flatMap((picture) =>
    thingResults(judged(picture)).map(({ present }) => ({ scene: picture.scene, present: present ? 1 : 0 })),
  );
  const ranked = delivered.map((picture) => ({
    ranked: rankDetections(judged(picture)),
    things: sceneOf(picture.scene).things.length,
  }));
  const ofPictures = delivered.map(({ scene }) => scene);
  return {
    name: way.name,
    ap: bootstrap(ofPictures, (weights) => averagePrecision(ranked, weights), 100),
    adherence: meanOf(
      things.map(({ scene }) => scene),
      things.map(({ present }) => present),
    ),
    right: meanOf(
      ofPictures,
      delivered.map((picture) => (isRight(picture) ? 1 : 0)),
    ),
    hit: meanOf(
      groups,
      deliveries.map((each) => mean(each.map((pictures) => (pictures.some(isRight) ? 1 : 0)))),
    ),
    seconds: meanOf(groups, scenes.map(way.seconds)),
  };
}

/**
 * Tables for people, in Markdown: of all scenes with the ways that are known in all of them, and of those in which every way is known,
 * where that is a part. Seconds beside those of the first way: machines are busy to different degrees.
 */
export function scoutingReport(
  scenes: readonly (readonly ScoutedPicture[])[],
  sceneOf: (id: string) => IconScene,
  finish: number,
): string {
  const [first] = scenes;
  const seeds = first?.length;
  if (!first?.[0] || seeds === undefined) return "No scene has all its pictures yet.\n";
  const ways = waysOf(seeds, finish, first[0]);
  const knows = (way: Way) => (pictures: readonly ScoutedPicture[]) => pictures.every(way.isKnown);
  const inAll = ways.filter((way) => scenes.every(knows(way)));
  const whole = scenes.filter((pictures) => ways.every((way) => knows(way)(pictures)));
  const table = (some: typeof ways, of: typeof scenes) => tableOf(some, of, sceneOf, seeds);
  const isPart = inAll.length < ways.length && whole.length > 0;
  return [...table(inAll, scenes), ...(isPart ? ["Every step noted:", "", ...table(ways, whole)] : [])].join("\n");
}

function tableOf(
  ways: readonly Way[],
  scenes: readonly (readonly ScoutedPicture[])[],
  sceneOf: (id: string) => IconScene,
  seeds: number,
): string[] {
  const percent = ({ value, low, high }: Estimate) =>
    `${(100 * value).toFixed(1)}% (${Math.round(100 * low)} to ${Math.round(100 * high)})`;
  const figures = ways.map((way) => figuresOf(way, scenes, sceneOf));
  const rows = figures.map(({ name, ap, adherence, right, hit, seconds: { value } }) => {
    const ratio = value / figures[0]!.seconds.value;
    const cells = [name, ...[ap, adherence, right, hit].map(percent), value.toFixed(1), ratio.toFixed(1)];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    `${scenes.length} scenes, ${seeds} seeds each.`,
    "",
    "| | AP@0.5 | right colour and icon | pictures with all in place | scenes with one such picture | seconds a scene | beside the first |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}
