/** The services under a real app: pictures are drawn, kept and shown, whatever dies. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { withSteps } from "../../src-main/scene/defaults.ts";
import { DEMO_MODEL, pictureUrl } from "../../src-main/api/main.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { apiOf, hear, heardBy, listen, servicePid } from "./driver.ts";
import { electron, launch, type RunningApp } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { compose, prompt, results as shown, saved } from "./window.ts";

const MODEL = { path: DEMO_MODEL, provider: "cpu", memory: "auto" } as const;
const LIMIT = 240_000;
const ALL = { order: "oldest", offset: 0, limit: 100 } as const;
const NO_EXTRAS = { model: MODEL, previewEvery: 0, attention: false } as const;
/** Few steps: these tests are about what becomes of pictures, not about the pictures. */
const fewSteps = (scene: Scene): Scene => ({ ...scene, settings: withSteps(scene.settings, 4) });

interface PageImage {
  src: string;
  naturalWidth: number;
  naturalHeight: number;
  decode(): Promise<void>;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A data folder that outlives one app. */
async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "diorama-e2e-"));
  folders.push(folder);
  return folder;
}

const banner = (page: Page, role: "alert" | "status", text: string) => page.getByRole(role).filter({ hasText: text });

/** Draws three pictures in a project of their own and kills a service when the first is there; gives the seeds that are kept. */
async function drawThrough({ app, page }: RunningApp, service: "engine" | "store", said: string): Promise<string[]> {
  await compose(page, { boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]] });
  const api = apiOf(page);
  await listen(page, ["job", "image"]);
  const { draft } = await api.readDraft();
  const job = await api.generate({ ...NO_EXTRAS, scene: fewSteps(draft.scene), seeds: ["1", "2", "3"] });
  await hear(page, "image", { jobId: job.jobId, index: 0 });
  process.kill(servicePid(app, service), "SIGKILL");
  await banner(page, "status", said).waitFor(); // goes away by itself
  await hear(page, "job", { jobId: job.jobId, outcome: "done" });
  return (await api.listResults(ALL)).results.map(({ seed }) => seed);
}

describe.skipIf(!electron)("services of a running app", { timeout: LIMIT }, () => {
  const shared = sharedApp();

  test("what is drawn is in the project before the window hears of it, and is shown by its number", async () => {
    const { page, problems } = shared();
    const project = await compose(page);
    const api = apiOf(page);
    await listen(page, ["job", "image", "step"]);
    const scene = fewSteps((await api.readDraft()).draft.scene);
    const job = await api.generate({ ...NO_EXTRAS, scene, seeds: ["7", "18446744073709551615"] });
    await hear(page, "job", { jobId: job.jobId, outcome: "done" });

    const images = await heardBy(page, "image");
    expect(images.map(({ seed }) => seed)).toEqual(["7", "18446744073709551615"]);
    const { results } = await api.listResults(ALL);
    expect(images.map(({ result }) => result.id)).toEqual(results.map(({ id }) => id));
    expect((await heardBy(page, "step")).length).toBeGreaterThanOrEqual(2 * scene.settings.steps);

    const size = await page.evaluate(
      async (url) => {
        const { Image } = globalThis as unknown as { Image: new () => PageImage };
        const image = new Image();
        image.src = url;
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
      },
      pictureUrl(project, results[0]!.id, "full"),
    );
    expect(size).toEqual([scene.settings.width, scene.settings.height]);
    expect(problems).toEqual([]);
  });

  test("an engine that is killed while it draws comes back and draws what it owes, and the window says so", async () => {
    const { page } = shared();
    expect(await drawThrough(shared(), "engine", "The engine runs again")).toEqual(["1", "2", "3"]);
    await expect.poll(() => shown(page).count()).toBe(3);
  });

  test("a store that is killed while pictures come loses none, goes on with the project, and the window says so", async () => {
    const { app, page } = shared();
    expect(await drawThrough(shared(), "store", "The project is open again.")).toEqual(["1", "2", "3"]);
    await expect.poll(() => shown(page).count()).toBe(3);

    // What is typed while it is gone is saved when it is back.
    process.kill(servicePid(app, "store"), "SIGKILL");
    await prompt(page).fill("a red circle, typed meanwhile");
    await expect.poll(() => saved(page).count()).toBe(1);
    expect((await apiOf(page).readDraft()).draft.scene.prompt).toBe("a red circle, typed meanwhile");
  });

  test("an engine that dies again and again is left alone until the person restarts it", async () => {
    const { app, page } = shared();
    await compose(page);
    await listen(page, ["service"]);
    const failed = banner(page, "alert", "That was too often to try again by itself.");
    for (let deaths = 1; (await failed.count()) === 0; deaths++) {
      expect(deaths).toBeLessThan(6);
      process.kill(servicePid(app, "engine"), "SIGKILL");
      const told = async () => (await heardBy(page, "service")).filter(({ state }) => state !== "ended").length;
      await expect.poll(told).toBe(deaths);
    }
    await failed.getByRole("button", { name: "Restart the engine" }).click();
    await banner(page, "status", "The engine runs again").waitFor();
    await prompt(page).fill("a green star");
    await page.getByText(/^Tokens used: *3 \/ 30$/).waitFor();
  });
});

describe.skipIf(!electron)("an app that is hurt", { timeout: LIMIT }, () => {
  test("a window whose process dies while it waits is shown again, and misses nothing", async () => {
    await using running = await launch();
    const { app, page } = running;
    const api = apiOf(page);
    const { draft } = await api.windowState();
    const job = await api.generate({ ...NO_EXTRAS, scene: fewSteps(draft.draft.scene), seeds: ["1", "2"] });
    await app.evaluate(async ({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents;
      const shownAgain = new Promise<void>((resolve) => contents.once("did-finish-load", () => resolve()));
      contents.forcefullyCrashRenderer();
      await shownAgain;
    });

    // A crashed page is lost to the test driver: main is asked instead.
    const outcome = () =>
      app.evaluate(async ({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]!.webContents;
        const reply = (await contents.executeJavaScript('window.app.call("windowState")')) as {
          value: { jobs: { jobId: string; outcome: string }[]; project: { results: number } };
        };
        return [reply.value.jobs.map(({ jobId, outcome }) => [jobId, outcome]), reply.value.project.results];
      });
    await expect.poll(outcome, { timeout: 120_000, interval: 500 }).toEqual([[[job.jobId, "done"]], 2]);
  });

  test("an app that is killed opens the same project at its next start, with all that was saved", async () => {
    const folder = await dataFolder();
    const first = await launch({ dataFolder: folder });
    const api = apiOf(first.page);
    const { project } = await api.windowState();
    await listen(first.page, ["job"]);
    const text = "a red circle and a blue square at night";
    await prompt(first.page).fill(text);
    await expect.poll(async () => (await api.readDraft()).draft.scene.prompt).toBe(text);
    const scene = fewSteps((await api.readDraft()).draft.scene);
    const job = await api.generate({ ...NO_EXTRAS, scene, seeds: ["3"] });
    await hear(first.page, "job", { jobId: job.jobId, outcome: "done" });
    await first.kill();

    await using second = await launch({ dataFolder: folder });
    const again = await apiOf(second.page).windowState();
    expect(again).toMatchObject({ recovered: true, firstStart: false, project: { path: project.path, results: 1 } });
    expect(again.draft.draft.scene.prompt).toBe(text);
    await second.quit();

    await using third = await launch({ dataFolder: folder });
    expect(await apiOf(third.page).windowState()).toMatchObject({ recovered: false, project: { path: project.path } });
  });
});
