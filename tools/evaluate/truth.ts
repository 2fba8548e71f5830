/** The judge's own examination: what it says of pictures whose content is known. */
import { drawScene } from "./drawScene.ts";
import { judge } from "./judge.ts";
import { randomScene } from "./layouts.ts";
import { matchThings } from "./matching.ts";
import { isSame } from "./metrics.ts";
import { Random } from "./random.ts";
import { phraseOf, type IconScene } from "./scene.ts";
import { worn, type Wear } from "./wear.ts";

export interface Examination {
  /** Pixels a side. */
  side: number;
  scenes: number;
  seed: number;
  /** Smallest and largest thing, as a share of a side. */
  sizes: readonly [number, number];
  wear?: Wear;
}

/** Recall, precision and mean IoU of `things` things. */
export interface Marks {
  things: number;
  recall: number;
  precision: number;
  iou: number;
}

export interface Result extends Marks {
  byIcon: Record<string, Marks>;
  /** By size: "0.2" are things from 0.2 to 0.3 of a side. Precision is not known by size. */
  bySize: Record<string, Marks>;
  backgrounds: number;
  mistakes: string[];
}

interface Count {
  things: number;
  found: number;
  given: number;
  overlap: number;
}

/** Judges random scenes of 1 to 4 things, a third of those with several slightly overlapping. */
export function examine(
  { side, scenes, seed, sizes, wear }: Examination,
  onScene: (n: number) => void = () => undefined,
): Result {
  // prettier-ignore
  const random = new Random(seed);
  const total: Count = { things: 0, found: 0, given: 0, overlap: 0 };
  const byIcon: Partial<Record<string, Count>> = {};
  const bySize: Partial<Record<string, Count>> = {};
  const mistakes: string[] = [];
  let backgrounds = 0;
  for (let n = 0; n < scenes; n++) {
    const count = 1 + (n % 4);
    const mustMeet = count > 1 && n % 3 === 0;
    const largest = Math.min(sizes[1], [0.75, 0.55, 0.45, 0.4][count - 1]!);
    const bounds = { count, sizes: [sizes[0], largest] as const, aspect: 1.6, overlap: mustMeet ? 0.06 : 0, mustMeet };
    const scene = randomScene(random, String(n), bounds);
    const drawn = drawScene(scene, side, side);
    const verdict = judge(wear ? worn(drawn, wear, random) : drawn);
    const matches = matchThings(scene.things, verdict.detections, isSame);
    backgrounds += verdict.background === scene.background ? 1 : 0;
    for (const { thing, detection, iou } of matches) {
      const size = Math.floor(10 * Math.sqrt(thing.box.width * thing.box.height)) / 10;
      for (const count of [total, (byIcon[thing.icon] ??= empty()), (bySize[size] ??= empty())]) {
        count.things++;
        if (!detection) continue;
        count.found++;
        count.overlap += iou;
      }
    }
    for (const { icon } of verdict.detections) {
      total.given++;
      (byIcon[icon] ??= empty()).given++;
    }
    const isRight = matches.every(({ iou }) => iou > 0.8) && verdict.detections.length === matches.length;
    if (!isRight) mistakes.push(describe(scene, verdict.detections.map((d) => `${phraseOf(d)} ${d.confidence.toFixed(2)}`))); // prettier-ignore
    onScene(n);
  }
  const marks = (counts: Partial<Record<string, Count>>) =>
    Object.fromEntries(
      Object.entries(counts)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([key, count]) => [key, toMarks(count!)]),
    );
  return {
    ...toMarks(total),
    byIcon: marks(byIcon),
    bySize: marks(bySize),
    backgrounds: backgrounds / scenes,
    mistakes,
  };
}

function empty(): Count {
  return { things: 0, found: 0, given: 0, overlap: 0 };
}

function toMarks({ things, found, given, overlap }: Count): Marks {
  return { things, recall: found / things, precision: found / given, iou: overlap / found };
}

function describe({ id, background, things }: IconScene, found: readonly string[]): string {
  const asked = things.map((thing) => `${phraseOf(thing)} ${Math.sqrt(thing.box.width * thing.box.height).toFixed(2)}`);
  return `scene ${id}, ${background}: ${asked.join(", ")} -> ${found.join(", ") || "nothing"}`;
}
