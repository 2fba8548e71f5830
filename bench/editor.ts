/**
 * `npm run bench:editor`: the window under load, in the real app. A project with 10,000 results, 500 of them scouted: how soon it is
 * there, how it scrolls, sorts and searches, what memory it takes. A drag on the canvas while the engine computes. The main process: how
 * long it stands still while pictures are drawn, imported and exported.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, homedir, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { ElectronApplication, Page } from "playwright-core";
import type { LoadRequest } from "../src-main/api/engine.ts";
import { DEMO_MODEL } from "../src-main/api/main.ts";
import type { Scene } from "../src-main/scene/scene.ts";
import { encodePng } from "../src-main/image/png.ts";
import { metadataTexts } from "../src-main/image/metadata.ts";
import { Library } from "../src-main/store/library.ts";
import { apiOf, hear, listen } from "../test/e2e/driver.ts";
import { launch } from "../test/e2e/harness.ts";
import { DEFAULT_PATTERN } from "../src-main/api/pictureName.ts";
import { bigProject, recordOf, SIDE } from "./editor/bigProject.ts";
import { blocksDuring, memoryOf, processorTimeOf, type Blocks } from "./editor/machine.ts";
import { drag, scroll, untilShown, type Motion } from "./editor/page.ts";

const { values } = parseArgs({
  options: {
    results: { type: "string", default: "10000" },
    scouted: { type: "string", default: "500" },
    checkpoint: { type: "string" },
    "drag-only": { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const HELP = `npm run bench:editor -- [options]

  --results N       results of the project (default: 10000)
  --scouted N       of them only scouted, in runs of 50 (default: 500)
  --checkpoint DIR  also drag while a step of this checkpoint is computed, whose steps take long
  --drag-only       nothing but the drags
  --json FILE       write the numbers there too

The project is made once, in $DIORAMA_CACHE (default: ~/.cache/diorama).`;

const DEMO: LoadRequest = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };
const DRAG_SECONDS = 20;
const count = Number(values.results);
const scouted = Number(values.scouted);
const say = (line: string) => void process.stderr.write(`${line}\n`);

interface Report {
  machine: string;
  results: number;
  /** Of the results. */
  scouted: number;
  /** Milliseconds. */
  opening: Record<"fromNothing" | "strip" | "sheet", number>;
  choosing: Record<string, number>;
  motion: Record<string, Motion>;
  /** Milliseconds of processor time that the window's processes took for a frame. */
  work: Record<string, number>;
  main: Record<string, Blocks>;
  /** Megabytes by process. */
  memory: Record<string, Record<string, number>>;
}

