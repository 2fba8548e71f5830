/** Settings that outlive a project, and the picture that is composed after. */
import { writeFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { encodePng } from "../../src-main/image/png.ts";
import { answer, drop } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { canvas, compose, open, prompt, saved, undo } from "./window.ts";

const dialog = (page: Page) => page.getByRole("dialog");
const width = (page: Page) => page.getByRole("textbox", { name: "Width in pixels" });
const steps = (page: Page) => page.getByRole("textbox", { name: "Steps", exact: true });
const menu = (page: Page) => page.getByRole("button", { name: "Presets of settings" });

/** A picture of one colour, in another shape than the canvas. */
function plain(color: [number, number, number]): Uint8Array {
  const data = new Uint8Array(400 * 200 * 4);
  for (let at = 0; at < data.length; at += 4) data.set([...color, 255], at);
  return encodePng({ width: 400, height: 200, data });
}

/** The colour at a part of the picture on the canvas. */
async function colorAt(page: Page, x: number, y: number): Promise<number[]> {
  return canvas(page)
    .locator("canvas")
    .evaluate(
      (element, [right, down]) => {
        const drawn = element as unknown as {
          width: number;
          height: number;
          getContext(kind: "2d"): {
            getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
          };
        };
        const side = Math.min(drawn.width, drawn.height) - 48;
        const px = drawn.width / 2 + (right! - 0.5) * side;
        const py = drawn.height / 2 + (down! - 0.5) * side;
        return [...drawn.getContext("2d").getImageData(Math.round(px), Math.round(py), 1, 1).data.slice(0, 3)];
      },
      [x, y],
    );
}
const isNear = (color: number[], wanted: number[]) => color.every((part, i) => Math.abs(part - wanted[i]!) < 12);

describe.skipIf(!electron)("presets and the reference picture", { timeout: 90_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("settings are kept under a name, applied in another project as one step, renamed and deleted", async () => {
    const { page } = running();
    await compose(page, { boxes: [], steps: 7 });
    await menu(page).click();
    await page.getByRole("menuitem", { name: "Save these settings as a preset…" }).click();
    await dialog(page).getByRole("textbox", { name: "Name of a new preset" }).fill("quick");
    await page.keyboard.press("Enter");
    await dialog(page).getByRole("button", { name: "Apply “quick”" }).waitFor();
    await page.keyboard.press("Escape");

    await compose(page, { boxes: [], steps: 3 });
    await menu(page).click();
    await page.getByRole("menuitem", { name: /^quick/ }).click();
    await expect.poll(() => steps(page).inputValue()).toBe("7");
    expect(await undo(page).getAttribute("aria-label")).toBe("Undo Apply preset “quick”");
    await undo(page).click();
    await expect.poll(() => steps(page).inputValue()).toBe("3");

    await menu(page).click();
    await page.getByRole("menuitem", { name: "Save, rename, delete…" }).click();
    await dialog(page).getByRole("button", { name: "Rename “quick”" }).click();
    await page.keyboard.insertText("seven steps");
    await page.keyboard.press("Enter");
    await dialog(page).getByRole("button", { name: "Delete “seven steps”" }).click();
    await dialog(page).getByText("No presets yet").waitFor();
    await page.keyboard.press("Escape");
    await undo(page).click();
    await expect
      .poll(async () => (await apiOf(page).readPreferences()).presets)
      .toMatchObject([{ name: "seven steps" }]);
  });

  test("new projects begin with the default that was chosen, and as the checkpoint is best again", async () => {
    const { page } = running();
    await compose(page, { boxes: [], steps: 9 });
    await width(page).fill("192");
    await width(page).press("Enter");
    await menu(page).click();
    await page.getByRole("menuitem", { name: "Use as default for new projects" }).click();
    await expect
      .poll(async () => (await apiOf(page).readPreferences()).newProject)
      .toMatchObject({ width: 192, steps: 9 });
    await compose(page, { boxes: [], steps: 4 });
    await expect.poll(() => width(page).inputValue()).toBe("192"); // as the project before
    await width(page).fill("256");
    await width(page).press("Enter");
    await saved(page).waitFor();
    await page.keyboard.press("Control+n");
    await expect.poll(() => prompt(page).inputValue()).toBe("");
    await expect.poll(() => steps(page).inputValue()).toBe("9");
    expect(await width(page).inputValue()).toBe("192");

    await menu(page).click();
    await page.getByRole("menuitem", { name: /^Remove the default for new projects/ }).click();
    await expect.poll(async () => (await apiOf(page).readPreferences()).newProject).toBeUndefined();
  });

  test("a reference picture lies under the canvas, whole or filling it, on or off, undone, and is in the project's file", async () => {
    const { app, page } = running();
    await compose(page, { boxes: [] });
    await width(page).fill("256");
    await width(page).press("Enter");
    await page.getByRole("button", { name: "Fit the window" }).click();
    const picture = folder("after.png");
    await writeFile(picture, plain([200, 40, 120]));
    await page.getByRole("button", { name: "Reference picture", exact: true }).click();
    const panel = page.getByRole("group", { name: "Reference picture" });
    await panel.locator("input[type=file]").setInputFiles(picture);
    await panel.getByText("after.png").waitFor();
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.5), [200, 40, 120])).toBe(true);
    expect(isNear(await colorAt(page, 0.5, 0.1), [200, 40, 120])).toBe(false); // twice as wide as high
    await panel.getByRole("radio", { name: "Fill" }).click();
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.1), [200, 40, 120])).toBe(true);
    await page.keyboard.press("Escape");
    await canvas(page).focus();
    await page.keyboard.press("Shift+U");
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.5), [200, 40, 120])).toBe(false);
    await undo(page).click();
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.5), [200, 40, 120])).toBe(true);

    const file = folder("after.diorama");
    await answer(app, "showSaveDialog", [file]);
    await page.keyboard.press("Control+Shift+s");
    await page.getByRole("button", { name: "Project: after" }).waitFor();
    await saved(page).waitFor();
    await compose(page, { boxes: [] });
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.5), [200, 40, 120])).toBe(false);
    await apiOf(page).openRecent({ path: file, where: "here" });
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.5), [200, 40, 120])).toBe(true);
  });

  test("a picture without settings that is dropped on the window can be composed after", async () => {
    const { page } = running();
    await compose(page, { boxes: [] });
    const picture = folder("dropped.png");
    await writeFile(picture, plain([20, 160, 60]));
    await drop(page, picture);
    const alert = page.getByRole("alert").filter({ hasText: "dropped.png carries no settings of Diorama" });
    await alert.getByRole("button", { name: "Use as reference picture" }).click();
    await expect.poll(async () => isNear(await colorAt(page, 0.5, 0.5), [20, 160, 60])).toBe(true);
    expect(await undo(page).getAttribute("aria-label")).toBe("Undo Reference picture");
  });

  test("what is no picture is refused by its name; one that is damaged in the project says so, and can be removed", async () => {
    const { page } = running();
    const text = folder("notes.png");
    await writeFile(text, "no picture at all");
    await compose(page, { boxes: [] });
    await page.getByRole("button", { name: "Reference picture", exact: true }).click();
    const panel = page.getByRole("group", { name: "Reference picture" });
    await panel.locator("input[type=file]").setInputFiles(text);
    const alert = page.getByRole("alert");
    await alert.filter({ hasText: "notes.png cannot be shown as a picture. Choose a PNG" }).waitFor();
    await page.keyboard.press("Escape");

    const api = apiOf(page);
    const { draft } = await api.readDraft();
    await api.newProject({
      where: "here",
      draft: { ...draft, editor: { seedMode: { kind: "list" }, reference: { name: "lost.jpg", data: "AAAA" } } },
    });
    await alert.filter({ hasText: "The reference picture “lost.jpg” cannot be shown" }).waitFor();
    await page.getByRole("button", { name: "Reference picture", exact: true }).click();
    await panel.getByText("It cannot be shown").waitFor();
    await panel.getByRole("button", { name: "Remove" }).click();
    await panel.getByRole("button", { name: "Choose a picture…" }).waitFor();
  });
});

describe.skipIf(!electron)("a default for new projects", { timeout: 120_000 }, () => {
  test("is also that of a new window", async () => {
    await using running = await launch();
    const { page } = running;
    await open(page);
    const standard = {
      ...{ width: 320, height: 256, steps: 5, guidanceScale: 3, scheduler: "euler", karras: false, method: "ilgd" },
      ...{ nu: 1, injectionSteps: { start: 1, end: 2 }, eta: 2, lossSteps: { start: 1, end: 3 } },
    };
    await saved(page).waitFor();
    await apiOf(page).writePreferences({ newProject: standard });
    const opened = running.app.waitForEvent("window");
    await page.keyboard.press("Control+Shift+n");
    const other = await opened;
    await expect.poll(() => width(other).inputValue(), { timeout: 40_000 }).toBe("320");
    expect(await steps(other).inputValue()).toBe("5");
    expect(running.problems).toEqual([]);
  });
});
