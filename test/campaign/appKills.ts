/**
 * The running application, with its window, draws and saves while one of its processes is killed at a random moment: the engine, the store,
 * or all of it at once by its main process. The claim: every picture that the window was told of and every draft that was announced as
 * saved is there and whole afterwards; the window works on, and a killed application opens the same project at its next start.
 *
 * Cases follow each other in one application, as they would on a bad day: the tenth is not the first one's twin.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { withSteps } from "../../src-main/scene/defaults.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { DEMO_MODEL, type MainApi, type ProjectState } from "../../src-main/api/main.ts";
import type { Client } from "../../src-main/wire/rpc.ts";
import { sampleDraft } from "../support/projects.ts";
import { apiOf, heardBy, listen, servicePid } from "../e2e/driver.ts";
import { ensureBuilt } from "../e2e/built.ts";
import type { RunningApp } from "../e2e/harness.ts";
import { Fault, Skipped, type Clock, type Part } from "./part.ts";
import type { Pick } from "./random.ts";
import { numbered } from "./realStore.ts";

const MODEL = { path: DEMO_MODEL, provider: "cpu", memory: "auto" } as const;
/** In this order: a service that dies more than three times a minute is left alone until a person restarts it. */
const VICTIMS = ["engine", "store", "engine", "store", "app"] as const;
/** The kill comes within so many milliseconds of the order to draw: before the first picture, or among them. */
const LATEST_KILL = 3_000;
/** How long the window may take to work again, in milliseconds. */
const BACK = 30_000;
/** Six pictures of two steps, on a busy machine, in milliseconds. */
const GONE_ON = 120_000;

/** What the window was told is kept, in the project that is open. */
interface Told {
  path: string;
  draft: number;
  seeds: Set<string>;
}

