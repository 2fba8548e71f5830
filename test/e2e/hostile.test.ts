/** What a hostile page, a hostile project or a disk that is gone does to the running app. */
import Database from "better-sqlite3";
import type { ElectronApplication } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answer, suggested } from "./dialogs.ts";
import { apiOf, servicePid } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { makeProject, openProject } from "./manyResults.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { compose, open, prompt, results as shown, saved, settled } from "./window.ts";

const LIMIT = 240_000;

interface Page {
  location: { href: string };
  app: { call: (method: string, request?: unknown) => Promise<{ ok: boolean; error?: { code: string } }> };
}
interface Asked {
  questions: { message: string; detail: string; buttons: string[] }[];
}

/** Questions are answered with this button from now on, and written down. */
async function answerQuestions(app: ElectronApplication, response: number): Promise<void> {
  await app.evaluate(({ dialog }, response) => {
    const here = globalThis as unknown as Asked;
    here.questions = [];
    dialog.showMessageBox = (...args: unknown[]) => {
      here.questions.push(args.at(-1) as Asked["questions"][number]);
      return Promise.resolve({ response, checkboxChecked: false });
    };
  }, response);
}
const questions = (app: ElectronApplication) =>
  app.evaluate(() => (globalThis as unknown as Asked).questions.map(({ message, buttons }) => [message, ...buttons]));

describe.skipIf(!electron)("a page that was taken over", { timeout: LIMIT }, () => {
  const shared = sharedApp();

  test("cannot leave a blank window behind: the editor comes back with what was saved", async () => {
    const { page } = shared();
    await compose(page, { prompt: "a cat before the page was left" });
    await saved(page).waitFor();
    await page.evaluate(() => void ((globalThis as unknown as Page).location.href = "about:blank"));
    await open(page);
    expect(page.url()).toBe("app://diorama/index.html");
    await expect.poll(() => prompt(page).inputValue()).toBe("a cat before the page was left");
  });

  test("cannot send millions of values, and the app goes on answering", async () => {
    const { page } = shared();
    const replies = await page.evaluate(async () => {
      const { app } = globalThis as unknown as Page;
      const wrong = new Array<number>(3_000_000).fill(-1);
      const sent = [
        app.call("markResults", { ids: wrong }),
        app.call("exportPictures", { ids: wrong, settings: true, form: "png", pattern: "x" }),
      ];
      const flood = Array.from({ length: 5_000 }, () => app.call("readResult", { id: 999_999 }));
      return [...(await Promise.all(sent)), ...(await Promise.all(flood))].map(({ error }) => error?.code);
    });
    expect(new Set(replies)).toEqual(new Set(["bad-request", "not-found"]));
    expect(replies.slice(0, 2)).toEqual(["bad-request", "bad-request"]);
    expect((await apiOf(page).listResults({ order: "newest", offset: 0, limit: 1 })).total).toBe(0);
  });
});

describe.skipIf(!electron)("a project of a stranger, in the window", { timeout: LIMIT }, () => {
  const file = sharedFolder();
  const shared = sharedApp();

  test("a title of a sheet is no path", async () => {
    const { app, page } = shared();
    const path = file("sheet.diorama");
    makeProject(path, 2);
    await openProject(app, page, path);
    await answer(app, "showSaveDialog", []);
    const { results } = await apiOf(page).listResults({ order: "newest", offset: 0, limit: 9 });
    const ids = results.map(({ id }) => id);
    const look = { form: "png", columns: null, captions: [], boxes: false, footer: false } as const;
    const request = { ids, look: { ...look, captions: [] }, settings: false, pattern: "x", notes: [], colors: [] };
    await apiOf(page).exportSheet({ ...request, title: "../../.config/autostart/x" });
    await apiOf(page).exportSheet({ ...request, title: "../" });
    const names = (await suggested(app)).map((path) => path.split("/").at(-1));
    expect(names).toEqual(["config autostart x.png", "contact sheet.png"]);
    expect(new Set((await suggested(app)).map((path) => path.split("/").slice(0, -1).join("/"))).size).toBe(1);
  });

  test("rows that are none are left out, and the window says so", async () => {
    const { app, page } = shared();
    const path = file("wrong.diorama");
    makeProject(path, 3);
    const db = new Database(path);
    db.pragma("ignore_check_constraints = ON");
    db.exec("UPDATE result SET seed = '<img src=x onerror=alert(1)>' WHERE id = 2");
    db.close();
    await openProject(app, page, path);
    await expect.poll(() => shown(page).count()).toBe(2);
    await page.getByText("1 picture in this project cannot be read and are not shown").first().waitFor();
  });
});

describe.skipIf(!electron || process.platform === "win32")("a store that does not answer", { timeout: LIMIT }, () => {
  const file = sharedFolder();
  const shared = sharedApp();

  test("is asked about, and waited for as long as the person wishes", async () => {
    const { app, page } = shared();
    const project = await compose(page);
    await answerQuestions(app, 0);
    const pid = servicePid(app, "store");
    process.kill(pid, "SIGSTOP");
    await prompt(page).fill("a cat that was typed meanwhile");
    await expect
      .poll(() => questions(app), { timeout: 30_000 })
      .toEqual([[`“${project.name}” does not answer.`, "Keep Waiting", "Close It"]]);
    process.kill(pid, "SIGCONT");
    await saved(page).waitFor();
    expect((await apiOf(page).readDraft()).draft.scene.prompt).toBe("a cat that was typed meanwhile");
    expect(servicePid(app, "store")).toBe(pid);
  });

  test("can be given up: its window closes, and what was typed is in the file", async () => {
    const path = file("silent.diorama");
    makeProject(path, 1);
    await using running = await launch({ files: [path] });
    const { app, page } = running;
    await saved(page).waitFor();
    await answerQuestions(app, 1);
    const gone = new Promise<void>((resolve) => app.once("close", () => resolve()));
    process.kill(servicePid(app, "store"), "SIGSTOP");
    await prompt(page).fill("a cat that was typed while it was silent");
    await gone;
    const db = new Database(path, { readonly: true });
    const draft = db.prepare("SELECT draft FROM project").pluck().get() as string;
    db.close();
    expect(draft).toContain("a cat that was typed while it was silent");
  });

  test("that is being opened can be given up, and the window goes on with the one before", async () => {
    const path = file("endless.diorama");
    makeProject(path, 1);
    await using running = await launch();
    const { app, page } = running;
    await open(page);
    await settled(page); // else what is silent is the saving of the project that is open
    await answerQuestions(app, 1);
    await answer(app, "showOpenDialog", [path]);
    const before = (await apiOf(page).windowState()).project.path;
    // What the window asks of its own accord is answered by then, too.
    await page.waitForTimeout(1_000);
    await apiOf(page).readDraft();
    process.kill(servicePid(app, "store"), "SIGSTOP");
    await page.keyboard.press("Control+o");
    await page.getByRole("alert").filter({ hasText: "did not answer and was given up" }).waitFor();
    expect(await questions(app)).toEqual([["“endless” does not answer.", "Keep Waiting", "Do Not Open It"]]);
    expect((await apiOf(page).windowState()).project.path).toBe(before);
  });
});
