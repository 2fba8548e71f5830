/** `npm run evaluate -- --set photos`: draws 200 layouts of COCO's things with any checkpoint, and measures the pictures by CLIP and a detector. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GeneratedImage, Pixels } from "../../../src-main/api/engine.ts";
import { decodePng } from "../../../src-main/image/png.ts";
import type { SceneSettings } from "../../../src-main/scene/scene.ts";
import { formatSeeds } from "../../../src-main/scene/seeds.ts";
import { clipScores, type ClipScore } from "../clipScores.ts";
import { picturePath, type DrawTask, type Workers } from "../drawAll.ts";
import { contrastOf } from "../features.ts";
import { KeyedLog } from "../keyedLog.ts";
import type { EvaluateOptions } from "../options.ts";
import { engineScene, methodVariant, noiseSeed, type Variant } from "../variants.ts";
import { effectiveSettings } from "../verdictLog.ts";
import { Detector, type PhotoDetection } from "./detector.ts";
import { makePhotoScenes, PHOTO_SCENES_FILE, type PhotoScene } from "./makeScenes.ts";
import { photoReport, photoResult, type Photo } from "./results.ts";

interface PhotoJob extends DrawTask {
  photo: PhotoScene;
  variant: Variant;
}

/** One line of the log. */
interface Drawn {
  key: string;
  seconds: number;
  contrast: number;
  saturation: number;
}

interface Detected {
  /** The picture's key and the detector's hash. */
  key: string;
  detections: PhotoDetection[];
}

const isDrawn = (value: unknown): value is Drawn => typeof (value as Drawn | null)?.seconds === "number";
const isDetected = (value: unknown): value is Detected => Array.isArray((value as Detected | null)?.detections);

export interface PhotoRun {
  workers: Workers;
  modelHash: string;
  settings: SceneSettings;
  /** Where the pictures are. */
  folder: string;
  signal: AbortSignal;
  tell: (line: string) => void;
}

/** Draws what is missing and writes photos.md and photos.json; the report is also returned. */
export async function evaluatePhotos(options: EvaluateOptions, run: PhotoRun): Promise<string> {
  const { workers, settings, signal, tell, folder } = run;
  const fixed = async () => JSON.parse(await readFile(PHOTO_SCENES_FILE, "utf8")) as PhotoScene[];
  const all = options.sceneSeed === undefined ? await fixed() : makePhotoScenes(options.sceneSeed);
  const variants = options.methods.map((method) => methodVariant(method, settings, options.strongEta));
  const jobs = plan(all.slice(0, options.scenes), variants, options.seeds, run.modelHash);
  const log = await KeyedLog.open(path.join(options.out, "photos.jsonl"), "record of a picture", isDrawn);
  try {
    const missing = options.reportOnly ? [] : jobs.filter(({ key }) => !log.entries.has(key));
    if (!options.reportOnly) tell(`${missing.length} pictures to draw, ${jobs.length - missing.length} are there`);
    let done = 0;
    await workers.drawAll(missing, signal, async (job, image) => {
      await log.add(recordOf(job, image));
      tell(`${++done}/${missing.length}  scene ${job.photo.id} ${job.variant.name} ${image.seconds.toFixed(1)} s`);
    });
  } finally {
    await log.close();
  }
  const drawn = jobs.filter(({ key }) => log.entries.has(key));
  const clip = options.clip === undefined ? undefined : await clipScores(options.clip, drawn, { out: options.out, folder, signal }); // prettier-ignore
  const detections = options.detector === undefined ? undefined : await detect(options.detector, options.labels, drawn, { out: options.out, folder, signal }); // prettier-ignore
  const results = variants.flatMap(({ name }) => {
    const photos = drawn
      .filter(({ variant }) => variant.name === name)
      .map(({ key, photo }) => photoOf(photo, log.entries.get(key)!, clip?.get(key), detections?.get(key)));
    return photos.length > 0 ? [photoResult(name, photos)] : [];
  });
  const left = jobs.length - drawn.length;
  const facts =
    `${workers.model.name}, ${settings.width} x ${settings.height} pixels, ${settings.steps} steps, guidance scale ${settings.guidanceScale}; ` +
    `${options.scenes} scenes, seeds ${formatSeeds(options.seeds)}.${left > 0 ? ` **${left} pictures are missing: the run was not finished.**` : ""}`;
  const text = photoReport(results, facts);
  await writeFile(path.join(options.out, "photos.md"), text);
  await writeFile(path.join(options.out, "photos.json"), `${JSON.stringify({ facts, results }, null, 1)}\n`);
  return text;
}

function plan(
  scenes: readonly PhotoScene[],
  variants: readonly Variant[],
  seeds: readonly string[],
  modelHash: string,
): PhotoJob[] {
  return scenes.flatMap((photo) =>
    seeds.flatMap((seed) =>
      variants.map((variant) => {
        const text = JSON.stringify(["photo", photo, effectiveSettings(variant.settings), seed, modelHash]);
        const layout = { prompt: photo.prompt, things: photo.things.map(({ label, box }) => ({ phrase: label, box })) };
        return {
          key: createHash("sha256").update(text).digest("hex").slice(0, 20),
          ...{ photo, variant },
          request: { scene: engineScene(layout, variant.settings), seed: noiseSeed(photo.id, seed) },
        };
      }),
    ),
  );
}

function recordOf({ key }: PhotoJob, { pixels, seconds }: GeneratedImage): Drawn {
  return { key, seconds, ...contrastOf(pixels) };
}

function photoOf(scene: PhotoScene, drawn: Drawn, clip?: ClipScore, detections?: PhotoDetection[]): Photo {
  const { seconds, contrast, saturation } = drawn;
  return {
    ...{ scene, seconds, contrast, saturation },
    ...(clip ? { clip } : {}),
    ...(detections ? { detections } : {}),
  };
}

/** What the detector finds in each picture, by key; kept in detections.jsonl for the next run. */
async function detect(
  file: string,
  labels: string | undefined,
  tasks: readonly DrawTask[],
  { out, folder, signal }: { out: string; folder: string; signal: AbortSignal },
): Promise<Map<string, PhotoDetection[]>> {
  const detector = await Detector.open(file, labels);
  const log = await KeyedLog.open(path.join(out, "detections.jsonl"), "list of detections", isDetected);
  const hash = createHash("sha256").update(await readFile(file)).update(detector.labels.join("\n")).digest("hex").slice(0, 16); // prettier-ignore
  const found = new Map<string, PhotoDetection[]>();
  try {
    for (const { key } of tasks) {
      if (signal.aborted) break;
      const name = `${key} ${hash}`;
      if (!log.entries.has(name))
        await log.add({ key: name, detections: await detector.detect(await pixelsOf(folder, key)) });
      found.set(key, log.entries.get(name)!.detections);
    }
  } finally {
    await log.close();
    await detector.close();
  }
  return found;
}

async function pixelsOf(folder: string, key: string): Promise<Pixels> {
  return decodePng(await readFile(picturePath(folder, key))).pixels;
}
