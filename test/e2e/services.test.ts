/** The services under a real app: pictures are drawn, kept and shown, whatever dies. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { withSteps } from "../../src-main/api/defaults.ts";
import { DEMO_MODEL, pictureUrl } from "../../src-main/api/main.ts";
import type { Scene } from "../../src-main/api/scene.ts";
import { apiOf, hear, heardBy, listen, servicePid } from "./driver.ts";
import { electron, launch } from "./harness.ts";

const MODEL = { path: DEMO_MODEL, provider: "cpu", memory: "auto" } as const;
/** Few steps: these tests are about what becomes of pictures, not about the pictures. */
const fewSteps = (scene: Scene): Scene => ({ ...scene, settings: withSteps(scene.settings, 4) });
const LIMIT = 240_000;
const ALL = { order: "oldest", offset: 0, limit: 100 } as const;
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

describe.skipIf(!electron)("services of a running app", { timeout: LIMIT }, () => {
  test("what is drawn is in the project before the window hears of it, and is shown by its number", async () => {
    await using running = await launch();
    const { page } = running;
    const api = apiOf(page);
    const { project, draft } = await api.windowState();
    await listen(page, ["job", "image", "step"]);
    const scene = fewSteps(draft.draft.scene);
    const job = await api.generate({
      model: MODEL,
      scene,
      seeds: ["7", "18446744073709551615"],
      previewEvery: 0,
      attention: false,
    });
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
    expect(running.problems).toEqual([]);
  });

  test("an engine that is killed while it draws comes back and draws what it owes", async () => {
    await using running = await launch();
    const { app, page } = running;
    const api = apiOf(page);
    const { draft } = await api.windowState();
    await listen(page, ["job", "image", "service"]);
    const seeds = ["1", "2", "3"];
    const job = await api.generate({
      model: MODEL,
      scene: fewSteps(draft.draft.scene),
      seeds,
      previewEvery: 0,
      attention: false,
    });
    await hear(page, "image", { index: 0 });
    process.kill(servicePid(app, "engine"), "SIGKILL");

    await hear(page, "service", { service: "engine", state: "ended" });
    await hear(page, "job", { jobId: job.jobId, outcome: "done" });
    const { results } = await api.listResults(ALL);
    expect(results.map(({ seed }) => seed)).toEqual(seeds);
  });

  test("a store that is killed while pictures come loses none, and goes on with the project", async () => {
    await using running = await launch();
    const { app, page } = running;
    const api = apiOf(page);
    const { draft } = await api.windowState();
    await listen(page, ["job", "image", "service"]);
    const seeds = ["1", "2", "3"];
    const job = await api.generate({
      model: MODEL,
      scene: fewSteps(draft.draft.scene),
      seeds,
      previewEvery: 0,
      attention: false,
    });
    await hear(page, "image", { index: 0 });
    process.kill(servicePid(app, "store"), "SIGKILL");
    await api.saveDraft({ ...draft.draft, seeds: "5" });

    await hear(page, "service", { service: "store", state: "restarted" });
    await hear(page, "job", { jobId: job.jobId, outcome: "done" });
    const { results } = await api.listResults(ALL);
    expect(results.map(({ seed }) => seed)).toEqual(seeds);
    expect((await api.readDraft()).draft.seeds).toBe("5");
  });

  test("a window whose process dies while it waits is shown again, and misses nothing", async () => {
    await using running = await launch();
    const { app, page } = running;
    const api = apiOf(page);
    const { draft } = await api.windowState();
    const job = await api.generate({
      model: MODEL,
      scene: fewSteps(draft.draft.scene),
      seeds: ["1", "2"],
      previewEvery: 0,
      attention: false,
    });
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
    const { project, draft } = await api.windowState();
    await listen(first.page, ["job"]);
    const scene = { ...fewSteps(draft.draft.scene), prompt: `${draft.draft.scene.prompt}, at night` };
    await api.saveDraft({ ...draft.draft, scene });
    const job = await api.generate({ model: MODEL, scene, seeds: ["3"], previewEvery: 0, attention: false });
    await hear(first.page, "job", { jobId: job.jobId, outcome: "done" });
    const gone = new Promise<void>((resolve) => first.app.once("close", () => resolve()));
    first.app.process().kill("SIGKILL");
    await gone;

    await using second = await launch({ dataFolder: folder });
    const again = await apiOf(second.page).windowState();
    expect(again).toMatchObject({ recovered: true, firstStart: false, project: { path: project.path, results: 1 } });
    expect(again.draft.draft.scene.prompt).toBe(scene.prompt);
    await second.quit();

    await using third = await launch({ dataFolder: folder });
    expect(await apiOf(third.page).windowState()).toMatchObject({ recovered: false, project: { path: project.path } });
  });
});
