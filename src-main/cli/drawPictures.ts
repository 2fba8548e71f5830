/** Draws the prompts of a scene with its seeds, saves each picture as it comes, and the sheet of them at last. */
import { basename, relative } from "node:path";
import type { Alternative } from "../api/alternatives.ts";
import type { GeneratedImage } from "../api/engine.ts";
import type { Seed } from "../api/scene.ts";
import type { Engine } from "../engine/host.ts";
import { contactSheet, type SheetPicture } from "../image/contactSheet.ts";
import { metadataTexts } from "../image/metadata.ts";
import { encodePng } from "../image/png.ts";
import { resize, thumbnailSize } from "../image/resize.ts";
import { fileStem, type PictureFolder } from "./pictureFolder.ts";
import { boxPhrases, type Progress } from "./progress.ts";
import type { RenderOptions } from "./renderOptions.ts";

/** What `render` uses of an engine; a test hands in a small one. */
export type RenderEngine = Pick<Engine, "on" | "kill" | "stop"> & {
  api: Pick<Engine["api"], "load" | "check" | "generate" | "cancel">;
};

/** The id of the one job of a command. */
export const JOB = "render";
/** Pictures on a sheet; more are still drawn, each to its own file. */
const MOST_ON_SHEET = 100;
const SHEET_CELL = 320;

export async function generate(
  engine: RenderEngine,
  alternatives: readonly Alternative[],
  seeds: Seed[],
  {
    options,
    folder,
    progress,
    cwd,
  }: { options: RenderOptions; folder: PictureFolder; progress: Progress; cwd: string },
): Promise<void> {
  const name = fileStem(basename(options.scenePath).replace(/\.json$/i, ""));
  const [{ scene }] = alternatives as [Alternative];
  const { method } = scene.settings.guidance;
  const finished: { file: string; obedience: Record<string, number> }[] = [];
  const onSheet: SheetPicture[] = [];

  const save = async (image: GeneratedImage, { words }: Alternative) => {
    if (words !== undefined) image.record = { ...image.record, alternative: words };
    const png = encodePng(image.pixels, metadataTexts(image.record));
    const chosen = words === undefined ? "" : `-${fileStem(words)}`;
    const file = shortPath(cwd, await folder.save(`${name}${chosen}-seed${image.seed}-${method}`, png));
    const { obedience } = image.record;
    finished.push({ file, obedience });
    if (options.sheet && onSheet.length < MOST_ON_SHEET) onSheet.push(sheetPicture(image));
    progress.image(image, file);
  };
  /** Pictures are saved one after another while the next is drawn; one that cannot be saved ends the run. */
  let saving = Promise.resolve();
  const saved = { failed: false };
  const saveNext = (image: GeneratedImage, alternative: Alternative) => {
    saving = saving.then(() => save(image, alternative));
    saving.catch(() => {
      saved.failed = true;
      engine.api.cancel({ jobId: JOB }).catch(() => undefined);
    });
  };
  let done = 0; // alternatives
  const place = <Event extends { index: number }>(event: Event) => ({
    ...event,
    index: done * seeds.length + event.index,
  });
  const unlisten = [
    engine.on("step", (event) => {
      const { elapsed, pictureSecondsLeft, queueSecondsLeft: own } = event;
      const after = (alternatives.length - done - 1) * seeds.length;
      const isKnown = own !== undefined && pictureSecondsLeft !== undefined;
      const queueSecondsLeft = isKnown ? own + after * (elapsed + pictureSecondsLeft) : undefined;
      progress.step({ ...place(event), queueSecondsLeft });
    }),
    engine.on("image", (image) => saveNext(place(image), alternatives[done]!)),
  ];
  let failure: unknown;
  try {
    for (; done < alternatives.length && !saved.failed; done++) {
      const { scene } = alternatives[done]!;
      await engine.api.generate({ jobId: JOB, scene, seeds, previewEvery: 0, attention: false });
    }
  } catch (error) {
    failure = error;
  }
  for (const stop of unlisten) stop();
  await saving; // its error is the cause, and the cancelled job only what came of it
  if (onSheet.length > 0) {
    const title = `${method}: ${scene.prompt.replace(/\s+/g, " ")}`;
    const sheet = encodePng(contactSheet(onSheet, { title, cell: SHEET_CELL }));
    progress.sheet(shortPath(cwd, await folder.save(`${name}-${method}-sheet`, sheet)));
  }
  const obedience = meanObedience(finished.map((picture) => picture.obedience));
  progress.done({
    finished: finished.length,
    requested: seeds.length * alternatives.length,
    files: finished.map(({ file }) => file),
    obedience,
  });
  if (failure !== undefined) throw failure as Error;
}

/** A path as people like to read it: from where they are, unless it lies elsewhere. */
function shortPath(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") ? path : short;
}

/** A picture for the sheet, no larger than it is shown there: a queue of thousands must fit in memory. */
function sheetPicture({ pixels, seed, record }: GeneratedImage): SheetPicture {
  const { scene, obedience, alternative } = record;
  const isLarge = Math.max(pixels.width, pixels.height) > SHEET_CELL;
  const { width, height } = thumbnailSize(pixels.width, pixels.height, SHEET_CELL);
  const percents = scene.regions.map(({ id }) => `${Math.round((obedience[id] ?? 0) * 100)}%`);
  const phrases = boxPhrases(scene); // without names: the place tells boxes of the same phrase apart
  return {
    pixels: isLarge ? resize(pixels, width, height) : pixels,
    label: [alternative ?? "", `seed ${seed}`, ...percents].join(" ").trim(),
    boxes: scene.regions.map(({ box }, i) => ({ box, label: phrases[i]! })),
  };
}

function meanObedience(all: readonly Record<string, number>[]): Record<string, number> {
  // Not every alternative of a prompt has every box.
  const ids = new Set(all.flatMap((one) => Object.keys(one)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Object.fromEntries([...ids].map((id) => [id, mean(all.flatMap((one) => one[id] ?? []))]));
}
