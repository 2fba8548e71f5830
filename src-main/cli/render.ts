/**
 * `npm run render`: a scene file to pictures, without a window. Drives the same engine process as the app does.
 */
import { readFile, stat } from "node:fs/promises";
import { basename, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Alternative, countPictures, expandScene } from "../api/alternatives.ts";
import { DEFAULT_SETTINGS } from "../api/defaults.ts";
import type { GeneratedImage, LoadRequest, ModelSummary, SceneWarning } from "../api/engine.ts";
import { AppError, isAppError } from "../api/errors.ts";
import { whyIgnored } from "../api/promptMarkup.ts";
import type { ProviderName, SceneSettings, Seed } from "../api/scene.ts";
import { parseSceneText, type SceneFile } from "../api/sceneParser.ts";
import { startEngine, type Engine, type EngineOptions } from "../engine/host.ts";
import { contactSheet, type SheetPicture } from "../image/contactSheet.ts";
import { metadataTexts } from "../image/metadata.ts";
import { encodePng } from "../image/png.ts";
import { resize, thumbnailSize } from "../image/resize.ts";
import { fileStem, PictureFolder } from "./pictureFolder.ts";
import { boxLabels, boxPhrases, makeProgress, type Progress } from "./progress.ts";
import { HELP, readRenderOptions, type RenderOptions } from "./renderOptions.ts";
import { appVersion, describeError, EXIT, runCommand, type ExitCode, type Terminal } from "./terminal.ts";

/** What `render` uses of an engine; a test hands in a small one. */
export type RenderEngine = Pick<Engine, "on" | "kill" | "stop"> & {
  api: Pick<Engine["api"], "load" | "check" | "generate" | "cancel">;
};
export type StartEngine = (options: EngineOptions) => Promise<RenderEngine>;

export const DEMO_FOLDER = fileURLToPath(new URL("../../resources/models/demo", import.meta.url));
const JOB = "render";
/** A scene file is a few kilobytes; this keeps a mistaken argument (a checkpoint, a film) out of memory. */
const LARGEST_SCENE_FILE = 4 * 2 ** 20;
/** Pictures on a sheet; more are still drawn, each to its own file. */
const MOST_ON_SHEET = 100;
const SHEET_CELL = 320;

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function render(
  argv: readonly string[],
  terminal: Terminal,
  start: StartEngine = startEngine,
): Promise<ExitCode> {
  let progress: Progress | undefined;
  const run = { phase: "usage" as Phase, isInterrupted: false };
  try {
    const options = readRenderOptions(argv);
    if (options === "help") terminal.stdout.write(HELP);
    if (options === "version") terminal.stdout.write(`${appVersion()}\n`);
    if (options === "help" || options === "version") return EXIT.ok;
    const file = await readScene(options, terminal, DEFAULT_SETTINGS);
    const seeds = options.seeds ?? file.seeds ?? ["1"];
    const kind = options.json ? "json" : options.quiet ? "quiet" : terminal.stderr.isTTY ? "bar" : "lines";
    const pictures = countPictures(expandScene(file.scene).length, seeds.length);
    progress = makeProgress(kind, terminal, boxLabels(file.scene), pictures);
    await draw(options, seeds, progress, terminal, start, run);
    return run.isInterrupted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    const exitCode = exitCodeFor(error, run);
    const code = isAppError(error) ? error.code : "internal";
    const message = exitCode === EXIT.interrupted ? "Interrupted." : describeError(error, terminal.env);
    if (progress) progress.failed({ code, message, exitCode });
    else terminal.stderr.write(`${message}\n`);
    return exitCode;
  }
}

/** What was being done when an error came: the same missing file means another thing in each. */
type Phase = "usage" | "loading" | "drawing";
interface Run {
  phase: Phase;
  isInterrupted: boolean;
}

function exitCodeFor(error: unknown, run: Run): ExitCode {
  if (run.isInterrupted) return EXIT.interrupted;
  if (isAppError(error, "provider-unavailable")) return EXIT.provider;
  if (isAppError(error, "bad-request") || isAppError(error, "scene-invalid")) return EXIT.usage;
  if (run.phase === "usage" && isAppError(error, "file-unreadable")) return EXIT.usage;
  if (isAppError(error, "checkpoint-invalid")) return EXIT.checkpoint;
  if (run.phase === "loading" && isAppError(error, "file-unreadable")) return EXIT.checkpoint;
  return EXIT.failed;
}

/** The scene of the file under `defaults`, with the options applied. */
async function readScene(options: RenderOptions, { cwd }: Terminal, defaults: SceneSettings): Promise<SceneFile> {
  const path = options.scenePath;
  let bytes: Buffer;
  try {
    const { size } = await regularFile(resolve(cwd, path));
    if (size > LARGEST_SCENE_FILE) throw new Error(`it has ${size} bytes, which no scene has`);
    bytes = await readFile(resolve(cwd, path));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new AppError("file-unreadable", `cannot read the scene ${path}: ${why}`, { path }, { cause: error });
  }
  try {
    const file = parseSceneText(bytes.toString("utf8"), defaults, options.changes);
    expandScene(file.scene); // what is wrong with its alternatives is wrong with the file
    return file;
  } catch (error) {
    if (!isAppError(error, "scene-invalid")) throw error;
    throw new AppError("scene-invalid", `The scene ${path} is wrong:\n${indent(error.message)}`, error.details, {
      cause: error,
    });
  }
}

