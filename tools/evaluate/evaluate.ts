/** `npm run evaluate`: draws the fixed scenes by every method, judges the pictures and writes what came out. */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { withSteps } from "../../src-main/scene/defaults.ts";
import { AppError, isAppError } from "../../src-main/wire/errors.ts";
import type { SceneSettings } from "../../src-main/scene/scene.ts";
import { formatSeeds } from "../../src-main/scene/seeds.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { DEMO_FOLDER } from "../../src-main/cli/render.ts";
import { describeError, EXIT, runCommand, type ExitCode, type Terminal } from "../../src-main/cli/terminal.ts";
import { encodePng } from "../../src-main/image/png.ts";
import { clipScores, type ClipScore } from "./clipScores.ts";
import { openWorkers, picturePath } from "./drawAll.ts";
import { drawJobs } from "./drawJobs.ts";
import type { Job } from "./jobs.ts";
import { KeyedLog } from "./keyedLog.ts";
import { makeScenes, SCENES_FILE } from "./makeScenes.ts";
import { HELP, readEvaluateOptions, type EvaluateOptions } from "./options.ts";
import { planRun, type Plan } from "./plan.ts";
import { evaluatePhotos, type PhotoRun } from "./photos/evaluate.ts";
import { sweepPlots, thingPlots } from "./plots.ts";
import { costTable, report, type RunFacts } from "./report.ts";
import { chancePictures, truthPictures, variantResult, type Picture, type VariantResult } from "./results.ts";
import type { IconScene } from "./scene.ts";
import { SCENE_SETS, scenesOf } from "./sceneSets.ts";
import { methodsSheet } from "./sheet.ts";
import { readBest, sweepOf, writeBest, type Best } from "./sweep.ts";
import { timeMethods } from "./timing.ts";
import type { Variant } from "./variants.ts";
import { isVerdict, type Entry } from "./verdictLog.ts";

/** Pixels of a picture on the sheet. */
const SHEET_CELL = 200;
/** Scenes of a sweep, of which no other figure is. */
const SWEEP_SEED = 4242;

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function evaluate(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const interrupt = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    if (interrupt.signal.aborted) terminal.exitNow(EXIT.interrupted);
    interrupt.abort();
    terminal.stderr.write("\nStopping; press Ctrl-C again to stop at once.\n");
  });
  try {
    const options = readEvaluateOptions(argv, terminal.cwd);
    if (options === "help") {
      terminal.stdout.write(HELP);
      return EXIT.ok;
    }
    await run(options, terminal, interrupt.signal);
    return interrupt.signal.aborted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    terminal.stderr.write(`${describeError(error, terminal.env)}\n`);
    if (isAppError(error, "bad-request")) return EXIT.usage;
    return isAppError(error, "checkpoint-invalid") ? EXIT.checkpoint : EXIT.failed;
  } finally {
    stopListening();
  }
}

async function run(options: EvaluateOptions, terminal: Terminal, signal: AbortSignal): Promise<void> {
  await mkdir(options.out, { recursive: true });
  const modelPath = options.model ?? DEMO_FOLDER;
  const modelHash = await (await openCheckpoint(modelPath)).hash();
  const threads = Math.max(1, Math.floor(availableParallelism() / options.workers));
  const engines = options.reportOnly || options.times ? 1 : options.workers;
  const request = { path: modelPath, provider: options.provider, memory: "fast", threads } as const;
  const folder = path.join(options.drawn, "pictures");
  const workers = await openWorkers(request, engines, folder);
  try {
    const { defaults } = workers.model;
    const settings = options.steps === undefined ? defaults : withSteps(defaults, options.steps);
    if (options.set === "photos") {
      const tell = (line: string) => void terminal.stderr.write(`${line}\n`);
      const report = await evaluatePhotos(options, { workers, modelHash, settings, folder, signal, tell });
      terminal.stdout.write(`${report}\n`);
    } else {
      await evaluateIcons(options, { workers, modelHash, settings, folder, signal }, terminal);
    }
  } finally {
    await workers.close();
  }
}

type IconRun = Omit<PhotoRun, "tell">;

