/**
 * A project with many results, made by the store's own code: runs of 50 seeds over a few dozen prompts, each with its own settings in
 * its own PNG, and a thumbnail; some runs are only scouted, with what their pictures go on from. Made once, kept in the cache folder,
 * and copied for every measurement.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Pixels, RunRecord } from "../../src-main/api/engine.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { metadataTexts } from "../../src-main/image/metadata.ts";
import { encodePng, withTexts } from "../../src-main/image/png.ts";
import { thumbnailOf } from "../../src-main/store/pictures.ts";
import { ProjectFile } from "../../src-main/store/project.ts";

/** Changes when what is made does. */
const VERSION = 3;
const SEEDS_PER_RUN = 50;
export const SIDE = 256;
/** Different pictures: encoding 10,000 would take a quarter of an hour and show nothing new. */
const PICTURES = 240;
const COLOURS = ["red", "green", "blue", "yellow", "orange", "purple"];
const SHAPES = ["circle", "square", "heart", "star", "triangle", "moon"];

/** The step that runs are scouted to. */
const SCOUTED_TO = 24;
/** Bytes of a state: more than most samplers' at 512 x 512 (test/engine/pictureState.test.ts). */
const STATE = 200_000;

/**
 * The path of a project with `count` results in `cache`, of which `scouted`, in whole runs, are only scouted: the newest run, and others
 * at equal distances. `say` hears how far it is.
 */
export function bigProject(cache: string, count: number, scouted: number, say: (line: string) => void): string {
  const file = path.join(cache, `results-${count}-scouted-${scouted}-v${VERSION}.diorama`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${file}.part`;
  rmSync(unfinished, { force: true });
  const pictures = Array.from({ length: Math.min(PICTURES, count) }, (_, number) => {
    const pixels = picture(number);
    return { png: encodePng(pixels), thumbnail: thumbnailOf(pixels) };
  });
  const project = ProjectFile.create(unfinished, { scene: sceneOf(0), seeds: "1-4", model: null, editor: {} });
  const runs = Math.ceil(count / SEEDS_PER_RUN);
  const scouting = Math.ceil(scouted / SEEDS_PER_RUN);
  const isScouted = (run: number) => scouting > 0 && (runs - 1 - run) % Math.max(1, Math.floor(runs / scouting)) === 0;
  for (let run = 0; run < runs; run++) {
    const scene = sceneOf(run);
    const seeds = Math.min(SEEDS_PER_RUN, count - run * SEEDS_PER_RUN);
    const until = isScouted(run) ? SCOUTED_TO : undefined;
    const { id } = project.results.beginRun(scene, "demo", seeds, { until });
    for (let seed = 0; seed < seeds; seed++) {
      const number = run * SEEDS_PER_RUN + seed;
      const foreseen = until === undefined ? {} : { scouted: until };
      const record: RunRecord = { ...recordOf(scene, number), ...foreseen };
      const state = until === undefined ? undefined : stateOf(number);
      const { png, thumbnail } = pictures[number % pictures.length]!;
      const own = withTexts(png, metadataTexts(record));
      const finished = { runId: id, seed: String(number), seconds: 1.5, width: SIDE, height: SIDE, record };
      project.results.keep({ ...finished, png: own, thumbnail, state });
    }
    project.results.endRun(id, "done", null);
    if (run % 20 === 19) say(`  ${(run + 1) * SEEDS_PER_RUN} of ${count} results`);
  }
  project.close();
  renameSync(unfinished, file);
  rmSync(`${unfinished}-journal`, { force: true });
  return file;
}

function sceneOf(run: number): Scene {
  const words = [COLOURS[run % 6]!, SHAPES[Math.floor(run / 6) % 6]!, COLOURS[(run + 2) % 6]!, SHAPES[(run + 3) % 6]!];
  const [one, two] = [`${words[0]!} ${words[1]!}`, `${words[2]!} ${words[3]!}`];
  const prompt = `a ${one} and a ${two} on a white background`;
  const region = (id: string, phrase: string, x: number) => {
    const start = prompt.lastIndexOf(phrase);
    const spans = [{ start, end: start + phrase.length }];
    return { id, box: { x, y: 0.3, width: 0.38, height: 0.4 }, spans, strength: 1 };
  };
  return {
    prompt,
    negativePrompt: "",
    regions: [region("left", one, 0.06), region("right", two, 0.56)],
    settings: { ...DEFAULT_SETTINGS, width: SIDE, height: SIDE },
  };
}

export function recordOf(scene: Scene, number: number): RunRecord {
  return {
    version: 1,
    scene,
    seed: String(number),
    model: { name: "demo", hash: "0".repeat(64) },
    engine: { app: "0.1.0", onnxruntime: "1.30.0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
    tokens: { left: [2, 3], right: [6, 7] },
    obedience: { left: ((number * 37) % 101) / 100, right: ((number * 61) % 101) / 100 },
  };
}

/** Bytes that do not repeat: here a state is no more than room. */
function stateOf(number: number): Uint8Array {
  const words = new Uint32Array(STATE / 4);
  let noise = number + 1;
  for (let i = 0; i < words.length; i++) words[i] = noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
  return new Uint8Array(words.buffer);
}

/** A disc and a square on a ground with a little noise: compresses about as well as a drawn picture. */
function picture(number: number): Pixels {
  const data = new Uint8Array(SIDE * SIDE * 4);
  let noise = number * 2_654_435_761 + 1;
  const [cx, cy, side] = [60 + (number % 40), 100 + (number % 53), 50 + (number % 31)];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
      const grain = noise >>> 29;
      const inDisc = (x - cx) ** 2 + (y - cy) ** 2 < 45 ** 2;
      const inSquare = x > 150 && x < 150 + side && y > 90 && y < 90 + side;
      const at = (y * SIDE + x) * 4;
      data[at] = (inDisc ? 210 : inSquare ? 40 : 200 + (x >> 4)) + grain;
      data[at + 1] = (inDisc ? 30 + (number % 60) : inSquare ? 90 : 205 + (y >> 4)) + grain;
      data[at + 2] = (inDisc ? 40 : inSquare ? 200 - (number % 80) : 210) + grain;
      data[at + 3] = 255;
    }
  }
  return { width: SIDE, height: SIDE, data };
}
