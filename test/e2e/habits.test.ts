/** What a stranger stumbled over: boxes on boxes, pictures that are not counted, acts that say nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { readAttachment } from "../../src-main/image/pdfSettings.ts";
import { encodePng } from "../../src-main/image/png.ts";
import { readSheetRecords } from "../../src-main/image/sheetRecords.ts";
import { samplePixels } from "../support/projects.ts";
import { answer, drop } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import {
  box,
  boxes,
  card,
  compose,
  draw,
  mark,
  nameOf,
  placeOf,
  prompt,
  results,
  rowNames,
  shelf,
  undo,
  view,
  type Composition,
} from "./window.ts";

const ONE: Composition = { boxes: [["red circle", [0.1, 0.2, 0.3, 0.3]]] };
const told = (page: Page, text: string | RegExp) => page.getByRole("status").filter({ hasText: text });
const pictures = (page: Page) => page.getByRole("img", { name: /in Results$/ });

describe.skipIf(!electron)("a stranger's habits", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("boxes that Ctrl+B makes one after another lie beside one another", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle, a blue square and a green star" });
    const places: number[][] = [];
    for (const words of ["red circle", "blue square", "green star"]) {
      await mark(page, words);
      await page.keyboard.press("Control+b");
      await box(page, words).waitFor();
      await expect.poll(() => nameOf(box(page, words).and(page.locator("[aria-selected=true]")))).toContain(words);
      places.push(await placeOf(page));
    }
    for (const [i, [x, y, width, height]] of places.entries()) {
      for (const [left, top, wide, high] of places.slice(i + 1)) {
        const apart = x! + width! <= left! || left! + wide! <= x! || y! + height! <= top! || top! + high! <= y!;
        expect(apart, JSON.stringify(places)).toBe(true);
      }
    }
  });

  test("words that are tied one after another fill the boxes that a composition left empty", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle, a blue square and a green star" });
    await page.getByRole("button", { name: "Lay out boxes" }).click();
    await page.getByRole("menuitem", { name: "Triptych" }).click();
    await expect.poll(() => boxes(page).count()).toBe(3);
    for (const [n, words] of ["red circle", "blue square", "green star"].entries()) {
      await mark(page, words);
      await page.keyboard.press("Control+b");
      await told(page, `“${words}” is tied to Box ${n + 1}.`).waitFor();
    }
    expect(await rowNames(page)).toEqual(["green star", "blue square", "red circle"]);
  });

  test("a composition that moves boxes says so, with Undo", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: [["red circle", [0.1, 0.2, 0.3, 0.3]]] });
    await page.getByRole("button", { name: "Lay out boxes" }).click();
    await page.getByRole("menuitem", { name: "Pair" }).click();
    const message = told(page, "Pair: 1 box was moved and resized, 1 empty one was added.");
    await message.waitFor();
    await message.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => boxes(page).count()).toBe(1);
    await box(page, "red circle").click();
    expect(await placeOf(page)).toEqual([10, 20, 30, 30]);
  });

  test("a run's rejected picture is among its pictures in History, and one in the bin is told of", async () => {
    const { page } = running();
    await compose(page, { ...ONE, seeds: "1-3" });
    await draw(page, 3);
    await view(page, "Results").click();
    await card(page, 2).click();
    await page.keyboard.press("x");
    await expect.poll(() => results(page).count()).toBe(2);
    await view(page, "History").click();
    await page.getByRole("img", { name: "Seed 2, rejected, in Results" }).waitFor();
    expect(await pictures(page).count()).toBe(3);
    await page.getByRole("button", { name: "Seed 2, rejected, in Results" }).click();
    await expect.poll(() => shelf(page, "Rejected").isChecked()).toBe(true);
    await expect.poll(() => card(page, 2).count()).toBe(1);

    await shelf(page, "All").click();
    await card(page, 3).click();
    await page.keyboard.press("Delete");
    await expect.poll(() => results(page).count()).toBe(1);
    await view(page, "History").click();
    await page.getByText("1 of its pictures is in the bin.").waitFor();
    expect(await pictures(page).count()).toBe(2);
    await page.getByRole("button", { name: "Show it", exact: true }).click();
    await expect.poll(() => shelf(page, "Bin").isChecked()).toBe(true);
    await shelf(page, "All").click();
  });

  test("one act has one name: the scene of a run is used as that of a picture is, and undone", async () => {
    const { page } = running();
    await compose(page, { prompt: "a blue square", seeds: "4" });
    await draw(page, 1);
    await prompt(page).fill("something else");
    await view(page, "History").click();
    await page.getByRole("button", { name: "Use its scene" }).click();
    await expect.poll(() => prompt(page).inputValue()).toBe("a blue square");
    await undo(page).click();
    await expect.poll(() => prompt(page).inputValue()).toBe("something else");
  });

  test("a contact sheet is of all that is listed unless several are chosen, in the window's own words", async () => {
    const { app, page } = running();
    await compose(page, { ...ONE, seeds: "1-3" });
    await draw(page, 3);
    await view(page, "Results").click();
    await card(page, 2).click();
    const dialog = (name: string) => page.getByRole("dialog", { name });
    await page.keyboard.press("Control+Shift+e");
    await dialog("Export 3 pictures").waitFor();
    await page.getByRole("radio", { name: "PDF, A4" }).click();
    await answer(app, "showSaveDialog", [folder("all.pdf")]);
    await page.getByRole("button", { name: "Export…" }).click();
    await told(page, "The contact sheet is").waitFor();
    const records = readSheetRecords(readAttachment(new Uint8Array(readFileSync(folder("all.pdf"))))!);
    expect(records.map(({ seed }) => seed).sort()).toEqual(["1", "2", "3"]);

    await page.keyboard.press("Control+Shift+e");
    await page.getByRole("radio", { name: "This picture" }).click();
    await dialog("Export the picture").waitFor();
    await page.keyboard.press("Escape");
    await card(page, 3).click({ modifiers: ["Control"] });
    await page.keyboard.press("Control+Shift+e");
    await dialog("Export 2 pictures").waitFor();
    await page.keyboard.press("Escape");
    await card(page, 2).click();
    await page.keyboard.press("Control+e");
    await dialog("Export the picture").waitFor();
    await page.keyboard.press("Escape");
  });

  test("a damaged PNG is refused by its name, and not offered as a reference picture", async () => {
    const { page } = running();
    await compose(page);
    const png = encodePng(samplePixels(3, 200, 100));
    writeFileSync(folder("torn.png"), png.subarray(0, png.length / 2));
    await drop(page, folder("torn.png"));
    const message = page.getByRole("alert").filter({ hasText: "torn.png is damaged" });
    await message.waitFor();
    expect(await message.getByRole("button", { name: "Use as reference picture" }).count()).toBe(0);
    await message.getByRole("button", { name: "Dismiss" }).click();
    // A whole one without settings still is.
    writeFileSync(folder("whole.png"), png);
    await drop(page, folder("whole.png"));
    await page.getByRole("button", { name: "Use as reference picture" }).click();
    await expect.poll(() => undo(page).getAttribute("aria-label")).toBe("Undo Reference picture");
  });
});