/** An application that is started anew where it was killed, in the same data folder. */
class Victim {
  readonly #folder: string;
  #running: RunningApp | undefined;
  project: ProjectState | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async running(): Promise<RunningApp> {
    if (this.#running) return this.#running;
    const { launch } = await import("../e2e/harness.ts"); // it looks for an Electron, which no other part needs
    this.#running = await launch({ dataFolder: this.#folder });
    this.project = (await apiOf(this.#running.page).windowState()).project;
    await listen(this.#running.page, ["image", "job"]);
    return this.#running;
  }

  async kill(): Promise<void> {
    const { app } = await this.running();
    const gone = new Promise<void>((resolve) => app.once("close", () => resolve()));
    app.process().kill("SIGKILL");
    await gone;
    this.#running = undefined;
  }

  async quit(): Promise<void> {
    await this.#running?.quit();
  }
}

export const appKills: Part = {
  title: "kills in the running application",
  count: 150,
  memory: "children",
  windows: true,
  before: ensureBuilt,
  async prepare({ folder }) {
    const { electron } = await import("../e2e/harness.ts");
    if (!electron) throw new Skipped("there is no Electron on this machine: npm run electron:runtime");
    const victim = new Victim(join(folder, "data"));
    const told: Told = { path: "", draft: 0, seeds: new Set() };
    return {
      run: (index, pick, clock) => killOne(victim, told, index, pick, clock),
      close: () => victim.quit(),
    };
  },
};

async function killOne(victim: Victim, told: Told, index: number, pick: Pick, clock: Clock): Promise<string> {
  const { app, page } = await victim.running();
  const api = apiOf(page);
  const target = VICTIMS[index % VICTIMS.length]!;
  if (told.path !== "" && victim.project!.path !== told.path)
    throw new Fault(`another project was opened: ${victim.project!.path}`, { lost: told.seeds.size + 1 });
  told.path = victim.project!.path;

  const { draft } = await clock.time("readDraft", () => api.readDraft());
  const settings = withSteps(draft.scene.settings, 2);
  const scene = { ...sampleDraft().scene, prompt: `a red circle ${index}`, regions: [], settings };
  const seeds = Array.from({ length: 6 }, (_value, i) => String(1_000 * (index + 1) + i));
  const ended = { is: false };
  const typing = type(api, victim.project!, told, index, ended);
  const drawing = api.generate({ model: MODEL, previewEvery: 0, attention: false, scene, seeds }).catch(onlyCut);
  await pause(pick(LATEST_KILL));
  // What the page has heard by now was kept before: that is the order which main promises.
  for (const { seed } of await heardBy(page, "image")) told.seeds.add(seed);
  ended.is = true;
  const isThere = target === "app" || servicePidOf(app, target) !== undefined;
  if (target === "app") await victim.kill();
  else if (isThere) process.kill(servicePid(app, target), "SIGKILL");
  await Promise.all([typing, drawing]);
  await check(victim, told, clock);
  return isThere ? `${target} killed` : "no engine yet";
}

/** Undefined where none runs: the engine starts with the first picture. */
function servicePidOf(app: RunningApp["app"], service: "engine" | "store"): number | undefined {
  try {
    return servicePid(app, service);
  } catch {
    return undefined;
  }
}

/** Drafts, as fast as the window could save them; each is told of when it is durable. */
async function type(api: Client<MainApi>, { key }: ProjectState, told: Told, index: number, ended: { is: boolean }) {
  for (let n = 1; !ended.is; n++) {
    const number = 1_000 * (index + 1) + n;
    const saved = await api.saveDraft({ key, draft: sampleDraft(`a cat ${number}`) }).catch(onlyCut);
    if (saved) told.draft = number;
    await pause(40);
  }
}

/** A call that is cut off by a death says so; a page that is gone says it in the driver's words. */
function onlyCut(error: unknown): undefined {
  const isDriver = error instanceof Error && /closed|crashed|Target|navigat/i.test(error.message);
  if (isDriver || isAppError(error, "service-crashed") || isAppError(error, "cancelled")) return undefined;
  throw error;
}

/** What the kill cut off is offered, and is drawn to its end when it is gone on with. */
async function goOn(api: Client<MainApi>, clock: Clock): Promise<void> {
  for (const { id, missing } of await clock.time("unfinishedRuns", () => api.unfinishedRuns())) {
    await api.resumeRun({ runId: id, model: MODEL, previewEvery: 0, attention: false });
    const begun = performance.now();
    for (;;) {
      const run = await clock.time("readRun", () => api.readRun({ id }));
      if (run.outcome === "done" && run.missing.length === 0) break;
      const isLate = performance.now() - begun > GONE_ON;
      if (isLate || (run.outcome !== "running" && run.outcome !== "done")) {
        const why = `a run that was cut off with ${missing.length} pictures to come did not go on to its end: ${run.outcome}, ${run.missing.length} missing`;
        throw new Fault(why, { lost: run.missing.length });
      }
      await pause(100);
    }
  }
}

/** Starts the application again where it was killed, and looks for everything that was told. */
async function check(victim: Victim, told: Told, clock: Clock): Promise<void> {
  const { page } = await victim.running();
  const api = apiOf(page);
  const begun = performance.now();
  for (;;) {
    try {
      await clock.time("currentProject", () => api.readDraft());
      break;
    } catch (error) {
      if (performance.now() - begun > BACK) throw new Fault("the store did not come back", { cause: error });
      await pause(100);
    }
  }
  if (victim.project!.path !== told.path)
    throw new Fault(`another project was opened: ${victim.project!.path}`, { lost: told.seeds.size + 1 });
  const { draft } = await clock.time("readDraft", () => api.readDraft());
  if (numbered(draft.scene.prompt) < told.draft)
    throw new Fault(`draft ${told.draft} was announced as saved; "${draft.scene.prompt}" is there`, { lost: 1 });
  await goOn(api, clock);
  const kept = new Set<string>();
  for (let offset = 0; ; offset += 500) {
    const { results } = await clock.time("listResults", () => api.listResults({ order: "newest", offset, limit: 500 }));
    for (const { seed } of results) kept.add(seed);
    if (results.length < 500) break;
  }
  const missing = [...told.seeds].filter((seed) => !kept.has(seed));
  if (missing.length > 0)
    throw new Fault(`pictures that the window was told of are gone: seeds ${missing.slice(0, 10).join()}`, {
      lost: missing.length,
    });
  const damage = await clock.time("verifyProject", () => api.verifyProject());
  if (damage.length > 0) throw new Fault(`the project is damaged: ${damage[0]!}`, { lost: 1 });
}
