/** The canvas under a hand: looking around, snapping, what can be reached. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  artboard,
  box,
  boxes,
  canvas,
  click,
  compose,
  drag,
  nameOf,
  placeOf,
  selectedBoxes,
  type Composition,
} from "./window.ts";

const TWO: Composition = {
  boxes: [
    ["red circle", [0.05, 0.3, 0.3, 0.3]],
    ["blue square", [0.6, 0.4, 0.3, 0.2]],
  ],
};
const zoomOf = async (page: Page) => Number(await canvas(page).getAttribute("data-zoom"));
const middleOfCircle: [number, number] = [0.2, 0.45];

/** Clicks into the canvas at a point of the screen and tells which box that selects. */
async function boxUnder(page: Page, { x, y }: { x: number; y: number }): Promise<string | null> {
  await page.mouse.click(x, y);
  return (await selectedBoxes(page).count()) === 0 ? null : nameOf(selectedBoxes(page).first());
}

interface Drawn {
  width: number;
  clientWidth: number;
  getBoundingClientRect(): { left: number; top: number };
  getContext(kind: "2d"): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } };
}

/** How many colours the canvas shows in a flat strip that begins at a point of the screen. */
function coloursIn(page: Page, { x, y }: { x: number; y: number }): Promise<number> {
  const look = (element: unknown, at: { x: number; y: number }) => {
    const drawn = element as Drawn;
    const { left, top } = drawn.getBoundingClientRect();
    const scale = drawn.width / drawn.clientWidth;
    const [px, py] = [Math.round((at.x - left) * scale), Math.round((at.y - top) * scale)];
    const { data } = drawn.getContext("2d").getImageData(px, py - 2, 40, 5);
    return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3).join())).size;
  };
  return canvas(page).locator("canvas").evaluate(look, { x, y });
}