/** A pipe would be waited for until somebody writes to it, a device may have no end. */
async function regularFile(path: string): Promise<{ size: number }> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error("it is a folder, a pipe or a device, not a file");
  return status;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}

/** Opens the checkpoint, draws one picture per seed and saves each as it comes. */
async function draw(
  options: RenderOptions,
  seeds: Seed[],
  progress: Progress,
  terminal: Terminal,
  start: StartEngine,
  run: Run,
): Promise<void> {
  const folder = new PictureFolder(resolve(terminal.cwd, options.out), { force: options.force });
  run.phase = "drawing";
  await folder.prepare();
  const isDebug = terminal.env["DIORAMA_DEBUG"] === "1";
  const engine = await start({
    env: { NODE_OPTIONS: deafToInterrupts(terminal.env["NODE_OPTIONS"]) },
    onLine: (line) => (isDebug ? void terminal.stderr.write(`${line}\n`) : undefined),
  });
  const stopListening = terminal.onInterrupt(() => {
    if (run.isInterrupted) {
      folder.removeUnfinished();
      engine.kill();
      terminal.exitNow(EXIT.interrupted);
      return;
    }
    run.isInterrupted = true;
    if (run.phase === "loading") {
      engine.kill();
      return;
    }
    progress.note("Stopping after this step; press Ctrl-C again to stop at once.");
    // Where the engine cannot take the request its call to generate fails too, and says why.
    engine.api.cancel({ jobId: JOB }).catch(() => undefined);
  });
  try {
    engine.on("loading", ({ fraction, message }) => progress.loading(fraction, message));
    engine.on("log", ({ level, message }) => {
      if (level === "warn") progress.warning(message);
    });
    run.phase = "loading";
    const model = await load(engine, options, terminal);
    progress.model(model);
    run.phase = "drawing";
    // Again, with this checkpoint's own defaults for what the file leaves open.
    const { scene } = await readScene(options, terminal, model.defaults);
    const alternatives = expandScene(scene);
    const warnings = new Set<string>();
    for (const one of alternatives) {
      const check = await engine.api.check(one.scene);
      for (const warning of check.warnings) warnings.add(describeWarning(warning, boxLabels(one.scene)));
    }
    for (const warning of warnings) progress.warning(warning);
    if (alternatives.length > 1) {
      progress.note(
        `${alternatives.length} prompts x ${seeds.length} seeds = ${alternatives.length * seeds.length} pictures`,
      );
    }
    if (run.isInterrupted) throw new AppError("cancelled", "Interrupted.", {});
    await generate(engine, alternatives, seeds, { options, folder, progress, cwd: terminal.cwd });
  } finally {
    stopListening();
    await engine.stop();
  }
}

/**
 * A terminal sends Ctrl-C to every process of the command, and a service that ends by it could not finish its step.
 * So the services are told to leave it to this process.
 */
function deafToInterrupts(nodeOptions = ""): string {
  return `${nodeOptions} --import=data:text/javascript,process.on('SIGINT',()=>{})`.trim();
}

/** Providers that `auto` tries before the processor: those that are a GPU for certain and run every graph of ours. */
const GPUS: Partial<Record<NodeJS.Platform, ProviderName>> = { linux: "cuda", win32: "dml" };

async function load(engine: RenderEngine, options: RenderOptions, { cwd }: Terminal): Promise<ModelSummary> {
  const request: Omit<LoadRequest, "provider"> = {
    path: options.model === undefined ? DEMO_FOLDER : resolve(cwd, options.model),
    memory: options.memory,
    ...(options.deviceId === undefined ? {} : { deviceId: options.deviceId }),
  };
  if (options.provider !== "auto") return engine.api.load({ ...request, provider: options.provider });
  const gpu = GPUS[process.platform];
  if (gpu !== undefined) {
    try {
      return await engine.api.load({ ...request, provider: gpu });
    } catch (error) {
      if (!isAppError(error, "provider-unavailable")) throw error;
    }
  }
  return engine.api.load({ ...request, provider: "cpu" });
}

async function generate(
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

function describeWarning(warning: SceneWarning, labels: Record<string, string>): string {
  const name = (id: string) => `"${labels[id] ?? id}"`;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  switch (warning.kind) {
    case "phrase-lost":
      return `the model does not see "${warning.text}", so the box of ${name(warning.regionId)} does nothing; shorten the prompt`;
    case "prompt-truncated":
      return `the prompt is too long; the model does not see "${warning.text}"`;
    case "box-below-cell":
      return `the box of ${name(warning.regionId)} is smaller than a cell of the model's grid; make it larger`;
    case "boxes-conflict": {
      const [first, second] = warning.regionIds;
      return `the boxes of ${name(first)} and ${name(second)} overlap by ${Math.round(warning.overlap * 100)}%; they will compete`;
    }
    case "markup-ignored":
      return `"${warning.markup.text}" in the ${warning.where === "prompt" ? "prompt" : "negative prompt"} ${whyIgnored(warning.markup)}`;
    case "karras-ignored":
      return `the scheduler ${warning.scheduler} has no Karras spacing; the pictures are the same without it`;
    case "not-enough-memory":
      return `this needs about ${gib(warning.neededBytes)} and ${gib(warning.freeBytes)} are free; try --memory low or a smaller --size`;
  }
}

if (import.meta.main) await runCommand((argv, terminal) => render(argv, terminal));
