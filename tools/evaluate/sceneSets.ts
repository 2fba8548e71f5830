/**
 * Sets of scenes beside the 200 fixed ones, each for one question: how many things, how much boxes overlap, what size the picture has, what
 * shape a region has. Made from a seed, the same at every call. Groups come in turn, so that the first N scenes have all of them.
 */
import type { RegionShape } from "../../src-main/scene/shapes.ts";
import { randomBoxes, randomScene, type LayoutBounds } from "./layouts.ts";
import { Random } from "./random.ts";
import { iou, type IconScene } from "./scene.ts";

/** None of these is a seed that settings were tuned on. */
const SEEDS = { things: 20260201, overlap: 20260202, sizes: 20260203, shapes: 20260204 } as const;

export type SceneSet = keyof typeof SEEDS;
export const SCENE_SETS = Object.keys(SEEDS) as SceneSet[];

const idOf = (n: number) => String(n + 1).padStart(3, "0");

/** Smaller the more things there are; the demo model has seen four at most, and six fill its 30 tokens. */
const SIZES_BY_COUNT = [[0.36, 0.76], [0.29, 0.53], [0.26, 0.44], [0.24, 0.38], [0.21, 0.33], [0.19, 0.3]] as const; // prettier-ignore

/** 20 scenes each of one to six things. */
function things(random: Random): IconScene[] {
  return Array.from({ length: 120 }, (_, n) => {
    const count = 1 + (n % SIZES_BY_COUNT.length);
    const bounds = { count, sizes: SIZES_BY_COUNT[count - 1]!, aspect: 1.3, overlap: 0 };
    return { ...randomScene(random, idOf(n), bounds), group: count === 1 ? "1 thing" : `${count} things` };
  });
}

const OVERLAPS = [
  ["apart", 0, 0],
  ["IoU to 0.1", 0.01, 0.1],
  ["IoU 0.1 to 0.2", 0.1, 0.2],
  ["IoU 0.2 to 0.35", 0.2, 0.35],
] as const;

/** 25 scenes of two things for each range of overlap. */
function overlap(random: Random): IconScene[] {
  return Array.from({ length: 100 }, (_, n) => {
    const [group, least, most] = OVERLAPS[n % OVERLAPS.length]!;
    const bounds: LayoutBounds = { count: 2, sizes: [0.32, 0.53], aspect: 1.3, overlap: most, mustMeet: most > 0 };
    for (;;) {
      const scene = randomScene(random, idOf(n), bounds);
      const [a, b] = scene.things;
      if (iou(a!.box, b!.box) >= least) return { ...scene, group };
    }
  });
}

/** The network halves its grid twice, a cell of which is 16 pixels: sides are multiples of 64. */
const PICTURES = [[128, 128], [192, 192], [256, 256], [320, 320], [384, 384], [256, 128], [128, 256], [384, 192], [192, 384], [320, 192]] as const; // prettier-ignore

/** 10 scenes of one to three things for each size of picture; things keep their proportions in pixels. */
function sizes(random: Random): IconScene[] {
  return Array.from({ length: 100 }, (_, n) => {
    const [width, height] = PICTURES[n % PICTURES.length]!;
    const count = 1 + (Math.floor(n / PICTURES.length) % 3);
    const group = `${width} x ${height}`;
    for (;;) {
      const scene = randomScene(random, idOf(n), { count, sizes: [0.26, 0.45], aspect: 1.2, overlap: 0 });
      const things = inPicture(random, scene, width / height);
      if (things) return { ...scene, things, size: { width, height }, group };
    }
  });
}

/** The same things with boxes that are as wide as high in pixels as before, in free places; undefined where they find none. */
function inPicture(random: Random, scene: IconScene, aspect: number): IconScene["things"] | undefined {
  if (aspect === 1) return scene.things;
  const placed: IconScene["things"][number][] = [];
  for (const thing of scene.things) {
    const [width, height] = [thing.box.width / Math.sqrt(aspect), thing.box.height * Math.sqrt(aspect)];
    if (Math.max(width, height) > 0.96) return undefined;
    const box = {
      ...{ x: random.uniform(0.02, 0.98 - width), y: random.uniform(0.02, 0.98 - height) },
      ...{ width, height },
    };
    if (placed.some((other) => iou(other.box, box) > 0)) return undefined;
    placed.push({ ...thing, box });
  }
  return placed;
}

/** Corners in the box: triangles, a diamond, parallelograms and an L. */
const POLYGONS: readonly (readonly (readonly [number, number])[])[] = [
  [[0.5, 0], [1, 1], [0, 1]],
  [[0, 0], [1, 0], [0.5, 1]],
  [[0, 0], [1, 1], [0, 1]],
  [[0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]],
  [[0, 0], [0.6, 0], [1, 1], [0.4, 1]],
  [[0.4, 0], [1, 0], [0.6, 1], [0, 1]],
  [[0, 0], [0.5, 0], [0.5, 0.5], [1, 0.5], [1, 1], [0, 1]],
]; // prettier-ignore

/** 50 scenes of ellipses and 50 of polygons, one or two things each; each also with the boxes alone, judged by the shapes all the same. */
function shapes(random: Random): IconScene[] {
  return Array.from({ length: 100 }, (_, n) => {
    const kind = n % 2 === 0 ? "ellipse" : "polygon";
    const count = 1 + (Math.floor(n / 2) % 2);
    const aspect = kind === "ellipse" ? 2.5 : 1.5;
    const boxes = randomBoxes(random, { count, sizes: [0.35, 0.5], aspect, overlap: 0 });
    const scene = randomScene(random, idOf(n), { count, sizes: [0.35, 0.5], aspect, overlap: 0 });
    const things = scene.things.map((thing, i) => {
      const points = random.pick(POLYGONS).map(([x, y]) => ({ x, y }));
      const shape: RegionShape = kind === "ellipse" ? { kind } : { kind, points };
      return { ...thing, box: boxes[i]!, shape };
    });
    const shaped: IconScene = { ...scene, things, group: `${kind}s` };
    return [shaped, { ...shaped, id: `${shaped.id}b`, asBoxes: true, group: `${kind}s, as their boxes` }];
  }).flat();
}

/** The scenes of a set; of another seed other scenes of the same kind. */
export function scenesOf(set: SceneSet, seed: number = SEEDS[set]): IconScene[] {
  return { things, overlap, sizes, shapes }[set](new Random(seed));
}
