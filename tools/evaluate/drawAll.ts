/** Draws what is missing, with several engines at once. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GeneratedImage, LoadRequest, ModelSummary } from "../../src-main/api/engine.ts";
import type { Scene, Seed } from "../../src-main/scene/scene.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { startEngine, type Engine } from "../../src-main/engine/host.ts";
import { metadataTexts } from "../../src-main/image/metadata.ts";
import { encodePng } from "../../src-main/image/png.ts";

/** One picture to draw. */
export interface DrawTask {
  /** Unique for everything that the picture depends on: the name of its file. */
  key: string;
  request: { scene: Scene; seed: Seed };
}

export interface Workers {
  model: ModelSummary;
  /** Draws each and waits for `onDrawn`; resolves early when `signal` is aborted. */
  drawAll<Task extends DrawTask>(
    tasks: readonly Task[],
    signal: AbortSignal,
    onDrawn: (task: Task, image: GeneratedImage) => Promise<void>,
  ): Promise<void>;
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
      drawAll: async (tasks, signal, onDrawn) => {
        const waiting = tasks.values();
        await Promise.all(engines.map((engine) => work(engine, waiting, { folder, signal, onDrawn })));
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

interface Bench<Task> {
  folder: string;
  signal: AbortSignal;
  onDrawn: (task: Task, image: GeneratedImage) => Promise<void>;
}

/** One engine takes task after task. */
async function work<Task extends DrawTask>(
  engine: Engine,
  waiting: Iterator<Task>,
  { folder, signal, onDrawn }: Bench<Task>,
): Promise<void> {
  for (;;) {
    if (signal.aborted) return;
    const next = waiting.next();
    if (next.done) return;
    const image = await draw(engine, next.value, signal);
    if (!image) return;
    await writeWhole(picturePath(folder, next.value.key), encodePng(image.pixels, metadataTexts(image.record)));
    await onDrawn(next.value, image);
  }
}

/** The picture, or undefined when it was cancelled. */
async function draw(
  engine: Engine,
  { key, request }: DrawTask,
  signal: AbortSignal,
): Promise<GeneratedImage | undefined> {
  let image: GeneratedImage | undefined;
  const stopListening = engine.on("image", (drawn: GeneratedImage) => (image = drawn));
  const cancel = () => void engine.api.cancel({ jobId: key }).catch(() => undefined); // a lost engine rejects generate
  signal.addEventListener("abort", cancel);
  try {
    await engine.api.generate({
      jobId: key,
      scene: request.scene,
      seeds: [request.seed],
      previewEvery: 0,
      attention: false,
    });
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
