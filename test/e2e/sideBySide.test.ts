/**
 * Four pictures of a job that the engine draws side by side: all are seen at work, one is cancelled, and the others are bit by bit what they are without
 * that, and within rounding what each is alone.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { DEFAULT_PATTERN } from "../../src-main/api/pictureName.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { relativeError } from "../support/closeness.ts";
import { findings } from "./axe.ts";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron, type RunningApp } from "./harness.ts";
import { photographThemes } from "./photograph.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { attributes, compose, draw, DRAWING_LIMIT, results, seeds } from "./window.ts";

const BOXES = [
  ["red circle", [0.06, 0.31, 0.38, 0.38]],
  ["blue square", [0.56, 0.31, 0.38, 0.38]],
] as [string, [number, number, number, number]][];
const SCENE = { boxes: BOXES, steps: 16 };
const atWork = (page: Page) => page.locator("section.strip").getByRole("group", { name: /^Seed \d+, being drawn/ });
const idle = (page: Page) => page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });

/** Of all results, by seed: the pixels with their hash, and the rows of the network that drew them. */
async function drawn({ app, page }: RunningApp, folder: (...names: string[]) => string) {
  const api = apiOf(page);
  const { results: listed } = await api.listResults({ order: "oldest", offset: 0, limit: 9 });
  // Several go into a folder, one by a name.
  await answer(app, "showOpenDialog", [folder()]);
  await answer(app, "showSaveDialog", [folder(`${listed[0]!.seed} alone.png`)]);
  const ids = listed.map(({ id }) => id);
  const exported = await api.exportPictures({ ids, settings: true, form: "png", pattern: DEFAULT_PATTERN });
  const of = (path: string) => {
    const png = readFileSync(path);
    const told = readMetadata(png);
    if (told.kind !== "record") throw new Error(`${path} has no record`);
    const { data } = decodePng(png).pixels;
    const hash = createHash("sha256").update(data).digest("hex");
    return [told.record.seed, { hash, numbers: Float32Array.from(data), rows: told.record.engine.rows }] as const;
  };
  return Object.fromEntries(exported!.paths.map(of));
}

describe.skipIf(!electron)("four pictures at once", { timeout: 2 * DRAWING_LIMIT }, () => {
  const folder = sharedFolder();
  const running = sharedApp({ env: { DIORAMA_BATCH: "8" } });

  test("are seen at work, each with its preview", async () => {
    const { page } = running();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await compose(page, { boxes: BOXES, seeds: "1-5", steps: 400 }); // there is time to look
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => atWork(page).locator("canvas").count(), { timeout: DRAWING_LIMIT }).toBe(4);
    await page.getByRole("status").filter({ hasText: "1–4 of 5" }).waitFor();
    await photographThemes(page, "four-at-work");
    await page.keyboard.press("Control+j");
    const rows = page.getByRole("list", { name: "Queue" }).locator("[data-place]");
    await expect.poll(async () => (await attributes(rows, "aria-label"))[0]).toMatch(/4 at once, step \d+ of 400/);
    await rows.first().focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Hold seed 2" }).click();
    await expect.poll(async () => (await attributes(rows, "aria-label"))[1]).toMatch(/3 at once, step \d+ of 400/);
    expect((await attributes(rows, "aria-label"))[0]).toMatch(/seed 2, held/);
    await photographThemes(page, "four-in-queue");
    expect(await findings(page, "the queue with several at work")).toEqual([]);
    await page.getByRole("button", { name: "Cancel all" }).click();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await idle(page);
  });

  test("and one that is cancelled in the middle leaves the others as they are without that, and as each is alone", async () => {
    const { page } = running();
    await compose(page, { ...SCENE, seeds: "1-4" });
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => atWork(page).count(), { timeout: DRAWING_LIMIT }).toBe(4);
    await page.getByRole("button", { name: "Cancel the picture with seed 3" }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(3);
    await idle(page);
    expect((await seeds(page)).sort()).toEqual(["1", "2", "4"]);
    const left = await drawn(running(), folder);
    expect(Object.values(left).map(({ rows }) => rows)).toEqual([8, 8, 8]);

    await compose(page, { ...SCENE, seeds: "1-4" });
    await draw(page, 4);
    const all = await drawn(running(), folder);
    for (const seed of ["1", "2", "4"]) expect([seed, left[seed]!.hash]).toEqual([seed, all[seed]!.hash]);

    for (const seed of ["1", "2", "4"]) {
      await compose(page, { ...SCENE, seeds: seed });
      await draw(page, 1);
      const alone = (await drawn(running(), folder))[seed]!;
      expect(alone.rows).toBe(2);
      expect(relativeError(left[seed]!.numbers, alone.numbers)).toBeLessThan(3e-3); // whole numbers from 0 to 255
    }
  });
});