async function evaluateIcons(options: EvaluateOptions, run: IconRun, terminal: Terminal): Promise<void> {
  const { workers, modelHash, settings, folder, signal } = run;
  const logFile = path.join(options.drawn, "verdicts.jsonl");
  if (!options.resume && (await exists(logFile))) {
    throw new AppError("bad-request", `${logFile} is there already; choose another --out`, { method: "evaluate" });
  }
  const allScenes = await scenesFor(options);
  const scenes = allScenes.slice(0, options.scenes);
  const log = await KeyedLog.open(logFile, "verdict", isVerdict);
  try {
    if (options.searches) {
      await search(options, run, log, terminal);
      return;
    }
    const best = options.best ? await readBest(modelHash) : undefined;
    if (options.best && !best) {
      throw new AppError("bad-request", "No sweep of this checkpoint is in best.json; make one with --sweep, or leave --best out", { method: "evaluate" }); // prettier-ignore
    }
    const plan = planRun(options, { scenes, allScenes, settings, modelHash, ...(best ? { best } : {}) });
    if (options.times) {
      const costs = await timeMethods(plan.jobs, options.model ?? DEMO_FOLDER, signal);
      await writeFile(path.join(options.out, "timing.json"), `${JSON.stringify(costs, null, 1)}\n`);
      terminal.stdout.write(`${costTable(costs)}\n`);
      return;
    }
    if (!options.reportOnly) await drawJobs(plan.jobs, workers, log, signal, terminal);
    const drawn = plan.jobs.filter(({ key }) => log.entries.has(key));
    const clip = options.clip === undefined ? undefined : await clipScores(options.clip, drawn, { out: options.out, folder, signal }); // prettier-ignore
    const facts: RunFacts = {
      ...{
        model: workers.model.name,
        modelHash: modelHash.replace(/^.*:/, "").slice(0, 12),
        size: `${settings.width} x ${settings.height}`,
      },
      ...{ steps: settings.steps, guidanceScale: settings.guidanceScale },
      ...{ nu: settings.guidance.nu, eta: settings.guidance.eta },
      strongEta: settings.guidance.eta * options.strongEta,
      seeds: formatSeeds(options.seeds),
      scenes: scenes.length,
      missing: plan.jobs.length - drawn.length,
    };
    await writeResults(plan, log, facts, { settings, out: options.out, folder, clip }, terminal);
  } finally {
    await log.close();
  }
}

async function scenesFor({ set, sceneSeed }: EvaluateOptions): Promise<IconScene[]> {
  const other = SCENE_SETS.find((name) => name === set);
  if (other) return scenesOf(other, sceneSeed);
  return sceneSeed === undefined ? (JSON.parse(await readFile(SCENES_FILE, "utf8")) as IconScene[]) : makeScenes(sceneSeed); // prettier-ignore
}

/** Finds the best settings of each method that has some, and keeps what it found after each. */
async function search(options: EvaluateOptions, run: IconRun, log: KeyedLog<Entry>, terminal: Terminal): Promise<void> {
  const { workers, modelHash, settings, signal } = run;
  const sceneSeed = options.sceneSeed ?? SWEEP_SEED;
  const scenes = makeScenes(sceneSeed).slice(0, options.sweep.scenes);
  const best: Best = {
    ...{ modelHash, steps: settings.steps },
    variants: { ...(await readBest(modelHash))?.variants },
  };
  for (const name of options.methods) {
    terminal.stderr.write(`${name}\n`);
    const draw = async (jobs: readonly Job[]) => {
      if (!options.reportOnly) await drawJobs(jobs, workers, log, signal, terminal);
      return jobs.every(({ key }) => log.entries.has(key));
    };
    const found = await sweepOf(name, { scenes, settings, seeds: options.seeds, modelHash, draw, verdicts: log.entries }); // prettier-ignore
    if (!found) {
      if (signal.aborted) return;
      continue; // a report on what there is: the others may be whole
    }
    if (found.trials.length > 0) best.variants[name] = { scenes: scenes.length, sceneSeed, ...found };
    for (const { changes, ...marks } of found.trials) {
      terminal.stdout.write(`${name} ${JSON.stringify(changes)} ${JSON.stringify(marks)}\n`);
    }
    await writeBest(best);
  }
}

