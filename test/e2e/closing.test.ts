/** Nothing is closed over work that could not be saved: the person is told why, and offered another place. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ElectronApplication, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ProjectFile } from "../../src-main/store/project.ts";
import { canMount, smallDisk } from "../support/smallDisk.ts";
import { answer, press, questions, suggested } from "./dialogs.ts";
import { electron, launch } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { compose, open, prompt } from "./window.ts";

/** More than the free pages of a file can take. */
const LONG = "an hour of work, ".repeat(1_000);
const status = (page: Page) => page.getByRole("banner").getByRole("status");

function promptIn(path: string): string {
  const file = ProjectFile.open(path);
  try {
    return file.readDraft().draft.scene.prompt;
  } finally {
    file.close();
  }
}

/** A window of its own with a project on a disk that has become full since, and a draft that has no room there. */
async function fullProject(app: ElectronApplication, from: Page) {
  const disk = smallDisk();
  const path = join(disk.folder, "poster.diorama");
  const [page] = await Promise.all([app.waitForEvent("window"), from.keyboard.press("Control+Shift+n")]);
  await open(page);
  await compose(page, { prompt: "a red circle" });
  await answer(app, "showSaveDialog", [path]);
  await page.keyboard.press("Control+Shift+s");
  await expect.poll(() => page.getByRole("heading", { level: 1 }).textContent()).toContain("poster");
  disk.fill();
  await prompt(page).fill(LONG);
  await expect.poll(() => status(page).textContent()).toBe("Not saved");
  const isClosed = () => page.isClosed();
  const close = async () => {
    await (await app.browserWindow(page)).evaluate((window: { close(): void }) => window.close());
  };
  return { page, path, disk, close, isClosed };
}

describe.skipIf(!electron || !canMount)("closing a window whose draft could not be saved", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("asks and says why; it stays open, or is closed once all of it is saved elsewhere", async () => {
    const { app, page: first } = running();
    const { page, path, close, isClosed } = await fullProject(app, first);
    await press(app, ["Keep Open"]);
    await close();
    await expect.poll(async () => (await questions(app)).length, { timeout: 20_000 }).toBe(1);
    const [question] = await questions(app);
    expect(question?.message).toBe("“poster” could not be saved.");
    expect(question?.detail).toContain(`The disk with ${path} is full`);
    expect(isClosed()).toBe(false);
    expect(await prompt(page).inputValue()).toBe(LONG);

    // The first place is none either; then another is asked for.
    await answer(app, "showSaveDialog", [join(path, "..", "second.diorama")]);
    await press(app, ["Save Elsewhere…"]);
    await close();
    await expect.poll(async () => (await suggested(app)).length, { timeout: 20_000 }).toBeGreaterThan(0);
    await answer(app, "showSaveDialog", [folder("kept.diorama")]);
    await expect.poll(isClosed, { timeout: 20_000 }).toBe(true);
    expect(promptIn(folder("kept.diorama"))).toBe(LONG);
    expect(existsSync(join(path, "..", "second.diorama"))).toBe(false);
  });

  test("is done without saving when the person says so, and without a question when there is room again", async () => {
    const { app, page: first } = running();
    const lost = await fullProject(app, first);
    await press(app, ["Close Without Saving"]);
    await lost.close();
    await expect.poll(lost.isClosed, { timeout: 20_000 }).toBe(true);
    lost.disk.makeRoom();
    expect(promptIn(lost.path)).toBe("a red circle");

    const saved = await fullProject(app, first);
    saved.disk.makeRoom();
    await press(app, []);
    await saved.close();
    await expect.poll(saved.isClosed, { timeout: 20_000 }).toBe(true);
    expect(await questions(app)).toEqual([]);
    expect(promptIn(saved.path)).toBe(LONG);
  });

  test("also asks when its page does not answer", async () => {
    const { app, page: first } = running();
    const [page] = await Promise.all([app.waitForEvent("window"), first.keyboard.press("Control+Shift+n")]);
    await open(page);
    const handle = await app.browserWindow(page);
    await press(app, ["Close Without Saving"]);
    // Begins as soon as this has answered: what comes after it waits.
    await page.evaluate(() => {
      setTimeout(() => {
        for (const end = Date.now() + 15_000; Date.now() < end;);
      });
    });
    await handle.evaluate((window: { close(): void }) => window.close());
    await expect.poll(async () => (await questions(app))[0]?.detail ?? "", { timeout: 20_000 }).toContain("not answer");
    await expect.poll(() => page.isClosed(), { timeout: 20_000 }).toBe(true);
  });

  test("quitting asks the same, stays when the person would rather, and ends when all is saved", async () => {
    await using own = await launch();
    const { app, page: first } = own;
    await open(first);
    const { page, isClosed } = await fullProject(app, first);
    await press(app, ["Keep Open"]);
    await app.evaluate(({ app: electronApp }) => electronApp.quit());
    await expect.poll(async () => (await questions(app)).length, { timeout: 20_000 }).toBe(1);
    expect([isClosed(), await prompt(page).inputValue()]).toEqual([false, LONG]);

    await press(app, ["Save Elsewhere…"]);
    await answer(app, "showSaveDialog", [folder("at the end.diorama")]);
    await Promise.all([app.waitForEvent("close"), app.evaluate(({ app: electronApp }) => electronApp.quit())]);
    expect(promptIn(folder("at the end.diorama"))).toBe(LONG);
  });
});

describe.skipIf(!electron || !canMount)("a data folder on a full disk", { timeout: 120_000 }, () => {
  test("the program starts, says what it cannot keep, draws on, and quits", async () => {
    const disk = smallDisk(64);
    const dataFolder = join(disk.folder, "data");
    const before = await launch({ dataFolder });
    await open(before.page);
    await before.quit();
    disk.fill();
    await using own = await launch({ dataFolder });
    const { app, page } = own;
    await open(page);
    await page
      .getByRole("alert")
      .filter({ hasText: `${dataFolder}, cannot be written: its disk is full` })
      .waitFor();
    await compose(page, { prompt: "something new" });
    await page.getByRole("alert").or(page.getByRole("status")).filter({ hasText: "for now" }).first().waitFor();
    await Promise.all([app.waitForEvent("close"), app.evaluate(({ app: electronApp }) => electronApp.quit())]);
    expect(own.output.join("")).not.toMatch(/unhandled|UnhandledPromise/i);
  });
});
