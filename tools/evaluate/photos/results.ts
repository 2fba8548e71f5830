/** The figures of every way of drawing the photo scenes: T2I-Sim, CLIP-IQA and AP@0.5, as iLGD's paper reports them, and what it costs. */
import type { ClipScore } from "../clipScores.ts";
import { matchThings, rank } from "../matching.ts";
import { averagePrecision, bootstrap, meanOf, type Estimate } from "../metrics.ts";
import type { PhotoDetection } from "./detector.ts";
import type { PhotoScene, PhotoThing } from "./makeScenes.ts";

/** What is known of one picture. */
export interface Photo {
  scene: PhotoScene;
  seconds: number;
  contrast: number;
  saturation: number;
  detections?: readonly PhotoDetection[];
  clip?: ClipScore;
}

export interface PhotoResult {
  name: string;
  pictures: number;
  /** Undefined without a detector. */
  ap?: Estimate;
  iou?: Estimate;
  /** Share of things that are in the picture, wherever. */
  found?: Estimate;
  /** Undefined without a CLIP. */
  similarity?: Estimate;
  quality?: Estimate;
  contrast: Estimate;
  saturation: Estimate;
  seconds: Estimate;
}

/** A detection below this is too unsure to say that a thing is there. */
const SURE = 0.25;

const isSame = (thing: PhotoThing, { label }: PhotoDetection) => thing.label === label;

export function photoResult(name: string, photos: readonly Photo[]): PhotoResult {
  const groups = photos.map(({ scene }) => scene.id);
  const value = (of: (photo: Photo) => number) => meanOf(groups, photos.map(of));
  return {
    name,
    pictures: photos.length,
    ...detected(photos, groups),
    ...(photos.every(({ clip }) => clip)
      ? { similarity: value(({ clip }) => clip!.similarity), quality: value(({ clip }) => clip!.quality) }
      : {}),
    contrast: value(({ contrast }) => contrast),
    saturation: value(({ saturation }) => saturation),
    seconds: value(({ seconds }) => seconds),
  };
}

function detected(photos: readonly Photo[], groups: readonly string[]): Partial<PhotoResult> {
  if (!photos.every(({ detections }) => detections)) return {};
  const ranked = photos.map(({ scene, detections }) => ({
    ranked: rank(
      scene.things,
      detections!.filter(({ label }) => scene.things.some((thing) => thing.label === label)),
      isSame,
    ),
    things: scene.things.length,
  }));
  const matches = photos.flatMap(({ scene, detections }) =>
    matchThings(
      scene.things,
      detections!.filter(({ confidence }) => confidence >= SURE),
      isSame,
    ).map((match) => ({
      id: scene.id,
      ...match,
    })),
  );
  const ids = matches.map(({ id }) => id);
  return {
    ap: bootstrap(groups, (weights) => averagePrecision(ranked, weights)),
    iou: meanOf(ids, matches.map(({ iou }) => iou)), // prettier-ignore
    found: meanOf(ids, matches.map(({ detection }) => (detection ? 1 : 0))), // prettier-ignore
  };
}

const COLUMNS: readonly (readonly [string, (result: PhotoResult) => Estimate | undefined])[] = [
  ["AP@0.5", ({ ap }) => ap],
  ["mean IoU", ({ iou }) => iou],
  ["things found", ({ found }) => found],
  ["T2I-Sim", ({ similarity }) => similarity],
  ["CLIP-IQA", ({ quality }) => quality],
  ["contrast", ({ contrast }) => contrast],
  ["saturation", ({ saturation }) => saturation],
  ["s / picture", ({ seconds }) => seconds],
];

/** A Markdown document; `facts` is a line of what was drawn with what. */
export function photoReport(results: readonly PhotoResult[], facts: string): string {
  const columns = COLUMNS.filter(([, of]) => results.some((result) => of(result)));
  const cell = (estimate: Estimate | undefined) =>
    estimate ? `${estimate.value.toFixed(3)} (${estimate.low.toFixed(3)} to ${estimate.high.toFixed(3)})` : "";
  const rows = [
    ["method", "pictures", ...columns.map(([title]) => title)],
    ["---", "---", ...columns.map(() => "---")],
    ...results.map((result) => [result.name, String(result.pictures), ...columns.map(([, of]) => cell(of(result)))]),
  ];
  return [
    "# Evaluation on photos",
    "",
    facts,
    "",
    "In brackets: 95% bootstrap intervals over scenes.",
    "",
    "- AP@0.5: area under precision by recall of the detector's boxes of the classes that were asked for, by confidence; right are those with an IoU of at least 0.5.",
    "- Things found: share of things that the detector sees anywhere with a confidence of at least 0.25. Mean IoU counts 0 for the others.",
    '- T2I-Sim: cosine between picture and prompt; CLIP-IQA: how much nearer "good photo." is than "bad photo.", 0 to 1.',
    "- Contrast: deviation of luma; saturation: mean of (largest - smallest channel); both from 0 to 1.",
    "",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
  ].join("\n");
}
