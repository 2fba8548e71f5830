/** Four pictures of a job that the engine draws side by side: all are seen at work, one is cancelled, and the others are what each is alone. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { DEFAULT_PATTERN } from "../../src-main/api/pictureName.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng } from "../../src-main/image/png.ts";
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
/** Enough to be seen at work. */
const SCENE = { boxes: BOXES, steps: 40 };
const atWork = (page: Page) => page.locator("section.strip").getByRole("group", { name: /^Seed \d+, being drawn/ });
const idle = (page: Page) => page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });

/** Of all results, by seed: a hash of the pixels, and the rows of the network that drew them. */
async function drawn({ app, page }: RunningApp, folder: string) {
  const api = apiOf(page);
  const { results: listed } = await api.listResults({ order: "oldest", offset: 0, limit: 9 });
  await answer(app, "showOpenDialog", [folder]);
  const ids = listed.map(({ id }) => id);
  const exported = await api.exportPictures({ ids, settings: true, form: "png", pattern: DEFAULT_PATTERN });
  const of = (path: string) => {
    const png = readFileSync(path);
    const told = readMetadata(png);
    if (told.kind !== "record") throw new Error(`${path} has no record`);
    const hash = createHash("sha256").update(decodePng(png).pixels.data).digest("hex");
    return [told.record.seed, { hash, rows: told.record.engine.rows }] as const;
  };
  return Object.fromEntries(exported!.paths.map(of));
}

describe.skipIf(!electron)("four pictures at once", { timeout: 2 * DRAWING_LIMIT }, () => {
  const folder = sharedFolder();
  const running = sharedApp({ env: { DIORAMA_BATCH: "8" } });

  test("are seen at work, and cancelled, kept and shown by themselves", async () => {
    const { page } = running();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await compose(page, { ...SCENE, seeds: "1-5" });
    await page.keyboard.press("Control+Enter");
    await page.getByText("Pictures 1 to 4 of 5").waitFor({ timeout: DRAWING_LIMIT });
    await expect.poll(() => atWork(page).count()).toBe(4);
    await photographThemes(page, "four-at-work");
    await page.keyboard.press("Control+j");
    const rows = page.getByRole("list", { name: "Queue" }).locator("[data-place]");
    await expect.poll(async () => (await attributes(rows, "aria-label"))[0]).toMatch(/4 at once, step \d+ of 40/);
    await photographThemes(page, "four-in-queue");
    expect(await findings(page, "the queue with four at work")).toEqual([]);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("button", { name: "Cancel the picture with seed 3" }).click();
    await expect.poll(() => atWork(page).count()).toBe(3);
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(4);
    await idle(page);
    expect((await seeds(page)).sort()).toEqual(["1", "2", "4", "5"]);
    const together = await drawn(running(), folder());
    expect(Object.values(together).map(({ rows: some }) => some)).toEqual([8, 8, 8, 2]);

    for (const seed of ["1", "2", "4"]) {
      await compose(page, { ...SCENE, seeds: seed });
      await draw(page, 1);
      const alone = await drawn(running(), folder());
      expect(alone[seed]).toEqual({ hash: together[seed]!.hash, rows: 2 });
    }
  });
});
