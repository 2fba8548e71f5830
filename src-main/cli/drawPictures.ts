/** Draws the prompts of a scene with its seeds, saves each picture as it comes, and the sheet of them at last. */
import { readFileSync } from "node:fs";
import { basename, relative } from "node:path";
import type { Alternative } from "../scene/alternatives.ts";
import type { GeneratedImage, RunRecord } from "../api/engine.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { isAppError } from "../wire/errors.ts";
import { Turns } from "../wire/turns.ts";
import { metadataTexts } from "../image/metadata.ts";
import { decodePng, encodePng, withTexts } from "../image/png.ts";
import type { SheetPicture } from "../image/sheetPlan.ts";
import { sheetTexts } from "../image/sheetRecords.ts";
import { captionLines, sharedSettings, sheetBoxes } from "../image/sheetText.ts";
import { type Drawing, type DrawingEngine, JOB } from "./drawing.ts";
import { fileStem } from "./pictureFolder.ts";
import { chosenBy, type Scouted, scoutedOf, stepOf } from "./scouting.ts";
import { drawLeft } from "./drawLeft.ts";
import { pixelHash } from "../image/pixelHash.ts";
import { enlargedScene } from "../scene/start.ts";

export async function generate(
  engine: DrawingEngine,
  alternatives: readonly Alternative[],
  seeds: Seed[],
  { options, folder, progress, cwd, unfinished, started: { picture, enlarge } }: Drawing,
): Promise<void> {
  const name = fileStem(basename(options.scenePath).replace(/\.json$/i, ""));
  const [{ scene }] = alternatives as [Alternative];
  const { method } = scene.settings.guidance;
  const finished: { file: string; obedience: Record<string, number> }[] = [];
  const onSheet: { path: string; record: RunRecord }[] = [];
  const toEnlarge: { path: string; seed: Seed; alternative: Alternative }[] = [];

  const save = async (image: GeneratedImage, alternative: Alternative) => {
    const { words } = alternative;
    if (words !== undefined) image.record = { ...image.record, alternative: words };
    const png = encodePng(image.pixels, metadataTexts(image.record));
    const chosen = words === undefined ? "" : `-${fileStem(words)}`;
    const larger = phase === "enlarging" ? `-x${enlarge!.factor}` : "";
    const path = await folder.save(`${name}${chosen}-seed${image.seed}-${method}${larger}`, png);
    if (enlarge && phase === "drawing") toEnlarge.push({ path, seed: image.seed, alternative });
    const file = shortPath(cwd, path);
    const { obedience } = image.record;
    finished.push({ file, obedience });
    if (options.sheet) onSheet.push({ path, record: image.record });
    unfinished?.done({ scene: alternative.scene, seed: image.seed }, path);
    progress.image(image, file);
  };
  /** Pictures are saved one after another while the next is drawn; one that cannot be saved ends the run. */
  const saving = new Turns();
  const saved: { failed: boolean; why?: unknown } = { failed: false };
  const saveNext = (image: GeneratedImage, alternative: Alternative) => {
    const inTurn = saving.take(() => {
      if (saved.failed) throw saved.why as Error;
      return save(image, alternative);
    });
    inTurn.catch((error: unknown) => {
      if (saved.failed) return;
      Object.assign(saved, { failed: true, why: error });
      engine.api.cancel({ jobId: JOB }).catch(() => undefined);
    });
    return inTurn;
  };
  let done = 0; // alternatives
  let phase: "drawing" | "enlarging" = "drawing";
  const start = picture ? { start: picture } : {};
  const scouted: Scouted[] = [];
  const place = <Event extends { seed: Seed }>(event: Event) => ({
    ...event,
    index: (done + (phase === "enlarging" ? alternatives.length : 0)) * seeds.length + seeds.indexOf(event.seed),
  });
  const unlisten = [
    engine.on("step", (event) => {
      const { elapsed, pictureSecondsLeft, queueSecondsLeft: own } = event;
      const after = (alternatives.length - done - 1) * seeds.length;
      const isKnown = own !== undefined && pictureSecondsLeft !== undefined;
      const queueSecondsLeft = isKnown ? own + after * (elapsed + pictureSecondsLeft) : undefined;
      progress.step({ ...place(event), queueSecondsLeft });
    }),
    engine.on("image", (image) => {
      if (!image.state) return saveNext(place(image), alternatives[done]!);
      scouted.push(...scoutedOf(image, alternatives[done]!));
      return undefined;
    }),
  ];
  const isLeft = (scene: Scene, seed: Seed) => !unfinished?.isDone({ scene, seed });
  const before = alternatives.flatMap(({ scene }) =>
    seeds.flatMap((seed) => unfinished?.savedBefore({ scene, seed }) ?? []),
  );
  if (options.sheet) onSheet.push(...before);
  let requested = alternatives.reduce((sum, { scene }) => sum + seeds.filter((seed) => isLeft(scene, seed)).length, 0);
  let failure: unknown;
  try {
    for (; done < alternatives.length && !saved.failed; done++) {
      const { scene } = alternatives[done]!;
      const until = options.scout ? { until: stepOf(options.scout, scene) } : {};
      try {
        await drawLeft(engine, { scene, seeds, ...until, ...start }, { unfinished, progress });
      } catch (error) {
        if (!isAppError(error, "pool-failed")) throw error;
        failure ??= error; // the others are being drawn meanwhile
      }
    }
    const chosen = options.scout ? chosenBy(options.scout.finish, scouted) : [];
    requested = options.scout ? chosen.length : requested;
    for (const { alternative, seed, state } of chosen) {
      if (saved.failed) break;
      done = alternatives.indexOf(alternative);
      const { scene } = alternative;
      const from = { from: [state], ...start };
      await engine.api.generate({ jobId: JOB, scene, seeds: [seed], previewEvery: 0, attention: false, ...from });
    }
    if (enlarge) {
      await saving.idle(); // each is read again from its file: all together may not fit into memory
      requested += toEnlarge.length;
      phase = "enlarging";
      for (const { path, seed, alternative } of toEnlarge) {
        if (saved.failed) break;
        done = alternatives.indexOf(alternative);
        const { pixels } = decodePng(readFileSync(path));
        const larger = enlargedScene(
          alternative.scene,
          { ...pixels, hash: pixelHash(pixels) },
          enlarge.factor,
          enlarge.how,
        );
        const how = { previewEvery: 0, attention: false, start: pixels };
        await engine.api.generate({ jobId: JOB, scene: larger, seeds: [seed], ...how });
      }
      await saving.idle();
    }
  } catch (error) {
    failure ??= error;
  }
  for (const stop of unlisten) stop();
  await saving.idle();
  if (saved.failed) throw saved.why as Error; // the cause, and the cancelled job only what came of it
  if (onSheet.length > 0) {
    const { sheetPngs } = await import("../image/contactSheet.ts"); // large: only those wait for it who want a sheet
    const records = onSheet.map(({ record }) => record);
    const look = { title: scene.prompt, footer: sharedSettings(records), boxes: true, words: "above" } as const;
    for (const page of sheetPngs(onSheet.map(sheetPicture), look)) {
      const sheet = withTexts(page.png, sheetTexts(page.pictures.map((n) => records[n]!)));
      progress.sheet(shortPath(cwd, await folder.save(`${name}-${method}-sheet`, sheet)));
    }
  }
  if (failure === undefined) unfinished?.end();
  const obedience = meanObedience(finished.map((picture) => picture.obedience));
  progress.done({
    finished: finished.length,
    requested,
    files: finished.map(({ file }) => file),
    obedience,
  });
  if (failure !== undefined) throw failure as Error;
}

/** A path as people like to read it: from where they are, unless it lies elsewhere. */
export function shortPath(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") ? path : short;
}

/** A picture for the sheet, read from its file again when it is drawn: a queue of thousands does not fit in memory. */
function sheetPicture({ path, record }: { path: string; record: RunRecord }): SheetPicture {
  const { width, height } = record.scene.settings;
  const caption = captionLines(record, ["seed", "score", "words"], basename(path));
  const pixels = () => decodePng(readFileSync(path)).pixels;
  return { width, height, pixels, caption, boxes: sheetBoxes(record.scene) };
}

export function meanObedience(all: readonly Record<string, number>[]): Record<string, number> {
  // Not every alternative of a prompt has every box.
  const ids = new Set(all.flatMap((one) => Object.keys(one)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Object.fromEntries([...ids].map((id) => [id, mean(all.flatMap((one) => one[id] ?? []))]));
}