describe.skipIf(!electron)("the canvas", { timeout: 60_000 }, () => {
  const running = sharedApp();

  test("zooms by wheel and by pinch around the pointer, pans by trackpad, space and middle button, and finds back", async () => {
    const { page } = running();
    await compose(page, TWO);
    const { zoom: fitted, at } = await artboard(page);
    const circle = at(...middleOfCircle);
    const square = at(0.75, 0.5);

    await page.mouse.move(circle.x, circle.y);
    await page.mouse.wheel(0, -100);
    await expect.poll(() => zoomOf(page)).toBeCloseTo(fitted * 1.2, 6);
    // What was under the pointer still is; everything else went away from it.
    expect(await boxUnder(page, circle)).toMatch(/^red circle: /);
    const away = { x: circle.x + (at(0.6, 0.36).x - circle.x) * 1.2 + 2, y: circle.y };
    expect(await boxUnder(page, away)).toMatch(/^blue square: /);
    expect(await boxUnder(page, { ...away, x: away.x - 8 })).toBeNull();

    // Chromium makes wheel events with Ctrl of a pinch.
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, 20);
    await page.keyboard.up("Control");
    await expect.poll(() => zoomOf(page)).toBeCloseTo(fitted * 1.2 * Math.exp(-0.2), 6);

    await page.keyboard.press("Control+0");
    await expect.poll(() => zoomOf(page)).toBeCloseTo(fitted, 6);
    expect(await boxUnder(page, square)).toMatch(/^blue square: /);

    await page.mouse.wheel(30, 40);
    expect(await boxUnder(page, { x: square.x - 30, y: square.y - 40 })).toMatch(/^blue square: /);
    expect(await boxUnder(page, { x: at(0.6, 0.36).x - 25, y: at(0.6, 0.36).y })).toMatch(/^blue square: /);

    await page.keyboard.press("Control+0");
    await canvas(page).focus();
    await page.keyboard.down("Space");
    await page.mouse.move(circle.x, circle.y);
    await page.mouse.down();
    await page.mouse.move(circle.x + 60, circle.y + 25, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up("Space");
    expect(await boxUnder(page, { x: circle.x + 60, y: circle.y + 25 })).toMatch(/^red circle: /);
    expect(await boxUnder(page, { x: at(0.06, 0.31).x - 10, y: circle.y })).toBeNull();
    expect(await placeOfBox(page, "red circle")).toEqual([5, 30, 30, 30]);

    await page.keyboard.press("Control+0");
    await page.mouse.move(circle.x, circle.y);
    await page.mouse.down({ button: "middle" });
    await page.mouse.move(circle.x - 20, circle.y, { steps: 2 });
    await page.mouse.up({ button: "middle" });
    expect(await boxUnder(page, { x: square.x - 20, y: square.y })).toMatch(/^blue square: /);

    await page.keyboard.press("Control+Shift+0");
    await expect.poll(() => zoomOf(page)).toBe(1);
    expect(await page.getByRole("toolbar", { name: "Zoom" }).getByRole("button", { name: "100 %" }).count()).toBe(1);
    expect(await boxUnder(page, (await artboard(page)).at(...middleOfCircle))).toMatch(/^red circle: /);
    await page.keyboard.press("Control+=");
    await expect.poll(() => zoomOf(page)).toBe(1.25);
    await page.keyboard.press("Control+-");
    await expect.poll(() => zoomOf(page)).toBe(1);
    await page.getByRole("button", { name: "Fit the window" }).click();
    await expect.poll(() => zoomOf(page)).toBeCloseTo(fitted, 6);
  });

  test("a box that is dragged snaps to other boxes and to the picture, a guide says to what, and Ctrl lets it go", async () => {
    const { page } = running();
    await compose(page, TWO);
    // A hair from having both middles on one line, and from the left edge.
    await drag(page, middleOfCircle, [0.155, 0.497], { drop: false });
    const { at } = await artboard(page);
    const left = at(0.4, 0.5);
    await expect.poll(() => coloursIn(page, left)).toBeGreaterThan(1);
    expect(await coloursIn(page, { ...left, y: left.y + 12 })).toBe(1);
    await page.mouse.up();
    await expect.poll(() => coloursIn(page, left)).toBe(1);
    expect(await placeOfBox(page, "red circle")).toEqual([0, 35, 30, 30]);

    await page.keyboard.press("Control+z");
    await page.keyboard.down("Control");
    await drag(page, middleOfCircle, [0.155, 0.497]);
    await page.keyboard.up("Control");
    const free = await placeOfBox(page, "red circle");
    expect(free[0]).toBeCloseTo(0.5, 0);
    expect(free[1]).not.toBe(35);
  });

  test("with the grid on, boxes that are drawn lie on it", async () => {
    const { page } = running();
    await compose(page, { boxes: [] });
    await page.keyboard.press("Control+'");
    const grid = page.getByRole("toolbar", { name: "Tools" }).getByRole("button", { name: "Grid" });
    await expect.poll(() => grid.getAttribute("aria-pressed")).toBe("true");
    await canvas(page).focus();
    await page.keyboard.press("r");
    await drag(page, [0.13, 0.17], [0.29, 0.86]);
    await expect.poll(() => boxes(page).count()).toBe(1);
    const place = await placeOf(page);
    // 64 pixels, 4 of them to a cell of the latent: sixteenths, shown with one digit.
    expect(place).toEqual([12.5, 18.8, 18.8, 68.8]);
    await grid.click();
    await expect.poll(() => grid.getAttribute("aria-pressed")).toBe("false");
  });

  test("hidden and locked boxes never catch the pointer, and every box of a pile can be reached", async () => {
    const { page } = running();
    await compose(page, {
      prompt: "a red circle and a blue square and a green star",
      boxes: [
        ["red circle", [0.2, 0.2, 0.6, 0.6]],
        ["blue square", [0.25, 0.25, 0.5, 0.5]],
        ["green star", [0.3, 0.3, 0.4, 0.4]],
      ],
    });
    const middle: [number, number] = [0.5, 0.5];
    const chosen = () => nameOf(selectedBoxes(page).first());
    await click(page, middle);
    expect(await chosen()).toMatch(/^green star: /);
    await click(page, middle, ["Alt"]);
    expect(await chosen()).toMatch(/^blue square: /);
    await click(page, middle, ["Alt"]);
    expect(await chosen()).toMatch(/^red circle: /);
    await click(page, middle, ["Alt"]);
    expect(await chosen()).toMatch(/^green star: /);

    await page.keyboard.press("Control+l");
    await expect.poll(() => nameOf(box(page, "green star"))).toContain("locked");
    await click(page, middle);
    expect(await chosen()).toMatch(/^blue square: /);
    await page.keyboard.press("Control+Shift+h");
    await expect.poll(() => nameOf(box(page, "blue square"))).toContain("hidden");
    await click(page, middle);
    expect(await chosen()).toMatch(/^red circle: /);

    // Neither is moved along, by pointer or by keys.
    await page.keyboard.press("Control+a");
    await drag(page, middle, [0.55, 0.5]);
    expect(await placeOfBox(page, "green star")).toEqual([30, 30, 40, 40]);
    expect(await placeOfBox(page, "blue square")).toEqual([25, 25, 50, 50]);
    expect((await placeOfBox(page, "red circle"))[0]).toBeCloseTo(25, 0);
    await drag(page, [0.02, 0.02], [0.98, 0.98]);
    expect(await selectedBoxes(page).count()).toBe(1);
  });
});

/** Selects a box in the list, and reads its place. */
async function placeOfBox(page: Page, name: string): Promise<number[]> {
  await box(page, name).click();
  return placeOf(page);
}