const report: Report = {
  machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "?"}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Xvfb (drawn by the processor)`,
  ...{ results: count, scouted },
  opening: { fromNothing: NaN, strip: NaN, sheet: NaN },
  choosing: {},
  motion: {},
  work: {},
  main: {},
  memory: {},
};

/** Measures a motion, and what it costs. */
async function move(root: number, name: string, action: () => Promise<Motion>): Promise<void> {
  const before = processorTimeOf(root);
  const motion = await action();
  const after = processorTimeOf(root);
  const spent = ["renderer", "gpu-process"].map((kind) => (after[kind] ?? 0) - (before[kind] ?? 0));
  report.motion[name] = motion;
  report.work[name] = spent.reduce((sum, time) => sum + time, 0) / motion.frames.count;
}

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const cache = process.env["DIORAMA_CACHE"] ?? path.join(homedir(), ".cache", "diorama");
  say(`a project with ${count} results, ${scouted} of them scouted`);
  const made = bigProject(cache, count, scouted, say);
  const folder = mkdtempSync(path.join(tmpdir(), "diorama-bench-"));
  // The display of the tests does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  try {
    const project = path.join(folder, "big.diorama");
    copyFileSync(made, project);
    if (!values["drag-only"]) await fromNothing(path.join(folder, "first"), project);
    await atWork(path.join(folder, "second"), project, folder);
  } finally {
    clearInterval(alive);
    rmSync(folder, { recursive: true, force: true });
    print(); // also what was measured before something failed
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** The app is started with the project, as by a double click. */
async function fromNothing(dataFolder: string, project: string): Promise<void> {
  say("starting with the project");
  await using running = await launch({ dataFolder, files: [project] });
  await untilShown(running.page, { scope: ".strip" }, () => Promise.resolve());
  const now = Date.now();
  report.opening.fromNothing = now - (await running.app.evaluate(() => process.getCreationTime()!));
}

async function atWork(dataFolder: string, project: string, folder: string): Promise<void> {
  mkdirSync(dataFolder, { recursive: true });
  const library = new Library(path.join(dataFolder, "library.db"), { onNote: say });
  library.rememberProject({ path: project, title: path.basename(project, ".diorama") });
  const large: LoadRequest | undefined = values.checkpoint
    ? { path: path.resolve(values.checkpoint), provider: "cpu", memory: "fast" }
    : undefined;
  if (large) library.rememberModel(large, "large");
  library.close();

  await using running = await launch({ dataFolder });
  const { app, page } = running;
  const api = apiOf(page);
  await page.getByText(/ MB/).first().waitFor(); // the demo model is open: nothing else goes on
  const root = app.process().pid!;
  report.memory["an empty project"] = memoryOf(root);

  say("opening the project");
  report.main["opening the project"] = await blocksDuring(app, async () => {
    const open = () => api.openRecent({ path: project, where: "here" });
    report.opening.strip = await untilShown(page, { scope: ".strip" }, open);
    report.opening.sheet = await untilShown(page, { scope: ".sheet" }, () => page.keyboard.press("Control+2"));
  });
  report.memory["the project open"] = memoryOf(root);

  if (!values["drag-only"]) await looking(page, app, root);
  await dragging(app, page, DEMO, "");
  if (large) await dragging(app, page, large, " of the large checkpoint");
  if (!values["drag-only"]) await moving(app, page, folder);
  report.memory["at the end"] = memoryOf(root);
}

/** Scrolls, sorts and searches. */
async function looking(page: Page, app: ElectronApplication, root: number): Promise<void> {
  say("scrolling");
  const area = (await page.locator(".sheet .scroll").boundingBox())!;
  const middle = { x: area.x + area.width / 2, y: area.y + area.height / 2 };
  report.main["scrolling"] = await blocksDuring(app, async () => {
    await move(root, "scrolling as one reads, 1,900 px/s", () => scroll(page, middle, 30, 8));
    await move(root, "scrolling as one searches, 12,500 px/s", () => scroll(page, middle, 200, 8));
    await move(root, "scrolling as fast as it goes, 125,000 px/s", () => scroll(page, middle, -2000, 6));
  });
  report.memory["scrolled through"] = memoryOf(root);

  say("choosing");
  await page
    .locator(".sheet .scroll")
    .evaluate((element) => ((element as unknown as { scrollTop: number }).scrollTop = 0));
  const choose = async (name: string) => {
    await page.locator('.sheet [aria-label^="Order"]').click();
    return untilShown(page, { scope: ".sheet", changed: true }, () => page.getByRole("option", { name }).click());
  };
  report.choosing["oldest first"] = await choose("Oldest first");
  report.choosing["best obeyed first"] = await choose("Best obeyed first");
  const search = page.locator(".sheet").getByRole("textbox", { name: "Search prompts and seeds" });
  const changed = { scope: ".sheet", changed: true };
  report.choosing["words of the prompt"] = await untilShown(page, changed, () => search.fill("yellow moon"));
  await untilShown(page, changed, () => search.fill(""));
  if (scouted === 0) return;
  const shelf = (name: string) => page.getByRole("radio", { name, exact: true }).click();
  report.choosing["scouted alone"] = await untilShown(page, changed, () => shelf("Scouted"));
  await untilShown(page, changed, () => shelf("All"));
}

/** A box is dragged while nothing else happens, and while the engine computes on all threads. */
async function dragging(app: ElectronApplication, page: Page, model: LoadRequest, of: string): Promise<void> {
  const api = apiOf(page);
  const root = app.process().pid!;
  const { draft } = await api.readDraft();
  await page.keyboard.press("Control+1");
  const canvas = page.getByRole("application", { name: "Canvas" });
  const { x, y, width, height } = (await canvas.boundingBox())!;
  const side = Math.min(width, height) - 72;
  const box = draft.scene.regions[0]!.box;
  const from = {
    x: x + (width - side) / 2 + (box.x + box.width / 2) * side,
    y: y + (height - side) / 2 + (box.y + box.height / 2) * side,
  };
  const radius = side / 8;
  if (!of) {
    say("dragging while nothing else happens");
    await move(root, "dragging, engine idle", () => drag(page, from, radius, DRAG_SECONDS));
  }
  say(`dragging while the engine computes${of}`);
  await listen(page, ["step", "job"]);
  const steps = of ? 4 : 1_000;
  const scene: Scene = {
    ...draft.scene,
    settings: { ...draft.scene.settings, ...(of ? { width: 512, height: 512 } : {}), steps },
  };
  report.main[`drawing${of}`] = await blocksDuring(app, async () => {
    const job = await api.generate({
      model,
      scene,
      seeds: ["1"],
      previewEvery: Math.max(1, Math.round(steps / 12)),
      attention: true,
    });
    await hear(page, "step", { jobId: job.jobId }, 120_000); // a large checkpoint is opened first
    await move(root, `dragging, engine at work${of}`, () => drag(page, from, radius, DRAG_SECONDS));
    await api.cancel({ jobId: job.jobId });
    await hear(page, "job", { jobId: job.jobId, outcome: "cancelled" });
  });
}

/** Large pictures come in, a hundred go out. */
async function moving(app: ElectronApplication, page: Page, folder: string): Promise<void> {
  const api = apiOf(page);
  say("importing and exporting");
  const side = 2048;
  const { scene } = (await api.readDraft()).draft;
  const record = recordOf({ ...scene, settings: { ...scene.settings, width: side, height: side } }, 1);
  const data = new Uint8Array(side * side * 4).map((_, i) => (i % 4 === 3 ? 255 : (i * 31) ^ (i >> 9)));
  const large = path.join(folder, "large.png");
  writeFileSync(large, encodePng({ width: side, height: side, data }, metadataTexts(record)));
  await listen(page, ["opened"]);
  report.main["importing a PNG of 2048 x 2048"] = await blocksDuring(app, async () => {
    await app.evaluate(({ app: electron }, file) => electron.emit("second-instance", {}, ["", file], "/"), large);
    await hear(page, "opened", { kind: "picture" });
  });
  const { results } = await api.listResults({ scouted: false, order: "newest", offset: 0, limit: 101 }); // the others stay here
  const [newest, ...others] = results.map(({ id }) => id);
  report.main["copying it to the clipboard"] = await blocksDuring(app, () => api.copyPicture({ id: newest! }));

  // The system's dialogs are the only thing here that is not real.
  await app.evaluate(({ dialog }, to) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [to] });
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: `${to}/sheet.png` });
  }, folder);
  report.main["exporting 100 pictures"] = await blocksDuring(app, () =>
    api.exportPictures({ ids: others, settings: true, form: "png", pattern: DEFAULT_PATTERN }),
  );
  report.main["a contact sheet of 100 pictures"] = await blocksDuring(app, () =>
    api.exportSheet({
      ...{ ids: others, title: "all", settings: true, pattern: DEFAULT_PATTERN, notes: [], colors: [] },
      look: { form: "png", columns: null, captions: ["seed"], boxes: true, footer: true },
    }),
  );
}

function print(): void {
  const { machine, results, scouted, opening, choosing, motion, work, main: blocks, memory } = report;
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const table = (head: string[], rows: string[][]) => {
    console.log(`| ${head.join(" | ")} |\n|${head.map(() => " --- ").join("|")}|`);
    for (const row of rows) console.log(`| ${row.join(" | ")} |`);
    console.log("");
  };
  console.log(`${machine}\n${results} results of ${SIDE} x ${SIDE}, ${scouted} of them scouted\n`);
  table(
    ["until its pictures are on the screen", "time"],
    [
      ...(isNaN(opening.fromNothing) ? [] : [["start of the program with the project", ms(opening.fromNothing)]]),
      ["project opened in a running window: strip", ms(opening.strip)],
      ["then the contact sheet", ms(opening.sheet)],
      ...Object.entries(choosing).map(([name, time]) => [`contact sheet by ${name}`, ms(time)]),
    ],
  );
  table(
    [
      "motion",
      "frames: p50",
      "p95",
      "worst",
      "over 33 ms",
      "input to frame: p50",
      "p95",
      "worst",
      "places empty",
      "processor time a frame",
    ],
    Object.entries(motion).map(([name, { frames, delay, empty }]) => [
      name,
      ...[frames.p50, frames.p95, frames.worst].map(ms),
      `${(100 * frames.late).toFixed(1)}%`,
      ...[delay.p50, delay.p95, delay.worst].map(ms),
      `${(100 * empty).toFixed(0)}%`,
      ms(work[name]!),
    ]),
  );
  table(
    ["main process while", "longest standstill", "over 50 ms"],
    Object.entries(blocks).map(([name, { worst, over50 }]) => [name, ms(worst), `${over50}`]),
  );
  const kinds = [...new Set(Object.values(memory).flatMap(Object.keys))];
  table(
    ["MB", ...kinds],
    Object.entries(memory).map(([name, by]) => [name, ...kinds.map((kind) => (by[kind] ?? 0).toFixed(0))]),
  );
}

await main();
