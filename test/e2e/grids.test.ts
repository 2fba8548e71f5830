/**
 * A grid in the window: rows and columns are chosen, cells fill, one that fails says why and is drawn again alone, a click takes a cell's
 * settings, all of it leaves as one picture, and what a kill cuts off goes on.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { decodePng } from "../../src-main/image/png.ts";
import { readSheetRecords, sheetTextOf } from "../../src-main/image/sheetRecords.ts";
import { ROOT } from "../support/imports.ts";
import { writeRandomLora } from "../support/randomLora.ts";
import { findings } from "./axe.ts";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { photographThemes } from "./photograph.ts";
import { sharedFolder } from "./shared.ts";
import { choose, compose, DRAWING_LIMIT, open, prompt, saved, undo } from "./window.ts";

const DEMO = join(ROOT, "resources", "models", "demo");
const BOXES = [
  ["red circle", [0.06, 0.31, 0.38, 0.38]],
  ["blue square", [0.56, 0.31, 0.38, 0.38]],
] as [string, [number, number, number, number]][];
const cells = (page: Page) => page.getByRole("gridcell");
const cell = (page: Page, row: number, column: number) => page.locator(`[data-cell="${row} ${column}"]`);
const drawn = (page: Page) => page.locator("[data-cell][data-result]");
const aside = (page: Page) => page.getByRole("complementary", { name: "Rows and columns" });
const values = (page: Page, of: "rows" | "columns") =>
  aside(page).getByRole("textbox", { name: `Values of the ${of}` });
const cost = (page: Page) => aside(page).getByRole("status").textContent();

describe.skipIf(!electron)("a grid", { timeout: 2 * DRAWING_LIMIT }, () => {
  const folder = sharedFolder();
  const ink = () => folder("ink.safetensors");

  beforeAll(async () => {
    mkdirSync(dirname(ink()), { recursive: true });
    await writeRandomLora(ink(), DEMO);
  });

  test("is set up, fills, is mended, taken from, exported, and goes on after a kill", async () => {
    await using first = await launch();
    const { app, page, problems } = first;
    await open(page);
    await saved(page).waitFor();
    const { path } = await compose(page, { seeds: "1-3", boxes: BOXES, steps: 4 });
    await answer(app, "showOpenDialog", [ink()]);
    await page
      .getByRole("region", { name: "LoRAs" })
      .getByRole("button", { name: /^Add a LoRA/ })
      .click();
    await page.getByRole("region", { name: "LoRAs" }).getByRole("listitem", { name: "ink" }).waitFor();

    // Methods and seeds: how many pictures, before any is drawn.
    await page.keyboard.press("Control+6");
    await expect.poll(() => cost(page)).toMatch(/^2 × 3: 6 pictures/);
    await aside(page).getByRole("checkbox", { name: "Injection", exact: true }).check();
    await expect.poll(() => cost(page)).toMatch(/^3 × 3: 9 pictures/);
    expect(await cells(page).count()).toBe(9);
    expect(await cell(page, 1, 2).getAttribute("aria-label")).toBe("Injection, Seed 3, not drawn");
    await aside(page).getByRole("button", { name: "Draw 9 pictures" }).click();
    await expect.poll(() => drawn(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(1);
    await photographThemes(page, "grid-filling");
    await expect.poll(() => drawn(page).count(), { timeout: DRAWING_LIMIT }).toBe(9);

    // More columns: what is there is not drawn again.
    await values(page, "columns").fill("1-4");
    await expect.poll(() => cost(page)).toMatch(/^3 × 4: 12 pictures, 9 there already; about \d+ s\.$/);
    await aside(page).getByRole("button", { name: "Draw 3 pictures" }).click();
    await expect.poll(() => drawn(page).count(), { timeout: DRAWING_LIMIT }).toBe(12);
    expect((await apiOf(page).listResults({ order: "newest", offset: 0, limit: 1 })).total).toBe(12);
    expect(await apiOf(page).listGrids()).toHaveLength(1);

    // Keys go from cell to cell; Enter takes the settings, and undo takes them back.
    await cell(page, 0, 0).focus();
    for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"]) await page.keyboard.press(key);
    await page.locator('[data-cell="2 0"]:focus').waitFor();
    await page.keyboard.press("s");
    await expect
      .poll(async () => (await apiOf(page).listResults({ order: "newest", starred: true, offset: 0, limit: 9 })).total)
      .toBe(1);
    await cell(page, 1, 3).click();
    await page.getByText("The canvas has the scene, settings and seed of “Injection, Seed 4”.").waitFor();
    await expect.poll(async () => (await apiOf(page).readDraft()).draft.seeds).toBe("4");
    expect((await apiOf(page).readDraft()).draft.scene.settings.guidance.method).toBe("injection");
    await undo(page).click();
    await expect.poll(async () => (await apiOf(page).readDraft()).draft.seeds).toBe("1-3");

    // One zoom for all.
    await cell(page, 0, 0).focus();
    await page.keyboard.press("z");
    expect(await page.getByRole("status", { name: "Zoom" }).textContent()).toBe("100 %");
    await page.keyboard.press("0");
    await photographThemes(page, "grid");
    expect(await findings(page, "a grid")).toEqual([]);

    // The whole grid as one picture, which leads back to all of them.
    const file = folder("grid.png");
    await answer(app, "showSaveDialog", [file]);
    await page.getByRole("button", { name: "Export the grid…" }).click();
    await page.getByText("The grid is exported.").waitFor({ timeout: 60_000 });
    const sheet = decodePng(readFileSync(file));
    expect(sheet.pixels.width).toBeGreaterThan(sheet.pixels.height);
    const records = readSheetRecords(sheetTextOf(sheet.texts)!);
    expect(records.map(({ seed }) => seed).join("")).toBe("123412341234");
    if (process.env["DIORAMA_SHOTS"] !== undefined)
      copyFileSync(file, join(process.env["DIORAMA_SHOTS"], "exported.png"));

    // A LoRA that is gone: its row says so, the other is drawn, and a key draws one cell again when it is back.
    await aside(page).getByRole("button", { name: "New, of the canvas" }).click();
    await choose(page, "Rows", "Strength of ink");
    await values(page, "rows").fill("0, 0.5");
    await values(page, "columns").fill("1-2");
    renameSync(ink(), folder("away.safetensors"));
    await aside(page)
      .getByRole("button", { name: /^Draw \d pictures$/ })
      .click();
    await expect.poll(() => cell(page, 1, 1).textContent(), { timeout: DRAWING_LIMIT }).toContain("ink");
    expect(await cell(page, 1, 1).textContent()).toContain("Could not be drawn");
    await expect.poll(() => drawn(page).count(), { timeout: DRAWING_LIMIT }).toBe(2);
    await photographThemes(page, "grid-failed");
    renameSync(folder("away.safetensors"), ink());
    await cell(page, 1, 1).focus();
    await page.keyboard.press("d");
    await expect.poll(() => drawn(page).count(), { timeout: DRAWING_LIMIT }).toBe(3);
    expect(await cell(page, 1, 0).textContent()).toContain("Could not be drawn");

    // One key in Compare: layouts and seeds of what is compared, nothing of which is to be drawn.
    const { results } = await apiOf(page).listResults({ order: "oldest", offset: 0, limit: 2 });
    expect(results).toHaveLength(2);
    await page.keyboard.press("Control+2");
    for (const seed of [1, 2]) {
      await page.locator(`[data-result="${results[seed - 1]!.id}"]`).click();
      await page.keyboard.press("c");
    }
    await page.keyboard.press("Control+3");
    await page
      .getByRole("region", { name: "Pictures" })
      .or(page.getByRole("group", { name: "Pictures", exact: true }))
      .waitFor();
    await page.keyboard.press("l");
    await expect.poll(() => cost(page)).toMatch(/^1 × 2: 2 pictures, all of them there\.$/);
    expect(await page.getByRole("rowheader").first().textContent()).toBe("As it is now");
    expect((await page.getByRole("columnheader", { name: /^Seed/ }).allTextContents()).toSorted()).toEqual([
      "Seed 1",
      "Seed 2",
    ]);

    // History says which runs drew cells of a grid, and opens it again.
    await page.keyboard.press("Control+4");
    const runs = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    await expect.poll(() => runs.last().textContent()).toContain("cells of Method × Seed");
    await runs.last().click();
    await page.getByRole("button", { name: "Open its grid" }).waitFor();
    await photographThemes(page, "history-of-grids");
    expect(await findings(page, "a run of a grid")).toEqual([]);
    await page.keyboard.press("g");
    await page.getByRole("grid", { name: "Method × Seed" }).waitFor();
    await expect.poll(() => drawn(page).count()).toBe(12);

    // Cut off in the middle, it goes on.
    await aside(page).getByRole("button", { name: "New, of the canvas" }).click();
    await choose(page, "Rows", /^Steps$/);
    await values(page, "rows").fill("10, 12");
    await values(page, "columns").fill("1-4");
    await aside(page)
      .getByRole("button", { name: /^Draw 8 pictures$/ })
      .click();
    await expect.poll(() => drawn(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(1);
    expect(problems).toEqual([]);
    await first.kill();

    await using second = await launch({ dataFolder: first.dataFolder, files: [path] });
    await open(second.page);
    expect(await prompt(second.page).inputValue()).toContain("red circle");
    await second.page.getByText("Diorama ended before the grid “Steps × Seed” was drawn.").waitFor();
    await second.page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => drawn(second.page).count(), { timeout: DRAWING_LIMIT }).toBe(8);
    expect(await apiOf(second.page).unfinishedGrids()).toEqual([]);
  });
});
