/**
 * `npm run render`: a scene file to pictures, without a window. Drives the same engine process as the app does.
 */
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { countPictures, expandScene } from "../scene/alternatives.ts";
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import type { LoadRequest, ModelSummary } from "../api/engine.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { startEngine, type EngineOptions } from "../engine/host.ts";
import { certainGpu } from "../api/usableProvider.ts";
import type { SceneFile } from "../scene/parser.ts";
import { openModels, type ModelsAtHome } from "../models/host.ts";
import { dataFolder } from "./dataFolder.ts";
import { withLoraFiles } from "./loras.ts";
import { modelNamed } from "./modelNamed.ts";
import { countGrid, drawGrid, ordersOf } from "./drawGrid.ts";
import { openPool } from "./poolEngine.ts";
import { type DrawingEngine, JOB, type RenderEngine } from "./drawing.ts";
import { generate } from "./drawPictures.ts";
import { fileStem, PictureFolder } from "./pictureFolder.ts";
import { boxLabels, makeProgress, type Progress } from "./progress.ts";
import { groupCells } from "../scene/grid.ts";
import { queueAccess } from "./queueAddress.ts";
import { readGrid } from "./readGrid.ts";
import { readScene } from "./readScene.ts";
import { withStart } from "./starts.ts";
import { HELP, readRenderOptions, type RenderOptions } from "./renderOptions.ts";
import { describeWarning } from "./sceneWarnings.ts";
import { UnfinishedRun } from "./unfinishedRun.ts";
import { appVersion, describeError, EXIT, runCommand, type ExitCode, type Terminal } from "./terminal.ts";

export type StartEngine = (options: EngineOptions) => Promise<RenderEngine>;

export const DEMO_FOLDER = fileURLToPath(new URL("../../resources/models/demo", import.meta.url));

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
    const { enlarge } = await withStart(file.scene, options.start, options.scenePath, terminal);
    const kind = options.json ? "json" : options.quiet ? "quiet" : terminal.stderr.isTTY ? "bar" : "lines";
    const pictures =
      options.grid === undefined
        ? countPictures(expandScene(file.scene).length, seeds.length) * (enlarge ? 2 : 1)
        : countGrid(await readGrid(options.grid, file.scene, terminal.cwd));
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
  const access = options.pool && queueAccess("render", options.pool, terminal);
  const leaving = new AbortController();
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
    leaving.abort();
    if (access) return;
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
    const checkpoint = options.model === undefined ? DEMO_FOLDER : await checkpointOf(options.model, terminal);
    const model = await load(engine, checkpoint, options, terminal);
    progress.model(model);
    if (model.distilled !== undefined) progress.note(`${model.name} is made for few steps (${model.distilled}).`);
    for (const note of model.notes) progress.note(note);
    run.phase = "drawing";
    // Again, with this checkpoint's own defaults for what the file leaves open.
    const read = await withLoras(await readScene(options, terminal, model.defaults), options, terminal);
    const started = await withStart(read, options.start, options.scenePath, terminal);
    for (const note of started.notes) progress.note(note);
    const { scene } = started;
    const grid = options.grid === undefined ? undefined : await readGrid(options.grid, scene, terminal.cwd);
    const alternatives = grid
      ? groupCells(grid.cells).flatMap((group) => expandScene(group.scene))
      : expandScene(scene);
    const warnings = new Set<string>();
    for (const one of alternatives) {
      const check = await engine.api.check(one.scene);
      for (const warning of check.warnings) warnings.add(describeWarning(warning, boxLabels(one.scene)));
    }
    for (const warning of warnings) progress.warning(warning);
    if (grid) progress.note(`${grid.title}: ${grid.rows.length} x ${grid.columns.length}`);
    else if (alternatives.length > 1) {
      progress.note(
        `${alternatives.length} prompts x ${seeds.length} seeds = ${alternatives.length * seeds.length} pictures`,
      );
    }
    if (run.isInterrupted) throw new AppError("cancelled", "Interrupted.", {});
    const name = fileStem(basename(options.scenePath).replace(/\.json$/i, ""));
    const scenes = alternatives.map((one) => one.scene);
    const pictures = grid
      ? ordersOf(grid.cells).flatMap((order) => order.seeds.map((seed) => ({ scene: order.drawn, seed })))
      : scenes.flatMap((scene) => seeds.map((seed) => ({ scene, seed })));
    const which = { folder: folder.path, name, kind: grid ? "grid" : "run" } as const;
    const begun = options.resume ? "resume" : "begin";
    const isKept = !options.scout && !started.enlarge;
    const unfinished = isKept ? UnfinishedRun[begun](which, pictures) : undefined;
    const how = { options, folder, progress, cwd: terminal.cwd, started, unfinished };
    const drawWith = (drawing: DrawingEngine) =>
      grid ? drawGrid(drawing, grid, how) : generate(drawing, alternatives, seeds, how);
    if (!access) {
      await drawWith(engine);
      return;
    }
    await engine.stop(); // it has said what the scene needs; others draw
    const { urgency, user } = options.pool!;
    const { prediction } = options.parts;
    const where = { folder: folder.path, progress, env: terminal.env };
    const pool = await openPool({ access, urgency, user, checkpoint, prediction, ...where });
    try {
      leaving.signal.addEventListener("abort", () => pool.leave());
      const left = pictures.filter((picture) => !unfinished?.isDone(picture));
      const byScene = Map.groupBy(left, ({ scene: one }) => one);
      const start = started.picture;
      await pool.askFor([...byScene].map(([one, all]) => ({ scene: one, seeds: all.map(({ seed }) => seed), start })));
      if (leaving.signal.aborted) pool.leave();
      await drawWith(pool.engine);
    } finally {
      await pool.close();
    }
  } finally {
    stopListening();
    await engine.stop();
  }
}

