/** Live: a box is dragged and the picture follows it, judged by where the thing lies; nothing of it is in the project. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { judge } from "../../tools/evaluate/judge.ts";
import { iou } from "../../tools/evaluate/scene.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { photographThemes } from "./photograph.ts";
import { sharedApp } from "./shared.ts";
import { artboard, canvas, compose, drag, DRAWING_LIMIT, results, settled } from "./window.ts";

/** On a busy machine. */
const LONG = { timeout: 60_000 };
const SIZE = 0.4;
const place = (x: number, y: number): UnitBox => ({ x, y, width: SIZE, height: SIZE });
const FIRST = place(0.03, 0.3);
/** Nothing snaps there: the lines that say so would be judged, too. */
const LAST = place(0.46, 0.54);
const told = (page: Page) => page.locator("p.live").textContent();
const title = (page: Page) => page.locator("p.live").getAttribute("title");
const toggle = (page: Page) => page.getByRole("button", { name: "Live: the picture follows the boxes" });

/** How far the red thing and a box coincide, on the canvas as it is seen. */
async function coincides(page: Page, box: UnitBox): Promise<number> {
  const { at, width, height } = await artboard(page);
  const png = await page.screenshot({ clip: { ...at(0, 0), width, height } });
  const red = judge(decodePng(png).pixels).detections.filter(({ colour }) => colour === "red");
  return Math.max(0, ...red.map((thing) => iou(thing.box, box)));
}

describe.skipIf(!electron)("live", { timeout: DRAWING_LIMIT }, () => {
  const running = sharedApp();

  test("the picture follows a box that is dragged, is kept nowhere, and is drawn in full when it is wanted", async () => {
    const { page } = running();
    const api = apiOf(page);
    await settled(page);
    const { x, y, width, height } = FIRST;
    await compose(page, {
      prompt: "a red circle and a blue square on a white background",
      boxes: [["red circle", [x, y, width, height]]],
      seeds: "5",
      steps: 12,
    });
    await canvas(page).focus();
    await page.keyboard.press("Control+Shift+0"); // pixel for pixel
    await toggle(page).waitFor(LONG); // the checkpoint is open
    await page.keyboard.press("Shift+L");
    await expect.poll(() => told(page), LONG).toMatch(/^Live draft, seed 5 · \d/);
    await page.keyboard.press("Control+Shift+0");
    await page.keyboard.press("o"); // the boxes would be judged, too
    await expect.poll(() => coincides(page, FIRST), LONG).toBeGreaterThan(0.4);

    // A box is seen again as soon as somebody takes hold of it.
    await drag(page, [x + SIZE / 2, y + SIZE / 2], [LAST.x + SIZE / 2, LAST.y + SIZE / 2], { drop: false });
    await expect.poll(() => title(page), LONG).toMatch(/1 taken over from the one before/); // while it is held
    await page.mouse.up();
    await photographThemes(page, "live-dragged");
    await page.keyboard.press("o");
    await expect.poll(() => coincides(page, LAST), LONG).toBeGreaterThan(0.5);
    expect(await coincides(page, FIRST)).toBeLessThan(0.2);
    await page.keyboard.press("o");
    await expect.poll(() => told(page), LONG).toMatch(/^Live draft, seed 5 · \d/);
    expect(await title(page)).toMatch(/^12 steps; 1 taken over from the one before/);

    // By keys it follows, too; and off, the last one stays until something is changed.
    await page.keyboard.press("Shift+L");
    await expect.poll(() => toggle(page).getAttribute("aria-pressed")).toBe("false");
    expect(await told(page)).toMatch(/^Live draft/);
    await photographThemes(page, "live-off");

    const nothing = { order: "newest", offset: 0, limit: 9 } as const;
    expect(await api.listResults(nothing)).toMatchObject({ results: [], total: 0 });
    expect(await api.listRuns({ offset: 0, limit: 9 })).toMatchObject({ runs: [], total: 0 });
    expect(await results(page).count()).toBe(0);
    expect((await api.readPreferences()).live).toBe(false);

    await page.getByRole("button", { name: "Draw this" }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(1);
    const [drawn] = (await api.listResults(nothing)).results;
    const { record } = await api.readResult({ id: drawn!.id });
    expect(record).toMatchObject({ seed: "5", scene: { settings: { steps: 12 } } });
    expect(record.scene.regions[0]!.box.x).toBeCloseTo(LAST.x, 1);
    await expect.poll(() => page.locator("p.live").count(), LONG).toBe(0); // the result is looked at now
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => page.locator("p.live").count()).toBe(0);
  });
});
