/** Going on from a picture: a part drawn anew whose surroundings stay, variations, enlarging, another strength, undo; what came from what. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { decodePng, encodePng } from "../../src-main/image/png.ts";
import { temporaryFolder } from "../support/projects.ts";
import { findings } from "./axe.ts";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron, type RunningApp } from "./harness.ts";
import { photographThemes } from "./photograph.ts";
import { sharedApp } from "./shared.ts";
import { box, card, compose, draw, DRAWING_LIMIT, runFromPalette, undo, view } from "./window.ts";

const BOXES = [
  ["red circle", [0, 0.25, 0.375, 0.5]],
  ["blue square", [0.5, 0.25, 0.5, 0.5]],
] as [string, [number, number, number, number]][];
const chip = (page: Page) => page.getByRole("region", { name: "Goes on from" });
const query = { order: "newest", offset: 0, limit: 50 } as const;

/** The pixels of a result, in the PNG as it is exported. */
async function exported({ app, page }: RunningApp, id: number): Promise<Pixels> {
  const path = join(temporaryFolder(), "picture.png");
  await answer(app, "showSaveDialog", [path]);
  await apiOf(page).exportPictures({ ids: [id], settings: true, form: "png", pattern: "{seed}" });
  return decodePng(readFileSync(path)).pixels;
}

describe.skipIf(!electron)("going on from a picture", { timeout: DRAWING_LIMIT }, () => {
  const running = sharedApp();

  test("a part is drawn anew and every other pixel stays; variations, enlarging and files; undo brings the draft back", async () => {
    const { page, app } = running();
    const api = apiOf(page);
    await compose(page, { seeds: "3", boxes: BOXES, steps: 4 });
    await draw(page, 1);
    const [first] = (await api.listResults(query)).results;

    // The selected box, by key.
    await box(page, "red circle").click();
    await card(page, 3).click();
    await page.keyboard.press("Shift+D");
    await expect.poll(() => chip(page).textContent()).toContain("Draws anew red circle");
    await draw(page, 2);
    const [second] = (await api.listResults(query)).results;
    const { record, runId } = await api.readResult({ id: second!.id });
    expect(record.scene.start).toMatchObject({ strength: 1, redraw: { feather: 16 } });
    expect((await api.readRun({ id: runId })).origin).toEqual({ run: first!.runId, result: first!.id, how: "redraw" });
    const [before, after] = [await exported(running(), first!.id), await exported(running(), second!.id)];
    const { width, height } = before;
    const right = Math.ceil(0.375 * width) + 16;
    let [kept, changed] = [0, 0];
    for (let p = 0; p < width * height; p++) {
      const isSame = [0, 1, 2].every((c) => before.data[4 * p + c] === after.data[4 * p + c]);
      if (p % width >= right) expect(isSame, `pixel ${p}`).toBe(true);
      if (p % width >= right) kept++;
      else if (!isSame) changed++;
    }
    expect(kept).toBeGreaterThan(width * height * 0.3);
    expect(changed).toBeGreaterThan(100);
    await photographThemes(page, "redraw");
    expect(await findings(page, "a part to be drawn anew")).toEqual([]);

    // Undo brings back the draft that was there.
    await undo(page).click();
    await expect.poll(() => chip(page).count()).toBe(0);

    // Variations of it, by the menu of its card.
    await card(page, 3).first().click();
    await page.keyboard.press("v");
    await expect.poll(() => chip(page).textContent()).toContain("Variations of seed 3");
    await draw(page, 6);
    const [varied] = (await api.listResults(query)).results;
    const variation = await api.readResult({ id: varied!.id });
    expect(variation.record.scene.settings).toMatchObject({ variationOf: "3", variationStrength: 0.2 });
    expect((await api.readRun({ id: variation.runId })).origin?.how).toBe("variation");
    await chip(page).getByRole("button", { name: "Begin from noise" }).click();
    await expect.poll(() => chip(page).count()).toBe(0);

    // Larger, by the button beside it: half as large again, as a latent.
    await view(page, "Results").click();
    await card(page, 3).first().click();
    await photographThemes(page, "result");
    await page.getByRole("group", { name: "Go on from it" }).getByRole("button", { name: "Enlarge" }).click();
    await expect.poll(() => chip(page).textContent()).toContain("Goes on from a picture");
    const factor = chip(page).getByRole("textbox", { name: "Times as large" });
    await expect.poll(() => factor.inputValue()).toBe("2.0");
    await factor.fill("1.5");
    await factor.press("Enter");
    await chip(page).getByRole("radio", { name: "Latent" }).click();
    await expect.poll(async () => (await api.readDraft()).draft.scene.start?.by).toBe("latent");
    await photographThemes(page, "enlarge");
    await draw(page, 7);
    const [large] = (await api.listResults(query)).results;
    expect([large!.width, large!.height]).toEqual([1.5 * width, 1.5 * height]);
    expect((await api.readResult({ id: large!.id })).record.scene.start).toMatchObject({ by: "latent" });
    for (let n = 0; n < 3; n++) await undo(page).click();

    // A file, which is no picture of ours, with another strength.
    const path = join(temporaryFolder(), "gray.png");
    writeFileSync(path, encodePng({ width: 40, height: 40, data: new Uint8Array(6_400).fill(128) }));
    await answer(app, "showOpenDialog", [path]);
    await runFromPalette(page, "Go on from a picture");
    await expect.poll(() => chip(page).locator("img").count()).toBe(1);
    await chip(page).getByRole("textbox", { name: "Strength" }).fill("0.5");
    await chip(page).getByRole("textbox", { name: "Strength" }).press("Enter");
    await expect.poll(() => chip(page).textContent()).toContain("2 of 4 steps are drawn");
    await expect.poll(async () => (await api.readDraft()).draft.scene.start?.strength).toBe(0.5);
    await draw(page, 8);
    // The same file, dropped on the bar.
    await chip(page).getByRole("button", { name: "Begin from noise" }).click();
    await expect.poll(() => chip(page).count()).toBe(0);
    const dataTransfer = await page.evaluateHandle(`{
      const transfer = new DataTransfer();
      const bytes = new Uint8Array([${[...readFileSync(path)].join(",")}]);
      transfer.items.add(new File([bytes], "gray.png", { type: "image/png" }));
      transfer;
    }`);
    await page
      .locator("footer", { has: page.getByRole("button", { name: /^Generate/ }) })
      .dispatchEvent("drop", { dataTransfer });
    await expect.poll(() => chip(page).locator("img").count()).toBe(1);
    // What is neither a picture is refused by name.
    writeFileSync(path, "no picture");
    await expect(api.chooseStart()).rejects.toThrow("gray.png: it is no PNG, JPEG or WebP picture.");
  });
});