function withLoras({ scene }: SceneFile, options: RenderOptions, { cwd, env }: Terminal): Promise<Scene> {
  const sceneFolder = dirname(resolve(cwd, options.scenePath));
  return withHome(env, (find) =>
    withLoraFiles(scene, options.loras, { cwd, sceneFolder, findAtHome: (name) => find({ kind: "lora", name }) }),
  );
}

function checkpointOf(word: string, { cwd, env }: Terminal): Promise<string> {
  return withHome(env, (find) => modelNamed(word, { cwd, findAtHome: (name) => find({ kind: "checkpoint", name }) }));
}

/** Only a name that is nowhere near has the models at home looked through. */
async function withHome<T>(env: Terminal["env"], use: (find: ModelsAtHome["api"]["find"]) => Promise<T>): Promise<T> {
  let home: ModelsAtHome | undefined;
  try {
    return await use((request) => {
      home ??= openModels({ dataFolder: dataFolder(env), lasting: false, env });
      return home.api.find(request);
    });
  } finally {
    await home?.stop();
  }
}

/**
 * A terminal sends Ctrl-C to every process of the command, and a service that ends by it could not finish its step.
 * So the services are told to leave it to this process.
 */
export function deafToInterrupts(nodeOptions = ""): string {
  return `${nodeOptions} --import=data:text/javascript,process.on('SIGINT',()=>{})`.trim();
}

async function load(
  engine: RenderEngine,
  path: string,
  options: RenderOptions,
  { cwd }: Terminal,
): Promise<ModelSummary> {
  const request: Omit<LoadRequest, "provider"> = {
    path,
    memory: options.memory,
    ...options.parts,
    ...(options.parts.vae === undefined ? {} : { vae: resolve(cwd, options.parts.vae) }),
    ...(options.parts.tiny === undefined ? {} : { tiny: resolve(cwd, options.parts.tiny) }),
    ...(options.deviceId === undefined ? {} : { deviceId: options.deviceId }),
  };
  if (options.provider !== "auto") return engine.api.load({ ...request, provider: options.provider });
  // A GPU is tried by opening the checkpoint on it, which tells sooner than the probe.
  const gpu = certainGpu();
  if (gpu !== undefined) {
    try {
      return await engine.api.load({ ...request, provider: gpu });
    } catch (error) {
      if (!isAppError(error, "provider-unavailable")) throw error;
    }
  }
  return engine.api.load({ ...request, provider: "cpu" });
}

if (import.meta.main) await runCommand((argv, terminal) => render(argv, terminal));