interface Place {
  settings: SceneSettings;
  out: string;
  folder: string;
  /** By key, where a CLIP was asked. */
  clip: ReadonlyMap<string, ClipScore> | undefined;
}

async function writeResults(
  plan: Plan,
  log: KeyedLog<Entry>,
  facts: RunFacts,
  { settings, out, folder, clip }: Place,
  { stdout, stderr }: Terminal,
): Promise<void> {
  // prettier-ignore
  /** Pictures that are there, by variant; and the plain picture of the same scene and seed. */
  const picturesOf = ({ name }: Variant) => plan.jobs.filter((job) => job.variant.name === name && log.entries.has(job.key)); // prettier-ignore
  const toPicture = ({ key, scene }: Job): Picture => {
    const score = clip?.get(key);
    return { ...log.entries.get(key)!, scene, ...(score ? { clip: score } : {}) };
  };
  const plainJobs = new Map(
    plan.jobs.filter((job) => job.variant.name === "none").map((job) => [`${job.scene.id}/${job.seed}`, job]),
  );
  const plainOf = (job: Job) => {
    const plain = plainJobs.get(`${job.scene.id}/${job.seed}`);
    return plain && log.entries.has(plain.key) ? toPicture(plain) : undefined;
  };
  const drawn = [...plan.methods, ...plan.sweeps]
    .map((variant) => ({ variant, jobs: picturesOf(variant) }))
    .filter(({ jobs }) => jobs.length > 0);
  if (drawn.length === 0) return;
  const scenes = [...new Map(drawn.flatMap(({ jobs }) => jobs.map(({ scene }) => [scene.id, scene]))).values()];
  const truth = truthPictures(scenes, settings.width, settings.height);
  const truthOf = (jobs: readonly Job[]) => truth.filter(({ scene }) => jobs.some((job) => job.scene.id === scene.id));
  stderr.write("Working out the intervals; this may take a minute.\n");
  const results: VariantResult[] = [
    variantResult("truth", truth, truth),
    variantResult("chance", chancePictures(scenes, truth), truth),
    ...drawn.map(({ variant, jobs }) => {
      const plain = jobs.map(plainOf).filter((picture) => picture !== undefined);
      const paired = variant.name !== "none" && plain.length === jobs.length ? plain : undefined;
      return variantResult(variant.name, jobs.map(toPicture), truthOf(jobs), paired);
    }),
  ];
  const text = report(results, facts);
  stdout.write(`${text}\n`);
  await writeFile(path.join(out, "results.md"), text);
  await writeFile(path.join(out, "results.json"), `${JSON.stringify({ facts, results }, null, 1)}\n`);
  const methods = drawn.filter(({ variant }) => plan.methods.includes(variant));
  const plots = {
    ...sweepPlots(results),
    ...thingPlots(methods.map(({ variant, jobs }) => ({ name: variant.name, pictures: jobs.map(toPicture) }))),
  };
  for (const [file, svg] of Object.entries(plots)) await writeFile(path.join(out, file), svg);
  if (methods.length > 0) await writeSheet(methods, log, out, folder);
}

/** The first scenes of several things that every method has drawn. */
async function writeSheet(
  methods: readonly { variant: Variant; jobs: readonly Job[] }[],
  log: KeyedLog<Entry>,
  out: string,
  folder: string,
): Promise<void> {
  const rows = methods[0]!.jobs
    .filter(({ scene }) => scene.things.length > 1)
    .map(({ scene, seed }) => {
      const cells = methods.flatMap(({ variant, jobs }) =>
        jobs
          .filter((job) => job.scene.id === scene.id && job.seed === seed)
          .map(({ key }) => ({ title: variant.name, entry: log.entries.get(key)!, file: picturePath(folder, key) })),
      );
      return { scene, cells };
    })
    .filter(({ cells }) => cells.length === methods.length);
  if (rows.length === 0) return;
  const sheet = await methodsSheet(rows, "Things in their boxes, by method", SHEET_CELL);
  await writeFile(path.join(out, "sheet.png"), encodePng(sheet));
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) await runCommand(evaluate);
