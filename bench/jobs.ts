/**
 * `npm run bench:jobs`: the window under a long queue, in the real app. One job of many seeds: frames while it is drawn and a box is
 * dragged, how long main stands still, memory. Then many pictures one after the other: what the window keeps of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { CDPSession, ElectronApplication, Page } from "playwright-core";
import { withSteps } from "../src-main/scene/defaults.ts";
import { DEMO_MODEL, type Job } from "../src-main/api/main.ts";
import { apiOf } from "../test/e2e/driver.ts";
import { launch } from "../test/e2e/harness.ts";
import { blocksDuring, memoryOf } from "./editor/machine.ts";
import { drag } from "./editor/page.ts";

const { values } = parseArgs({
  options: {
    queue: { type: "string", default: "10000" },
    pictures: { type: "string", default: "320" },
    steps: { type: "string", default: "4" },
    help: { type: "boolean", default: false },
  },
});
const HELP = `npm run bench:jobs -- [options]

  --queue N      seeds of the long job, which is cancelled after a while (default: 10000; 0 for none)
  --pictures N   pictures drawn to the end, one job of ten seeds after the other (default: 320; 0 for none)
  --steps N      steps of each picture (default: 4)`;

const MODEL = { path: DEMO_MODEL, provider: "cpu", memory: "auto" } as const;
const DRAG_SECONDS = 20;
const SEEDS_PER_JOB = 10;
/** Lines of the table of memory. */
const SAMPLES = 8;
const say = (line: string) => void process.stderr.write(`${line}\n`);
const ms = (value: number) => `${value.toFixed(0)} ms`;

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "diorama-bench-"));
  const alive = setInterval(() => undefined, 60_000); // the display of the tests does not keep a process alive
  try {
    console.log(`${cpus().length} x ${cpus()[0]?.model.trim() ?? "?"}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Xvfb`);
    await using running = await launch({ dataFolder: folder });
    const { app, page } = running;
    await page.getByText(/ MB/).first().waitFor(); // the demo model is open: nothing else goes on
    if (Number(values.queue) > 0) await longQueue(app, page);
    if (Number(values.pictures) > 0) await manyPictures(app, page);
  } finally {
    clearInterval(alive);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Megabytes of the window: what the system says, and what is left of it when the page's garbage is collected. */
async function windowMemory(app: ElectronApplication, devtools: CDPSession) {
  const before = memoryOf(app.process().pid!)["renderer"] ?? NaN;
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? NaN;
  const after = memoryOf(app.process().pid!)["renderer"] ?? NaN;
  return { before, after, heap: metric("JSHeapUsedSize") / 2 ** 20, nodes: metric("Nodes") };
}

async function begin(page: Page, seeds: string[]): Promise<Job> {
  const { draft } = await apiOf(page).readDraft();
  const scene = { ...draft.scene, settings: withSteps(draft.scene.settings, Number(values.steps)) };
  return apiOf(page).generate({ model: MODEL, scene, seeds, previewEvery: 1, attention: true });
}

async function longQueue(app: ElectronApplication, page: Page): Promise<void> {
  const seeds = Array.from({ length: Number(values.queue) }, (_, i) => String(i + 1));
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const empty = await windowMemory(app, devtools);
  say(`a job of ${seeds.length} seeds`);
  const begun = performance.now();
  let job: Job | undefined;
  const atStart = await blocksDuring(app, async () => {
    job = await begin(page, seeds);
    await page.getByRole("progressbar", { name: "Queue" }).waitFor();
    await page.evaluate(() => new Promise((r) => (globalThis as unknown as Frames).requestAnimationFrame(r)));
  });
  const shown = performance.now() - begun;
  const canvas = (await page.getByRole("application", { name: "Canvas" }).boundingBox())!;
  const from = { x: canvas.x + canvas.width * 0.35, y: canvas.y + canvas.height / 2 };
  let motion: Awaited<ReturnType<typeof drag>> | undefined;
  const blocks = await blocksDuring(app, async () => (motion = await drag(page, from, 40, DRAG_SECONDS)));
  const full = await windowMemory(app, devtools);
  const cancelBegun = performance.now();
  await apiOf(page).cancel({ jobId: job!.jobId });
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });
  const cancelled = performance.now() - cancelBegun;
  const { frames, delay } = motion!;
  console.log(`
| one job of ${seeds.length} seeds | |
| --- | --- |
| from the wish to the window that shows it | ${ms(shown)} |
| frames while it is drawn and a box is dragged: middle, 95th percentile, worst | ${[frames.p50, frames.p95, frames.worst].map(ms).join(", ")} |
| from pointer to frame | ${[delay.p50, delay.p95, delay.worst].map(ms).join(", ")} |
| longest standstill of main at its start, while it is drawn | ${ms(atStart.worst)}, ${ms(blocks.worst)} |
| from "cancel" to the window that shows it | ${ms(cancelled)} |
| memory of the window before and in it | ${empty.before.toFixed(0)} MB, ${full.before.toFixed(0)} MB |`);
}

interface Frames {
  requestAnimationFrame(callback: (time: unknown) => void): void;
}

async function manyPictures(app: ElectronApplication, page: Page): Promise<void> {
  const total = Number(values.pictures);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  console.log(`
| pictures | memory of the window | after collecting garbage | JavaScript's heap | nodes |
| --- | --- | --- | --- | --- |`);
  const every = Math.max(SEEDS_PER_JOB, Math.round(total / SAMPLES / SEEDS_PER_JOB) * SEEDS_PER_JOB);
  for (let drawn = 0; ; drawn += SEEDS_PER_JOB) {
    if (drawn % every === 0 || drawn >= total) {
      const { before, after, heap, nodes } = await windowMemory(app, devtools);
      console.log(`| ${drawn} | ${before.toFixed(0)} MB | ${after.toFixed(0)} MB | ${heap.toFixed(1)} MB | ${nodes} |`);
    }
    if (drawn >= total) break;
    const seeds = Array.from({ length: SEEDS_PER_JOB }, (_, i) => String(1_000_000 + drawn + i));
    await begin(page, seeds);
    await page.getByRole("progressbar", { name: "Queue" }).waitFor();
    await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: 120_000 });
  }
  // What a system short of memory gets back.
  await devtools.send("Memory.simulatePressureNotification", { level: "critical" });
  const { before, after } = await windowMemory(app, devtools);
  console.log(`| asked for memory back | ${before.toFixed(0)} MB | ${after.toFixed(0)} MB | | |`);
}

await main();
