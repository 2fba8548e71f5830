/** Menus under the pointer, words dragged from the prompt, and "same noise, one box moved", with the real engine, store and demo model. */
import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron, launch } from "./harness.ts";
import { photograph } from "./photograph.ts";
import { boxes, canvas, mark, prompt, results, undo } from "./window.ts";

const DRAWING_LIMIT = 240_000;

const item = (page: Page, name: string) =>
  page.getByRole("menuitem", { name }).or(page.getByRole("menuitemcheckbox", { name }));

async function open(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  await page.getByText(/ MB/).first().waitFor();
}

async function draw(page: Page, seeds: string): Promise<void> {
  await page.getByRole("textbox", { name: "Seeds" }).fill(seeds);
  await page.keyboard.press("Control+Enter");
  const count = seeds.split(",").length;
  await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(count);
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });
}

/** The drag and drop of a page's own, as the browser tells it; the pointer's part of it is the browser's. */
async function dropWords(from: Locator, words: string, onto: Locator, at: [number, number]): Promise<void> {
  const page = onto.page();
  await mark(page, words);
  const { x, y, width, height } = (await onto.boundingBox())!;
  const place = { clientX: x + at[0] * width, clientY: y + at[1] * height };
  const dataTransfer = await page.evaluateHandle("new DataTransfer()");
  await from.dispatchEvent("dragstart", { dataTransfer });
  await onto.dispatchEvent("dragover", { dataTransfer, ...place });
  await photograph(page, `dragging ${words}`);
  await onto.dispatchEvent("drop", { dataTransfer, ...place });
}

describe.skipIf(!electron)("in the window", { timeout: 600_000 }, () => {
  test("words dropped on the canvas get a box there, and dropped on a box they are tied to it", async () => {
    await using running = await launch();
    const { page, problems } = running;
    await open(page);
    await dropWords(prompt(page), "white background", canvas(page), [0.5, 0.85]);
    await expect.poll(() => boxes(page).count()).toBe(3);
    expect(await boxes(page).first().getAttribute("aria-label")).toMatch(/^white background: bottom/);
    await dropWords(prompt(page), "red", boxes(page).first(), [0.5, 0.5]);
    await expect.poll(() => boxes(page).first().getAttribute("aria-label")).toMatch(/^red \+ white background: bottom/);
    await undo(page).click();
    await undo(page).click();
    await expect.poll(() => boxes(page).count()).toBe(2);
    expect(problems).toEqual([]);
  });

  test("a right click on a box opens its menu, with the commands and their keys", async () => {
    await using running = await launch();
    const { page, problems } = running;
    await open(page);
    await boxes(page).last().click({ button: "right" });
    await item(page, "Lock").waitFor();
    await photograph(page, "menu of a box in the list");
    expect(await item(page, "Rename").textContent()).toMatch(/F2/);
    await page.keyboard.press("Escape");
    await item(page, "Lock").waitFor({ state: "detached" });

    const { x, y, width, height } = (await canvas(page).boundingBox())!;
    await page.mouse.click(x + width * 0.32, y + height / 2, { button: "right" });
    await item(page, "Duplicate").waitFor();
    await photograph(page, "menu of a box on the canvas");
    await item(page, "Duplicate").click();
    await expect.poll(() => boxes(page).count()).toBe(3);
    await boxes(page).first().focus();
    await page.keyboard.press("Shift+F10");
    await item(page, "Delete").waitFor();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await expect.poll(() => boxes(page).count()).toBe(2);
    expect(problems).toEqual([]);
  });

  test("one box is moved, and the same noise drawn again stands beside the picture", async () => {
    await using running = await launch();
    const { page, problems } = running;
    await open(page);
    await draw(page, "18446744073709551615");
    await boxes(page).last().focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press("Shift+ArrowUp");
    await results(page).first().click({ button: "right" });
    await item(page, "Try the Layout").waitFor();
    await photograph(page, "menu of a result");
    await item(page, "Try the Layout").click();
    const figures = page.getByRole("figure");
    await expect.poll(() => figures.count(), { timeout: DRAWING_LIMIT }).toBe(2);
    await page.getByText("Same noise and settings as 1: “red circle” was moved.").waitFor();
    const heads = await page.getByRole("columnheader").allTextContents();
    expect(heads).toEqual(["Picture", "Box 1: red circle", "Marks"]);
    await expect.poll(() => page.locator(".ghost").count()).toBe(1);
    await photograph(page, "same noise");

    // Again, with the picture the first one still.
    await page.keyboard.press("Control+1");
    await boxes(page).last().focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press("Control+ArrowRight");
    await page.keyboard.press("Control+Shift+Enter");
    await expect.poll(() => figures.count(), { timeout: DRAWING_LIMIT }).toBe(3);
    await photograph(page, "same noise twice");
    expect(problems).toEqual([]);
  });

  test("a run is found by the beginning of a word; its attention is there the next day; the bin is refilled", async () => {
    await using running = await launch();
    const { page, dataFolder } = running;
    await open(page);
    await draw(page, "3");
    await running.quit();

    await using again = await launch({ dataFolder });
    const { page: next, problems } = again;
    await open(next);
    await boxes(next).last().hover();
    const heat = next.getByRole("button", { name: "Where the words of the box look" });
    await expect.poll(() => heat.isEnabled()).toBe(true);
    await photograph(next, "heat of yesterday");

    await next.keyboard.press("Control+4");
    await next.getByRole("textbox", { name: "Search prompts" }).fill("squa");
    await expect.poll(() => next.locator("mark").allTextContents()).toEqual(["square"]);
    await next.getByRole("option").first().click({ button: "right" });
    await item(next, "Use its scene").waitFor();
    await photograph(next, "history found");
    await next.keyboard.press("Escape");

    await next.keyboard.press("Control+2");
    await results(next).first().click();
    await next.keyboard.press("Delete");
    await next.getByRole("radio", { name: "Bin" }).click();
    await expect.poll(() => results(next).count()).toBe(1);
    await next.getByRole("button", { name: "Empty the bin" }).click();
    await expect.poll(() => results(next).count()).toBe(0);
    await undo(next).click();
    await expect.poll(() => results(next).count()).toBe(1);
    expect(problems).toEqual([]);
  });
});
