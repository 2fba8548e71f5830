/** A name typed without its ending: the system's dialog saw no file of that name, and still nothing is replaced unasked. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { ElectronApplication, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ProjectFile } from "../../src-main/store/project.ts";
import { answer, press, questions, suggested } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { compose, draw, prompt, saved, view } from "./window.ts";

const dialog = (page: Page) => page.getByRole("dialog");
const title = (page: Page) => page.getByRole("heading", { level: 1 });

function promptIn(path: string): string {
  const file = ProjectFile.open(path);
  try {
    return file.readDraft().draft.scene.prompt;
  } finally {
    file.close();
  }
}

/** The save dialog gives these, one after the other, and is cancelled at last. */
async function typed(app: ElectronApplication, names: string[]): Promise<void> {
  await answer(app, "showSaveDialog", []);
  await app.evaluate(({ dialog: system }, given) => {
    const dialogs = system as unknown as { showSaveDialog: (...args: unknown[]) => Promise<{ filePath: string }> };
    const asked = dialogs.showSaveDialog.bind(system);
    const left = [...given];
    dialogs.showSaveDialog = async (...args) => {
      const cancelled = await asked(...args); // notes what was suggested
      const filePath = left.shift() ?? "";
      return { ...cancelled, canceled: filePath === "", filePath };
    };
  }, names);
}

describe.skipIf(!electron)("a name typed without its ending", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("of a project is asked about, and another name is asked for instead", async () => {
    const { app, page } = running();
    await compose(page, { prompt: "important poster" });
    await typed(app, [folder("poster")]);
    await press(app, []);
    await page.keyboard.press("Control+Shift+s");
    // An untitled project has its prompt in its title, too.
    await expect.poll(() => title(page).textContent()).toMatch(/^\s*poster/);
    expect(await questions(app), "nothing is there yet: nothing to ask").toEqual([]);
    await compose(page, { prompt: "scribble" });

    await press(app, ["Choose Another Name"]);
    await typed(app, [folder("poster"), folder("scribble")]);
    await page.keyboard.press("Control+Shift+s");
    await expect.poll(() => title(page).textContent()).toMatch(/^\s*scribble/);
    const [question] = await questions(app);
    expect(question?.message).toBe("There already is a file “poster.diorama”. Replace it?");
    expect(question?.detail).toContain(folder());
    const [first, second] = (await suggested(app)).map((path) => basename(path));
    expect([first, second]).toEqual([expect.stringMatching(/^Untitled( \d+)?\.diorama$/), "poster.diorama"]);
    expect(promptIn(folder("poster.diorama"))).toBe("important poster");

    // Its own name is no question: it goes on in the file that it has.
    await typed(app, [folder("scribble")]);
    await press(app, []);
    await page.keyboard.press("Control+Shift+s");
    await expect.poll(() => suggested(app)).toHaveLength(1);
    expect(await questions(app)).toEqual([]);
  });

  test("of a project is replaced when the person says so", async () => {
    const { app, page } = running();
    await press(app, ["Replace"]);
    await prompt(page).fill("better poster");
    await saved(page).waitFor();
    await typed(app, [folder("poster")]);
    await page.keyboard.press("Control+Shift+s");
    await expect.poll(() => title(page).textContent()).toContain("poster");
    await compose(page, { prompt: "next" });
    expect(promptIn(folder("poster.diorama"))).toBe("better poster");
  });

  test("of a picture and of a contact sheet is asked about in the same way", async () => {
    const { app, page } = running();
    await compose(page, { boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]] });
    await draw(page, 1);
    const ours = ["picture.png", "sheet.PNG"].map((name) => folder(name));
    for (const path of ours) writeFileSync(path, "somebody's work");
    await press(app, []);
    await typed(app, [folder("picture")]);
    await page.keyboard.press("Control+e");
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await expect.poll(() => questions(app)).toHaveLength(1);

    await page.keyboard.press("Escape");
    await view(page, "Results").click();
    writeFileSync(folder("sheet.png"), "somebody's work");
    await typed(app, [folder("sheet")]);
    await page.keyboard.press("Control+Shift+e");
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await expect.poll(() => questions(app)).toHaveLength(2);
    const words = (await questions(app)).map(({ message }) => message);
    expect(words).toEqual([expect.stringContaining("“picture.png”"), expect.stringContaining("“sheet.png”")]);
    for (const path of [...ours, folder("sheet.png")]) expect(readFileSync(path, "utf8")).toBe("somebody's work");
  });
});
