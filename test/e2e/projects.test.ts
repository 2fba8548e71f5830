/** Projects as files, windows beside each other, checkpoints and preferences: what outlives a picture. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ElectronApplication, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../support/imports.ts";
import { answer, suggested } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { commandOf, electron, launch, type RunningApp } from "./harness.ts";
import { sharedFolder } from "./shared.ts";
import { boxes, choice, compose, draw, open, prompt, results, saved } from "./window.ts";

const title = (page: Page) => page.getByRole("heading", { level: 1 });
const status = (page: Page) => page.getByRole("banner").getByRole("status");
const theme = (page: Page) => page.locator("html").getAttribute("data-theme");
const windows = (app: ElectronApplication) =>
  app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()
      .map((window) => window.getTitle())
      .sort(),
  );

async function type(page: Page, text: string): Promise<void> {
  await prompt(page).fill(text);
  await expect.poll(() => status(page).textContent()).toBe("Draft saved");
}

/** One app for the tests up to its end; the last of them begin it again in the same data folder. */
describe.skipIf(!electron)("projects", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  let running: RunningApp;
  let first: string;
  let second: string;

  beforeAll(async () => {
    [first, second] = [folder("first.diorama"), folder("second.diorama")];
    running = await launch({ dataFolder: folder("data") });
    await open(running.page);
  }, 240_000);
  afterAll(() => running.quit());

  test("are saved under a name, saved again unasked, and continued under another name", async () => {
    const { app, page } = running;
    await compose(page, { prompt: "a red circle", boxes: [["red circle", [0.2, 0.2, 0.5, 0.5]]] });
    await draw(page, 1);
    expect(await title(page).textContent()).toContain("Untitled");
    await answer(app, "showSaveDialog", []);
    await page.keyboard.press("Control+s");
    await expect.poll(() => suggested(app)).toHaveLength(1);
    expect(await title(page).textContent()).toContain("Untitled");

    await answer(app, "showSaveDialog", [folder("first")]); // the ending is added
    await page.keyboard.press("Control+s");
    await expect.poll(() => title(page).textContent()).toContain("first");
    await expect.poll(() => status(page).textContent()).toBe("Saved");
    expect((await suggested(app)).map((path) => basename(path))).toEqual(["Untitled.diorama"]);
    await expect.poll(() => results(page).count()).toBe(1);

    await type(page, "a red circle, saved");
    await page.keyboard.press("Control+s");
    await expect.poll(() => status(page).textContent()).toBe("Saved");
    expect(await suggested(app)).toHaveLength(1);

    await answer(app, "showSaveDialog", [second]);
    await page.keyboard.press("Control+Shift+s");
    await expect.poll(() => title(page).textContent()).toContain("second");
    await type(page, "a red circle, in the second");
    expect((await readdir(folder())).filter((name) => name.endsWith(".diorama")).sort()).toEqual([
      "first.diorama",
      "second.diorama",
    ]);
  });

  test("are opened again as they were left, pictures and all, and are among the recent ones", async () => {
    const { app, page } = running;
    await answer(app, "showOpenDialog", [first]);
    await page.keyboard.press("Control+o");
    await expect.poll(() => title(page).textContent()).toContain("first");
    await expect.poll(() => prompt(page).inputValue()).toBe("a red circle, saved");
    await expect.poll(() => results(page).count()).toBe(1);
    await expect.poll(() => boxes(page).count()).toBe(1);

    const recent = await apiOf(page).recentProjects();
    expect(recent.slice(0, 2).map(({ path }) => path)).toEqual([first, second]);
    expect(recent[1]!.glance).toMatchObject({ width: 256, height: 256 }); // as it was left
    const inMenu = () =>
      app.evaluate(({ Menu }) => {
        const file = Menu.getApplicationMenu()!.items.find(({ label }) => label === "&File")!;
        return file
          .submenu!.items.find(({ label }) => label === "Open recent")!
          .submenu!.items.map((item) => item.label);
      });
    await expect.poll(inMenu).toEqual(expect.arrayContaining(["first", "second"]));
  });

  test("have windows of their own, and none has two", async () => {
    const { app, page } = running;
    const opened = app.waitForEvent("window");
    await page.keyboard.press("Control+Shift+n");
    const other = await opened;
    await open(other);
    await type(other, "in the other window");
    expect(await prompt(page).inputValue()).toBe("a red circle, saved");

    // A project that is open in a window is shown there, and not opened twice.
    await answer(app, "showOpenDialog", [first]);
    await other.keyboard.press("Control+o");
    await expect.poll(() => suggested(app)).toHaveLength(1);
    await expect.poll(async () => (await windows(app)).length).toBe(2);
    expect(await prompt(other).inputValue()).toBe("in the other window");

    await answer(app, "showOpenDialog", [second]);
    await other.keyboard.press("Control+o");
    await expect.poll(() => prompt(other).inputValue()).toBe("a red circle, in the second");
    expect(await windows(app)).toEqual(["first – Diorama", "second – Diorama"]);

    // What is typed last is kept though the window closes at once.
    await prompt(other).fill("the last words");
    const closed = other.waitForEvent("close");
    await app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()
        .find((window) => window.getTitle().startsWith("second"))!
        .close();
    });
    await closed;
    await expect.poll(() => windows(app)).toEqual(["first – Diorama"]);
    await answer(app, "showOpenDialog", [second]);
    await page.keyboard.press("Control+o");
    await expect.poll(() => prompt(page).inputValue()).toBe("the last words");
  });

  test("can use a checkpoint folder from the disk; a broken one says what is wrong with it", async () => {
    const { app, page } = running;
    const demo = join(ROOT, "resources/models/demo");
    const [broken, good] = [folder("broken"), folder("my-icons")];
    await cp(demo, good, { recursive: true });
    await cp(demo, broken, { recursive: true });
    await truncate(join(broken, "unet/diffusion_pytorch_model.safetensors"), 4_096);
    const add = page.getByRole("button", { name: "Add a checkpoint file from the disk" });
    const checkpoint = choice(page, "Checkpoint");

    await answer(app, "showOpenDialog", [broken]);
    await add.click();
    const alert = page.getByRole("alert").filter({ hasText: "diffusion_pytorch_model.safetensors" });
    await alert.waitFor();
    await alert.getByRole("button", { name: "Dismiss" }).click();
    expect(await checkpoint.getAttribute("aria-label")).toBe("Checkpoint: Demo model");
    const empty = folder("empty");
    await mkdir(empty);
    await answer(app, "showOpenDialog", [empty]);
    await add.click();
    await page.getByRole("alert").filter({ hasText: empty }).waitFor();

    await answer(app, "showOpenDialog", [good]);
    await add.click();
    await expect.poll(() => checkpoint.getAttribute("aria-label")).toBe("Checkpoint: my-icons");
    await page.getByText(/M parameters/).waitFor();
    await draw(page, (await results(page).count()) + 1);

    await page.keyboard.press("Control+,");
    const preferences = page.getByRole("dialog", { name: "Preferences" });
    await preferences.getByText(good, { exact: true }).waitFor();
    await preferences.getByRole("button", { name: /^Forget/ }).click();
    await preferences.getByText(good, { exact: true }).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    expect(await readdir(good)).toContain("unet");
  });

  test("are opened by double click, also while the app runs, and the colours chosen stay", async () => {
    const { page } = running;
    await page.keyboard.press("Control+,");
    for (const [name, colours] of [
      ["Light", "light"],
      ["Dark", "dark"],
    ] as const) {
      await page.getByRole("dialog", { name: "Preferences" }).getByRole("radio", { name }).check();
      await expect.poll(() => theme(page)).toBe(colours);
    }
    await page.keyboard.press("Escape");
    await saved(page).waitFor();
    await running.quit();

    running = await launch({ dataFolder: folder("data"), files: [first] });
    const again = running.page;
    await open(again);
    await expect.poll(() => title(again).textContent()).toContain("first");
    await expect.poll(() => theme(again)).toBe("dark");
    await expect.poll(() => running.app.evaluate(({ nativeTheme }) => nativeTheme.themeSource)).toBe("dark");

    // The system starts the program again for the next file; the one that runs opens it, and the new one ends.
    const opened = running.app.waitForEvent("window");
    const { command, args, env } = await commandOf({ dataFolder: folder("data"), files: [second] });
    const late = spawn(command, args, { env, stdio: "ignore" });
    const [[code], other] = await Promise.all([once(late, "exit") as Promise<[number]>, opened]);
    expect(code).toBe(0);
    await open(other);
    await expect.poll(() => prompt(other).inputValue()).toBe("the last words");
    expect(await windows(running.app)).toEqual(["first – Diorama", "second – Diorama"]);
  });

  test("a file that is no project gets no window; the one in front says why", async () => {
    const broken = folder("broken.diorama");
    await writeFile(broken, "this is no project");
    const { command, args, env } = await commandOf({ dataFolder: folder("data"), files: [broken] });
    await once(spawn(command, args, { env, stdio: "ignore" }), "exit");
    const alert = (page: Page) => page.getByRole("alert").filter({ hasText: "broken.diorama" });
    await Promise.any(running.app.windows().map((page) => alert(page).waitFor()));
    expect(await windows(running.app)).toEqual(["first – Diorama", "second – Diorama"]);
    expect(running.app.windows()).toHaveLength(2);
  });
});
