/** Sheets and pictures in other forms, from the dialog to the file and back into the window. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { BOX_COLORS } from "../../src-main/scene/boxColors.ts";
import { readAttachment } from "../../src-main/image/pdfSettings.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { readSheetRecords } from "../../src-main/image/sheetRecords.ts";
import { answer, drop, suggested } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { card, choose, compose, draw, prompt, results, seeds, view, type Composition } from "./window.ts";

const SCENE: Composition = {
  prompt: "a red circle on a white background",
  boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]],
  seeds: "4,5",
};
const dialog = (page: Page) => page.getByRole("dialog", { name: /^Export/ });
const told = (page: Page, text: string) => page.getByRole("status").filter({ hasText: text });
const bytesOf = async (path: string) => new Uint8Array(await readFile(path));

describe.skipIf(!electron)("sheets", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  beforeAll(async () => {
    const { page } = running();
    await compose(page, SCENE);
    await draw(page, 2);
  }, 240_000);

  async function chooseBoth(): Promise<void> {
    const { page } = running();
    await page.keyboard.press("Escape");
    await view(page, "Results").click();
    await card(page, 5).click();
    await card(page, 4).click({ modifiers: ["Shift"] });
  }
  const exportTo = async (path: string) => {
    const { app, page } = running();
    await answer(app, "showSaveDialog", [path]);
    await dialog(page).getByRole("button", { name: "Export…" }).click();
  };

  test("a PNG has the title, captions and boxes that were chosen; dropped back, it leads to its pictures", async () => {
    const { page } = running();
    await chooseBoth();
    await page.keyboard.press("Control+Shift+e");
    await dialog(page).getByRole("textbox", { name: "Title" }).fill("赤い円, Größe");
    await choose(page, "Columns", /^1$/);
    await dialog(page).getByRole("checkbox", { name: "File name" }).check();
    const shot = process.env["DIORAMA_SHOTS"];
    if (shot) await page.screenshot({ path: `${shot}/dialog-sheet.png` });
    const path = folder("sheet.png");
    await exportTo(path);
    await told(page, `The contact sheet is ${path}`).waitFor();
    const { pixels, texts } = decodePng(await bytesOf(path));
    expect(pixels.height).toBeGreaterThan(1.6 * pixels.width); // two rows of one
    const records = readSheetRecords(texts.find(({ keyword }) => keyword === "diorama-sheet")!.text);
    expect(records.map(({ seed }) => seed).sort()).toEqual(["4", "5"]);
    const red = Number.parseInt(BOX_COLORS.light[0]!.slice(1), 16);
    let boxPixels = 0;
    for (let i = 0; i < pixels.data.length; i += 4) {
      const [r, g, b] = pixels.data.subarray(i, i + 3);
      if ((r! << 16) + (g! << 8) + b! === red) boxPixels++;
    }
    expect(boxPixels).toBeGreaterThan(1_000);

    await page.keyboard.press("Control+1");
    await drop(page, path);
    await told(page, "All 2 pictures of sheet.png are chosen.").waitFor();
    expect(await results(page).and(page.locator("[aria-selected=true]")).count()).toBe(2);
  });

  test("a PDF carries the settings, and nothing where that is not wished; what was chosen is remembered", async () => {
    const { page } = running();
    await chooseBoth();
    await page.keyboard.press("Control+Shift+e");
    expect(await dialog(page).getByRole("checkbox", { name: "File name" }).isChecked()).toBe(true);
    await dialog(page).getByRole("radio", { name: "PDF, A4" }).click();
    const path = folder("sheet.pdf");
    await exportTo(path);
    await told(page, `The contact sheet is ${path}`).waitFor();
    expect(readSheetRecords(readAttachment(await bytesOf(path))!)).toHaveLength(2);

    await chooseBoth();
    await page.keyboard.press("Control+Shift+e");
    const settings = dialog(page).getByRole("checkbox", { name: /^Put the settings/ });
    await settings.uncheck();
    const bare = folder("bare.pdf");
    await exportTo(bare);
    await told(page, `The contact sheet is ${bare}`).waitFor();
    expect(readAttachment(await bytesOf(bare))).toBeUndefined();
    await page.keyboard.press("Control+1");
    await drop(page, bare);
    await page.getByRole("alert").filter({ hasText: "bare.pdf: it carries no settings" }).waitFor();

    await chooseBoth();
    await page.keyboard.press("Control+Shift+e");
    await settings.check();
    await page.keyboard.press("Escape");
  });

  test("a JPEG is named by the pattern, and opens as a scene", async () => {
    const { app, page } = running();
    await page.keyboard.press("Escape");
    await view(page, "Results").click();
    await card(page, 4).click();
    await page.keyboard.press("Control+e");
    await dialog(page).getByRole("radio", { name: "JPEG" }).click();
    const names = dialog(page).getByRole("textbox", { name: "Names" });
    await names.fill("{colour}");
    await dialog(page).getByText("There is no {colour}. Use {project}").waitFor();
    await names.fill("poster {seed} {date}");
    await dialog(page)
      .getByText(/^Such as poster 4 \d{4}-\d\d-\d\d\.jpg$/)
      .waitFor();
    const shot = process.env["DIORAMA_SHOTS"];
    if (shot) await page.screenshot({ path: `${shot}/dialog-pictures.png` });
    const path = folder("poster.jpg");
    await exportTo(path);
    await told(page, `Exported to ${path}`).waitFor();
    expect(basename((await suggested(app)).at(-1)!)).toMatch(/^poster 4 \d{4}-\d\d-\d\d\.jpg$/);
    expect([...(await bytesOf(path)).subarray(0, 2)]).toEqual([0xff, 0xd8]);

    await compose(page, { prompt: "something else", boxes: [] });
    await drop(page, path);
    await expect.poll(() => prompt(page).inputValue()).toBe(SCENE.prompt);
  });

  test("of a sheet whose pictures are not here the first scene is offered", async () => {
    const { page } = running();
    await compose(page, { prompt: "something else", boxes: [] });
    await drop(page, folder("sheet.pdf"));
    await told(page, "None of the 2 pictures of sheet.pdf is in this project.").waitFor();
    await page.getByRole("button", { name: "Open its first scene" }).click();
    await expect.poll(() => prompt(page).inputValue()).toBe(SCENE.prompt);
    expect(await seeds(page)).toEqual([]);
  });
});
