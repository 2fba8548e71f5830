/** The file under the window is renamed, deleted, replaced or cannot be written: the window says so, and everything is kept. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft } from "../support/projects.ts";
import { canMount, smallDisk } from "../support/smallDisk.ts";
import { answer } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { compose, prompt, saved, undo } from "./window.ts";

const title = (page: Page) => page.getByRole("heading", { level: 1 });
const status = (page: Page) => page.getByRole("banner").getByRole("status");
const alert = (page: Page, text: string | RegExp) => page.getByRole("alert").filter({ hasText: text });

function promptIn(path: string): string {
  const file = ProjectFile.open(path);
  const { prompt } = file.readDraft().draft.scene;
  file.close();
  return prompt;
}

describe.skipIf(!electron)("the project's file", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const app = sharedApp();

  /** A project of its own, saved at this path. */
  async function begin(path: string): Promise<Page> {
    const { page } = app();
    await compose(page, { prompt: "a red circle" });
    await saveCopy(path);
    return page;
  }
  async function saveCopy(path: string): Promise<void> {
    const { page } = app();
    await answer(app().app, "showSaveDialog", [path]);
    await page.keyboard.press("Control+Shift+s");
    await expect.poll(() => title(page).getByRole("button").getAttribute("title")).toBe(path);
  }
  const focus = async () => {
    const window = await app().app.browserWindow(app().page);
    await window.evaluate((one: { emit(name: string): void }) => one.emit("focus")); // there is no window manager here
  };
  /** From now on each question is answered as by Escape. */
  const refuseAll = () =>
    app().app.evaluate(({ dialog }) => {
      const here = globalThis as { messages?: string[] };
      here.messages = [];
      const boxes = dialog as unknown as Record<string, unknown>;
      boxes["showMessageBox"] = (_window: unknown, { message }: { message: string }) => {
        here.messages!.push(message);
        return Promise.resolve({ response: 0, checkboxChecked: false });
      };
    });
  const asked = () => app().app.evaluate(() => (globalThis as { messages?: string[] }).messages);
  async function leave(): Promise<void> {
    const { page } = app();
    await answer(app().app, "showSaveDialog", []);
    await compose(page);
  }

  test("renamed: the window shows its new name, and goes on in it", async () => {
    const page = await begin(folder("cats.diorama"));
    renameSync(folder("cats.diorama"), folder("dogs.diorama"));
    await focus();
    await expect.poll(() => title(page).textContent()).toContain("dogs");
    await alert(page, "was moved by another program").waitFor();
    await prompt(page).fill("a red circle, in the new one");
    await expect.poll(() => promptIsThere(folder("dogs.diorama"), "a red circle, in the new one")).toBe(true);
    expect(await app().app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getTitle())).toBe(
      "dogs – Diorama",
    );
    await leave();
    expect(promptIn(folder("dogs.diorama"))).toBe("a red circle, in the new one");
    expect(existsSync(folder("cats.diorama"))).toBe(false);
  });

  test("deleted: it is written anew, and the window says so", async () => {
    const page = await begin(folder("gone.diorama"));
    rmSync(folder("gone.diorama"));
    await prompt(page).fill("an hour of work");
    await page.keyboard.press("Control+s");
    await alert(page, /gone\.diorama was deleted by another program\. It was written anew/).waitFor();
    await expect.poll(() => status(page).textContent()).toBe("Saved");
    await leave();
    expect(promptIn(folder("gone.diorama"))).toBe("an hour of work");
  });

  test("replaced: nothing is called saved, and saving a copy keeps both versions", async () => {
    const page = await begin(folder("mine.diorama"));
    ProjectFile.create(folder("theirs.diorama"), sampleDraft("theirs")).close();
    renameSync(folder("theirs.diorama"), folder("mine.diorama"));
    await focus();
    const told = alert(page, /Another program put a different file at .*mine\.diorama/);
    await told.waitFor();
    await prompt(page).fill("an hour of work");
    await expect.poll(() => status(page).textContent()).toBe("Not saved");
    await answer(app().app, "showSaveDialog", [folder("copy.diorama")]);
    await told.getByRole("button", { name: "Save a copy as…" }).click();
    await told.waitFor({ state: "detached" });
    await expect.poll(() => title(page).textContent()).toContain("copy");
    await saved(page).waitFor();
    expect(await undo(page).isEnabled()).toBe(true); // what was typed can be undone in the copy, too
    await leave();
    expect([promptIn(folder("copy.diorama")), promptIn(folder("mine.diorama"))]).toEqual(["an hour of work", "theirs"]);
  });

  test("in a folder where nothing can be written: it is open for reading, says so, and Ctrl+S keeps what was changed elsewhere", async () => {
    const locked = folder("locked", "art.diorama");
    mkdirSync(dirname(locked));
    const page = await begin(locked);
    await leave();
    chmodSync(dirname(locked), 0o555);
    await answer(app().app, "showOpenDialog", [locked]);
    await page.keyboard.press("Control+o");
    await alert(page, /art\.diorama is open for reading only/).waitFor();
    await expect.poll(() => status(page).textContent()).toBe("Read only");
    await prompt(page).fill("a dog on a mat");
    await expect.poll(() => status(page).textContent()).toBe("Not saved");
    await answer(app().app, "showSaveDialog", [folder("art.diorama")]);
    await page.keyboard.press("Control+s");
    await expect.poll(() => status(page).textContent()).toBe("Saved");
    chmodSync(dirname(locked), 0o755);
    await leave();
    expect([promptIn(folder("art.diorama")), promptIn(locked)]).toEqual(["a dog on a mat", "a red circle"]);
  });

  test.skipIf(!canMount)(
    "on a full disk: it can be left, and what was not saved is offered and comes back",
    async () => {
      const disk = smallDisk();
      const path = `${disk.folder}/full.diorama`;
      const page = await begin(path);
      disk.fill();
      const long = "an hour of work ".repeat(600);
      await prompt(page).fill(long);
      await alert(page, `The disk with ${path} is full`).waitFor();
      await expect.poll(() => status(page).textContent()).toBe("Not saved");
      await page.keyboard.press("Control+n");
      await expect.poll(() => title(page).textContent()).toContain("Untitled");
      const offered = alert(page, "What was done last in “full” could not be saved");
      await offered.waitFor();
      await expect.poll(() => alert(page, "is full").count()).toBe(0); // it is of the other project
      await refuseAll();
      await app().app.evaluate(({ app: electron }) => electron.quit());
      await expect.poll(asked).toEqual(["What was done last in “full” could not be saved."]);
      disk.makeRoom();
      await offered.getByRole("button", { name: "Open “full”" }).click();
      await expect.poll(() => prompt(page).inputValue()).toBe(long);
      await saved(page).waitFor();
      await offered.waitFor({ state: "detached" });
      await leave();
      expect(promptIn(path)).toBe(long);
    },
  );
});

/** Whether an open project's file says this: another look at it would take away no lock of ours. */
async function promptIsThere(path: string, text: string): Promise<boolean> {
  const { readFile } = await import("node:fs/promises");
  return (await readFile(path)).includes(text);
}
