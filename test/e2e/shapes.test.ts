/** Regions that are not boxes: drawn and painted by hand, edited by keys, taken back, kept, drawn by the model, and shown as they are. */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Region } from "../../src-main/scene/scene.ts";
import { findings } from "./axe.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { openProject } from "./manyResults.ts";
import { sharedApp } from "./shared.ts";
import {
  artboard,
  box,
  boxes,
  canvas,
  click,
  compose,
  drag,
  draw,
  DRAWING_LIMIT,
  mark,
  nameOf,
  results,
  runFromPalette,
  saved,
  selectedBoxes,
  undo,
  view,
} from "./window.ts";

const PROMPT = "a yellow moon, a red house and a green tree on a navy background";

/** Where a person wants to see the window: `SHAPES_SHOTS=folder`. */
async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env["SHAPES_SHOTS"];
  if (folder === undefined) return;
  for (const theme of ["light", "dark"] as const) {
    await apiOf(page).setTheme(theme);
    await page.locator(`html[data-theme="${theme}"]`).waitFor();
    await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
  }
}

async function regions(page: Page): Promise<Region[]> {
  await saved(page).waitFor();
  return (await apiOf(page).readDraft()).draft.scene.regions;
}
const kinds = async (page: Page) => (await regions(page)).map(({ shape }) => shape?.kind ?? "box");

/** Drags along points of the picture. */
async function stroke(page: Page, points: [number, number][]): Promise<void> {
  const { at } = await artboard(page);
  for (const [i, point] of points.entries()) {
    const { x, y } = at(...point);
    await page.mouse.move(x, y, { steps: 3 });
    if (i === 0) await page.mouse.down();
  }
  await page.mouse.up();
}

const shapeOf = (page: Page, name: string) =>
  page.getByRole("radiogroup", { name: "Shape" }).getByRole("radio", { name, exact: true });

describe.skipIf(!electron)("regions that are not boxes", { timeout: DRAWING_LIMIT }, () => {
  const running = sharedApp();

  test("are drawn and painted by hand, edited by keys, taken back, saved, opened again and drawn", async () => {
    const { app, page, problems } = running();
    await page.emulateMedia({ reducedMotion: "reduce" }); // colours half way are no colours
    const project = await compose(page, { prompt: PROMPT, boxes: [], seeds: "3", steps: 12 });

    // An ellipse for the words that are marked.
    await mark(page, "yellow moon");
    await page.getByRole("button", { name: "Draw an ellipse" }).click();
    await drag(page, [0.55, 0.08], [0.92, 0.45]);
    await expect
      .poll(() => nameOf(box(page, "yellow moon")))
      .toMatch(/^yellow moon: ellipse, top right, 37 by 37 percent/);

    // A polygon, point by point, closed with Enter; one point too many is taken back.
    await mark(page, "red house");
    await page.getByRole("button", { name: /^Draw a polygon/ }).click();
    for (const corner of [
      [0.1, 0.95],
      [0.1, 0.65],
      [0.3, 0.45],
      [0.5, 0.65],
      [0.5, 0.95],
      [0.7, 0.7],
    ] as const) {
      await click(page, [...corner]);
    }
    await page.keyboard.press("Backspace");
    await shoot(page, "1-polygon-begun");
    await page.keyboard.press("Enter");
    await expect.poll(() => nameOf(box(page, "red house"))).toMatch(/^red house: polygon, /);

    // A region painted in two strokes, each a step of undo.
    await mark(page, "green tree");
    await page.getByRole("button", { name: "Paint a region" }).click();
    await stroke(page, [
      [0.65, 0.6],
      [0.9, 0.6],
      [0.7, 0.7],
      [0.88, 0.75],
    ]);
    await expect.poll(() => boxes(page).count()).toBe(3);
    await expect.poll(() => kinds(page)).toEqual(["ellipse", "polygon", "painted"]);
    const [, , first] = await regions(page);
    for (let i = 0; i < 3; i++) await page.keyboard.press("[");
    await stroke(page, [
      [0.78, 0.7],
      [0.78, 0.95],
    ]);
    await expect.poll(async () => (await regions(page))[2]!.box.height).toBeGreaterThan(first!.box.height + 0.05);
    await shoot(page, "2-painting");
    await undo(page).click();
    await expect.poll(async () => (await regions(page))[2]).toEqual(first);

    // By keys alone: the brush goes on from where it was last.
    await canvas(page).focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
    for (let i = 0; i < 14; i++) await page.keyboard.press("Shift+ArrowDown");
    await expect.poll(async () => (await regions(page))[2]!.box.height).toBeGreaterThan(first!.box.height + 0.05);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    expect(await page.getByRole("button", { name: "Select and move" }).getAttribute("aria-pressed")).toBe("true");

    // The points of the house by keys.
    await box(page, "red house").click();
    const before = (await regions(page))[1];
    await canvas(page).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await expect
      .poll(() =>
        canvas(page)
          .getByText(/point 3 of 5/)
          .count(),
      )
      .toBe(1);
    for (let i = 0; i < 2; i++) await page.keyboard.press("Shift+ArrowUp");
    await expect.poll(async () => (await regions(page))[1]!.box.y).toBeLessThan(before!.box.y - 0.02);
    await page.keyboard.press("Insert");
    await expect
      .poll(() =>
        canvas(page)
          .getByText(/point 4 of 6/)
          .count(),
      )
      .toBe(1);
    await shoot(page, "3-points");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Escape");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Control+z");
    await expect.poll(async () => (await regions(page))[1]).toEqual(before);

    // One kind is made of another in the inspector, by keys.
    await box(page, "yellow moon").click();
    await shapeOf(page, "Ellipse").focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => kinds(page)).toEqual(["polygon", "polygon", "painted"]);
    await runFromPalette(page, "Make it painted");
    await expect.poll(() => kinds(page)).toEqual(["painted", "polygon", "painted"]);
    for (let i = 0; i < 2; i++) await undo(page).click();
    await expect.poll(() => kinds(page)).toEqual(["ellipse", "polygon", "painted"]);

    // In its box but outside of it, an ellipse is not hit.
    await click(page, [0.57, 0.1]);
    await expect.poll(() => selectedBoxes(page).count()).toBe(0);
    await click(page, [0.7, 0.2]);
    await expect.poll(() => selectedBoxes(page).count()).toBe(1);
    await shoot(page, "4-selected");
    expect(await findings(page, "shapes")).toEqual([]);

    const drawnFrom = await regions(page);
    await draw(page, 1);
    await results(page).first().click();
    await shoot(page, "5-drawn");

    await results(page).first().press("Space");
    await page.getByRole("dialog", { name: /^Seed/ }).waitFor();
    await expect.poll(() => page.locator(".shaped path").count()).toBe(6);
    await shoot(page, "6-large");
    await page.keyboard.press("Escape");
    await box(page, "yellow moon").click();
    await shapeOf(page, "Box").click();
    await view(page, "History").click();
    await page.getByRole("img", { name: /Boxes of this run/ }).waitFor();
    await shoot(page, "7-history");
    expect(await findings(page, "history of shapes")).toEqual([]);
    await view(page, "Compose").click();
    await undo(page).click();
    await expect.poll(() => regions(page)).toEqual(drawnFrom);

    // Kept as it was.
    await compose(page, { boxes: [] });
    await openProject(app, page, project.path);
    await expect.poll(() => boxes(page).count()).toBe(3);
    expect(await regions(page)).toEqual(drawnFrom);
    await page.getByRole("heading", { level: 1 }).getByRole("button").click();
    await shoot(page, "8-projects");
    expect(problems).toEqual([]);
  });
});
