/** Draws and judges what is missing, with several engines at once. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GeneratedImage, LoadRequest, ModelSummary } from "../../src-main/api/engine.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { startEngine, type Engine } from "../../src-main/engine/host.ts";
import { metadataTexts } from "../../src-main/image/metadata.ts";
import { encodePng } from "../../src-main/image/png.ts";
import { measurePicture } from "./features.ts";
import { judge } from "./judge.ts";
import type { IconScene } from "./scene.ts";
import { engineScene, noiseSeed, type Variant } from "./variants.ts";
import { keyOf, type Entry, type VerdictLog } from "./verdictLog.ts";

export interface Job {
  key: string;
  scene: IconScene;
  variant: Variant;
  seed: string;
}

/** Every picture of the run, scene by scene, so that a run that is stopped early has compared the methods fairly. */
export function planJobs(
  scenes: readonly IconScene[],
  variants: readonly Variant[],
  seeds: readonly string[],
  modelHash: string,
): Job[] {
  return scenes.flatMap((scene) =>
    seeds.flatMap((seed) =>
      variants.map((variant) => ({ key: keyOf(scene, variant.settings, seed, modelHash), scene, variant, seed })),
    ),
  );
}

export interface Workers {
  model: ModelSummary;
  /** Draws what is not in the log; resolves early when `signal` is aborted. */
  drawAll(jobs: readonly Job[], log: VerdictLog, signal: AbortSignal, onDone: (entry: Entry) => void): Promise<void>;
  close(): Promise<void>;
}

/** Terminals send Ctrl-C to all processes of a command; the engines leave it to this one. */
const DEAF = "--import=data:text/javascript,process.on('SIGINT',()=>{})";

/** Opens the checkpoint in `workers` engines and draws a picture at a time in each. Pictures go to `folder`. */
export async function openWorkers(request: LoadRequest, workers: number, folder: string): Promise<Workers> {
  await mkdir(folder, { recursive: true });
  const engines: Engine[] = [];
  try {
    for (let n = 0; n < workers; n++) {
      const env = { NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} ${DEAF}`.trim() };
      engines.push(await startEngine({ env, onLine: () => undefined }));
    }
    const models = await Promise.all(engines.map((engine) => engine.api.load(request)));
    return {
      model: models[0]!,
      drawAll: async (jobs, log, signal, onDone) => {
        const waiting = jobs.filter(({ key }) => !log.entries.has(key)).values();
        await Promise.all(engines.map((engine) => work(engine, waiting, { folder, log, signal, onDone })));
      },
      close: async () => {
        await Promise.all(engines.map((engine) => engine.stop()));
      },
    };
  } catch (error) {
    await Promise.all(engines.map((engine) => engine.stop()));
    throw error;
  }
}

interface Bench {
  folder: string;
  log: VerdictLog;
  signal: AbortSignal;
  onDone: (entry: Entry) => void;
}

/** One engine takes job after job. */
async function work(engine: Engine, waiting: Iterator<Job>, { folder, log, signal, onDone }: Bench): Promise<void> {
  for (;;) {
    if (signal.aborted) return;
    const next = waiting.next();
    if (next.done) return;
    const job = next.value;
    const image = await draw(engine, job, signal);
    if (!image) return;
    const { pixels, seconds, record } = image;
    await writeWhole(picturePath(folder, job.key), encodePng(pixels, metadataTexts(record)));
    const { scene, variant, seed, key } = job;
    const size = { width: pixels.width, height: pixels.height };
    const entry: Entry = {
      ...{ key, scene: scene.id, variant: variant.name, seed, seconds, ...size },
      ...judge(pixels),
      ...measurePicture(pixels),
    };
    await log.add(entry);
    onDone(entry);
  }
}

/** The picture, or undefined when it was cancelled. */
async function draw(
  engine: Engine,
  { key, scene, variant, seed }: Job,
  signal: AbortSignal,
): Promise<GeneratedImage | undefined> {
  // prettier-ignore
  let image: GeneratedImage | undefined;
  const stopListening = engine.on("image", (drawn: GeneratedImage) => (image = drawn));
  const cancel = () => void engine.api.cancel({ jobId: key }).catch(() => undefined); // a lost engine rejects generate
  signal.addEventListener("abort", cancel);
  try {
    const request = { scene: engineScene(scene, variant.settings), seeds: [noiseSeed(scene, seed)] };
    await engine.api.generate({ jobId: key, ...request, previewEvery: 0, attention: false });
    return image;
  } catch (error) {
    if (signal.aborted && isAppError(error, "cancelled")) return undefined;
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    stopListening();
  }
}

export function picturePath(folder: string, key: string): string {
  return path.join(folder, `${key}.png`);
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
}
