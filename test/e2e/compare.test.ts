/** Compare by pointer: pictures chosen at their cards, one zoom and pan for all, the wipe, what is left out. Keys: results.test.ts. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { decodePng } from "../../src-main/image/png.ts";
import { readSheetRecords } from "../../src-main/image/sheetRecords.ts";
import { answer } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { makeProject, openProject } from "./manyResults.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { attributes, card, column, nameOf, results, view } from "./window.ts";

const figures = (page: Page) => page.getByRole("group", { name: "Pictures" }).getByRole("figure");
const images = (page: Page) => attributes(figures(page).getByRole("img"), "alt");
const tool = (page: Page, name: string | RegExp) =>
  page.getByRole("toolbar", { name: "Comparison" }).getByRole("button", { name });
const transforms = async (page: Page) => {
  const styles = await attributes(figures(page).locator("div:has(> img)"), "style");
  return [...new Set(styles.map((style) => /transform: (.*?);/.exec(style!)![1]!))];
};

/** Puts results into the comparison, each by the button on its card. */
async function put(page: Page, seeds: number[]): Promise<void> {
  for (const seed of seeds) {
    await card(page, seed).hover(); // the buttons come with the pointer
    await card(page, seed).locator("[data-action=compare]").click();
    await expect.poll(() => nameOf(card(page, seed))).toContain("in the comparison");
  }
}

describe.skipIf(!electron)("the comparison", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  beforeAll(async () => {
    const path = folder("fourteen.diorama");
    makeProject(path, 14);
    await openProject(running().app, running().page, path);
  }, 120_000);

  test("has one zoom and pan for all its pictures, and shows boxes or not", async () => {
    const { page } = running();
    await view(page, "Results").click();
    await expect.poll(() => results(page).count()).toBe(14);
    await put(page, [14, 12, 9]);
    await view(page, "Compare").click();
    await expect.poll(() => figures(page).count()).toBe(3);
    expect((await images(page)).map((alt) => /^Seed \d+/.exec(alt!)![0])).toEqual(["Seed 14", "Seed 12", "Seed 9"]);
    const whole = await transforms(page);
    expect(whole).toHaveLength(1);

    const { x, y, width, height } = (await figures(page).first().boundingBox())!;
    const middle = { x: x + width / 2, y: y + height / 2 };
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.wheel(0, -100);
    await page.mouse.wheel(0, -100);
    await expect.poll(() => transforms(page)).toEqual([expect.stringMatching(/scale\(1\.254\d*\)/)]);
    await page.mouse.down();
    await page.mouse.move(middle.x + 30, middle.y - 20, { steps: 3 });
    await page.mouse.up();
    await expect.poll(() => transforms(page)).toEqual([expect.stringContaining("translate(30px, -20px)")]);
    await page.mouse.move(middle.x - 50, middle.y); // let go
    expect(await transforms(page)).toEqual([expect.stringContaining("translate(30px, -20px)")]);

    const frames = figures(page).locator("span[title]");
    await expect.poll(() => frames.count()).toBe(6);
    await tool(page, "Boxes").click();
    await expect.poll(() => frames.count()).toBe(0);
    await tool(page, "Boxes").click();
    await expect.poll(() => frames.count()).toBe(6);
    await tool(page, "Whole pictures").click();
    await expect.poll(() => transforms(page)).toEqual(whole);
  });

  test("wipes between the first and the one chosen, where the slider is dragged to, and blinks between them", async () => {
    const { page } = running();
    await figures(page).nth(2).click();
    await expect.poll(() => figures(page).nth(2).getAttribute("class")).toContain("current");
    await tool(page, /^Wipe/).click();
    await expect.poll(async () => (await images(page)).length).toBe(2);
    const [first, third] = await images(page);
    expect([first, third]).toEqual([expect.stringMatching(/^Seed 14:/), expect.stringMatching(/^Seed 9:/)]);

    const slider = page.getByRole("slider", { name: "Where the wipe stands" });
    const { x, y, width, height } = (await slider.boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 4, y + height / 2, { steps: 4 });
    await page.mouse.up();
    const at = Number(await slider.inputValue());
    expect(at).toBeGreaterThan(15);
    expect(at).toBeLessThan(35);
    const over = page.locator(".over");
    await expect.poll(() => over.getAttribute("style")).toContain(`0px 0px ${at}%`);
    expect(await page.locator(".edge").getAttribute("style")).toContain(`left: ${at}%`);

    await tool(page, /^Blink/).click();
    for (const seen of [third, first, third]) await expect.poll(() => images(page)).toEqual([seen]);
    await tool(page, "Side by side").click();
    await expect.poll(() => figures(page).count()).toBe(3);
  });

  test("lists what differs in a row for each picture; one is starred and one taken out beside them", async () => {
    const { page } = running();
    await view(page, "Results").click();
    await put(page, [1, 2, 3]);
    await view(page, "Compare").click();
    await expect.poll(() => figures(page).count()).toBe(6);
    await expect.poll(() => column(page, "Seed")).toEqual(["14", "12", "9", "3", "2", "1"]);
    expect(await page.getByRole("columnheader").allTextContents()).toEqual(["Picture", "Seed", "Marks"]);

    const row = (seed: number) =>
      page.getByRole("row").filter({ has: page.getByRole("cell", { name: `${seed}`, exact: true }) });
    await row(12).getByRole("button", { name: "Star" }).click();
    await figures(page).nth(1).getByLabel("starred").waitFor();
    await row(9).getByRole("button", { name: "Take out" }).click();
    await expect.poll(() => column(page, "Seed")).toEqual(["14", "12", "3", "2", "1"]);
  });

  test("are exported together as a sheet, as seen here: in this order, with what sets each apart beneath it", async () => {
    const { app, page } = running();
    await tool(page, /^Export the 5 compared/).click();
    const dialog = page.getByRole("dialog", { name: "Export the 5 compared" });
    await dialog.getByText("The 5 compared", { exact: true }).waitFor();
    const differs = dialog.getByRole("checkbox", { name: /apart/ });
    expect(await differs.isChecked()).toBe(true);
    const write = async (name: string) => {
      const path = folder(name);
      await answer(app, "showSaveDialog", [path]);
      await dialog.getByRole("button", { name: "Export…" }).click();
      await page
        .getByRole("status")
        .filter({ hasText: `The contact sheet is ${path}` })
        .waitFor();
      return decodePng(new Uint8Array(await readFile(path)));
    };
    await dialog.getByRole("checkbox", { name: "Seed" }).uncheck();
    const { pixels, texts } = await write("compared.png");
    const records = readSheetRecords(texts.find(({ keyword }) => keyword === "diorama-sheet")!.text);
    expect(records.map(({ seed }) => seed)).toEqual(["14", "12", "3", "2", "1"]);

    // Without it each picture has a line less beneath it.
    await tool(page, /^Export the 5 compared/).click();
    await dialog.getByRole("checkbox", { name: /apart/ }).uncheck();
    const plain = await write("plain.png");
    expect(pixels.height).toBeGreaterThan(plain.pixels.height);

    await tool(page, "Clear").click();
    await page.getByRole("heading", { name: "Nothing to compare yet" }).waitFor();
  });
});
