/** The habits of the hand: marks that end, duplicates by dragging, names by double click, keys that mean one thing, shapes that come back. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  artboard,
  box,
  boxes,
  canvas,
  choose,
  click,
  compose,
  drag,
  draw,
  mark,
  nameOf,
  placeOf,
  selectedBoxes,
  undo,
  type Composition,
} from "./window.ts";

const TWO: Composition = {
  prompt: "a red circle and a blue square on a white background",
  boxes: [
    ["red circle", [0.05, 0.3, 0.4, 0.3]],
    ["blue square", [0.6, 0.4, 0.3, 0.2]],
  ],
};
const zoomOf = async (page: Page) => Number(await canvas(page).getAttribute("data-zoom"));
const tool = (page: Page, name: string) =>
  page.getByRole("toolbar", { name: "Tools" }).getByRole("button", { name, exact: true });

async function placeOfBox(page: Page, name: string): Promise<number[]> {
  await box(page, name).click();
  return placeOf(page);
}

describe.skipIf(!electron)("composing", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("a mark ends with Escape and with its field, and tied words are not offered again", async () => {
    const { page } = running();
    await compose(page, TWO);
    const bind = page.getByRole("button", { name: /^New box/ });
    await mark(page, "white background");
    await bind.waitFor();
    await page.keyboard.press("Escape");
    await bind.waitFor({ state: "detached" });
    await mark(page, "white background");
    await bind.waitFor();
    await canvas(page).focus();
    await bind.waitFor({ state: "detached" });
    await page.keyboard.press("r");
    await drag(page, [0.1, 0.7], [0.3, 0.9]);
    await expect.poll(() => boxes(page).count()).toBe(3);
    expect(await nameOf(boxes(page).first())).toMatch(/^Box 3: .*no words yet/);

    // Drawn by the tool, it goes along.
    await undo(page).click();
    await mark(page, "white background");
    await tool(page, "Draw a box").click();
    await drag(page, [0.1, 0.7], [0.3, 0.9]);
    await expect.poll(() => nameOf(boxes(page).first())).toMatch(/^white background: /);

    await box(page, "red circle").click();
    await mark(page, "red");
    await page.getByText("Tied to this box.").waitFor();
    expect(await page.getByRole("button", { name: /^Add to/ }).count()).toBe(0);
    await mark(page, "white");
    await page.getByRole("button", { name: /^Add to “red circle”/ }).waitFor();
  });

  test("another format and back again gives the layout back exactly", async () => {
    const { page } = running();
    await compose(page, TWO);
    const before = await placeOfBox(page, "red circle");
    for (let i = 0; i < 4; i++) {
      await choose(page, "Shape", /^Wide/);
      await expect.poll(() => placeOf(page)).not.toEqual(before);
      await choose(page, "Shape", /^Square/);
      await expect.poll(() => placeOf(page)).toEqual(before);
    }
    const width = page.getByRole("textbox", { name: "Width in pixels" });
    for (const pixels of ["2048", "256"]) {
      await width.fill(pixels);
      await width.press("Enter");
    }
    await box(page, "red circle").click();
    await expect.poll(() => placeOf(page)).toEqual(before);
  });

  test("Alt with a drag duplicates, a double click renames, Shift+1 and Shift+2 look at all and at the selection", async () => {
    const { page } = running();
    await compose(page, TWO);
    const before = await placeOfBox(page, "red circle");
    await page.keyboard.down("Alt");
    await drag(page, [0.2, 0.45], [0.25, 0.8]);
    await page.keyboard.up("Alt");
    await expect.poll(() => boxes(page).count()).toBe(3);
    expect(await selectedBoxes(page).count()).toBe(1);
    expect((await placeOf(page)).slice(2)).toEqual(before.slice(2));
    expect(await placeOf(page)).not.toEqual(before);
    await undo(page).click();
    await expect.poll(() => boxes(page).count()).toBe(2);
    expect(await placeOfBox(page, "red circle")).toEqual(before);

    const { at } = await artboard(page);
    const middle = at(0.75, 0.5);
    await page.mouse.dblclick(middle.x, middle.y);
    await page.getByRole("textbox", { name: "Name of the box" }).fill("sea");
    await page.keyboard.press("Enter");
    await box(page, "sea").waitFor();

    const fitted = await zoomOf(page);
    await canvas(page).focus();
    await page.keyboard.press("Shift+@"); // Shift and the key of 2
    await expect.poll(() => zoomOf(page)).toBeGreaterThan(fitted * 1.5);
    await page.keyboard.press("Shift+!");
    await expect.poll(() => zoomOf(page)).toBeCloseTo(fitted, 6);
  });

  test("Ctrl+arrows change the size, Alt+arrows the order and H the heat, on the canvas and in the list", async () => {
    const { page } = running();
    await compose(page, TWO);
    const sizes: number[][] = [];
    for (const focus of [() => canvas(page).focus(), () => box(page, "red circle").focus()]) {
      await compose(page, TWO);
      await box(page, "red circle").click();
      await focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press("Control+Shift+ArrowRight");
      await page.keyboard.press("Shift+ArrowDown");
      await page.keyboard.press("Alt+ArrowUp");
      await expect.poll(() => nameOf(boxes(page).first())).toMatch(/^red circle: /);
      sizes.push(await placeOf(page));
      await page.keyboard.press("h");
      expect(await nameOf(box(page, "red circle"))).not.toContain("hidden");
    }
    expect(sizes[0]).toEqual(sizes[1]);
    expect(sizes[0]).toEqual([5, 33.1, 49.4, 30]);
  });

  test("heat is off until it is asked for, and O takes the boxes off the picture until one is taken hold of", async () => {
    const { page } = running();
    await compose(page, TWO);
    await draw(page, 1);
    const heat = page.getByRole("button", { name: "Where the words of the box look" });
    expect(await heat.getAttribute("aria-pressed")).toBe("false");
    const shown = tool(page, "Boxes over the picture");
    expect(await shown.getAttribute("aria-pressed")).toBe("true");
    await canvas(page).focus();
    await page.keyboard.press("o");
    await expect.poll(() => shown.getAttribute("aria-pressed")).toBe("false");
    await page.keyboard.press("h");
    await expect.poll(() => heat.getAttribute("aria-pressed")).toBe("true");
    await page.keyboard.press("h");
    await click(page, [0.2, 0.45]);
    await expect.poll(() => shown.getAttribute("aria-pressed")).toBe("true");
  });

  test("a box has the colour that its words name", async () => {
    const { page } = running();
    await compose(page, { prompt: "a green star and a yellow moon", boxes: [] });
    for (const [words, color] of [
      ["yellow moon", "Amber"],
      ["green star", "Green"],
    ] as const) {
      await mark(page, words);
      await page.keyboard.press("Control+b");
      await box(page, words).waitFor();
      const chosen = page.getByRole("radiogroup", { name: "Colour" }).getByRole("radio", { checked: true });
      await expect.poll(() => nameOf(chosen)).toBe(color);
    }
  });
});
