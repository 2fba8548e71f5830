/** What was asked for and what comes of it: seeds that are there already, a queue that stays in sight, what was cancelled or cut off, one more. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { answer } from "./dialogs.ts";
import { apiOf, hear, listen } from "./driver.ts";
import { DEFAULT_PATTERN } from "../../src-main/api/pictureName.ts";
import { electron, launch } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import {
  attributes,
  card,
  choose,
  compose,
  draw,
  DRAWING_LIMIT,
  open,
  results,
  saved,
  seeds,
  shelf,
  view,
} from "./window.ts";

const CIRCLE: [string, [number, number, number, number]][] = [["red circle", [0.1, 0.1, 0.5, 0.5]]];
const seedsField = (page: Page) => page.getByRole("textbox", { name: "Seeds" });
const told = (page: Page, text: RegExp) => page.getByRole("status").filter({ hasText: text });
const queue = (page: Page) => page.getByRole("group", { name: "To be drawn" });
const progress = (page: Page) => page.getByRole("progressbar", { name: "Queue" });
const search = (page: Page) => page.getByRole("textbox", { name: "Search prompts and seeds" });
/** Seeds in the queue and of the results, as they stand beside each other. */
const inOrder = async (page: Page) => {
  const all = page.locator("section.strip [aria-label^='Seed ']");
  return (await attributes(all, "aria-label")).map((name) => /^Seed (\d+)/.exec(name!)![1]!);
};

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe.skipIf(!electron)("what is asked for", { timeout: 240_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("seeds that are drawn already are told, shown and drawn again only when that is wished", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: CIRCLE, seeds: "1,2" });
    await draw(page, 2);
    await page.keyboard.press("Control+Enter");
    const note = told(page, /All 2 seeds are drawn already with this scene and these settings\./);
    await note.waitFor();
    expect((await apiOf(page).listRuns({ offset: 0, limit: 9 })).total).toBe(1);
    await note.getByRole("button", { name: "Show" }).click();
    await expect.poll(() => page.getByRole("option", { selected: true, name: /^Seed/ }).count()).toBe(2);

    await view(page, "Compose").click();
    await seedsField(page).fill("2,3");
    await note.waitFor({ state: "detached" });
    await draw(page, 3);
    const some = told(page, /1 of 2 seeds is drawn already/);
    await some.waitFor();
    expect(await seeds(page)).toEqual(["3", "2", "1"]);
    await some.getByRole("button", { name: "Draw again" }).click();
    await expect.poll(() => seeds(page), { timeout: DRAWING_LIMIT }).toEqual(["2", "3", "2", "1"]);
  });

  test("a PNG whose picture is in the project already is told and shown, not taken in twice", async () => {
    const { app, page } = running();
    await compose(page, { prompt: "a red circle", boxes: CIRCLE, seeds: "4,5" });
    await draw(page, 2);
    const { results: listed } = await apiOf(page).listResults({ order: "oldest", offset: 0, limit: 9 });
    await answer(app, "showSaveDialog", [folder("poster.png")]);
    await answer(app, "showOpenDialog", [folder()]);
    const [file] = (await apiOf(page).exportPictures({
      ...{ ids: [listed[0]!.id], settings: true, form: "png", pattern: DEFAULT_PATTERN },
    }))!.paths;
    await app.evaluate(({ app: electron }, path) => electron.emit("second-instance", {}, ["", path], "/"), file!);
    const note = told(page, /is in this project already\. It was not taken in again\./);
    await note.waitFor();
    expect(await seedsField(page).inputValue()).toBe("4,5");
    expect(await seeds(page)).toEqual(["5", "4"]);
    await note.getByRole("button", { name: "Show" }).click();
    await expect.poll(() => card(page, 4).getAttribute("aria-selected")).toBe("true");
    expect(await results(page).count()).toBe(2);
  });

  test("the strip shows what comes and what is new, whatever Results looks for, and keeps its order when a run ends", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: CIRCLE, seeds: "1-9" });
    await draw(page, 9);
    await view(page, "Results").click();
    await choose(page, "Order", "Oldest first");
    await search(page).fill("nowhere to be found");
    await expect.poll(() => results(page).count()).toBe(0);
    await view(page, "Compose").click();
    expect((await seeds(page)).slice(0, 3)).toEqual(["9", "8", "7"]);

    await compose(page, { prompt: "a red circle", boxes: CIRCLE, seeds: "21-24", steps: 40 });
    await page.keyboard.press("Control+Enter");
    await queue(page).waitFor();
    // However far the results are scrolled, what is drawn stands there.
    await page
      .locator("section.strip .scroll")
      .evaluate((e) => ((e as unknown as { scrollLeft: number }).scrollLeft = 9_999));
    const strip = (await page.locator("section.strip").boundingBox())!;
    const drawn = (await queue(page).boundingBox())!;
    expect(drawn.x).toBeGreaterThanOrEqual(strip.x);
    expect(drawn.x + drawn.width).toBeLessThan(strip.x + strip.width);
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    const before = await inOrder(page);
    expect(before.at(-1)).toBe("21");
    expect(before.toSorted().toReversed()).toEqual(before);
    // In Results it is seen on every shelf.
    await view(page, "Results").click();
    await shelf(page, "Starred").click();
    await queue(page).waitFor();
    await view(page, "Compose").click();
    await progress(page).waitFor({ state: "detached", timeout: DRAWING_LIMIT });
    await expect.poll(() => inOrder(page)).toEqual(["24", "23", "22", "21"]);
    await view(page, "Results").click();
    await shelf(page, "All").click();
    await search(page).fill("");
    await choose(page, "Order", "Newest first");
    await view(page, "Compose").click();
  });

  test("what is cancelled is announced, offered, kept in History, and drawn later", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: CIRCLE, seeds: "1-4", steps: 30 });
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    await page.keyboard.press("Control+.");
    await told(page, /^Drawing was cancelled: \d of 4 pictures were drawn\.$/).waitFor();
    const offer = page.getByText(/^Cancelled: \d of 4 pictures are not drawn\.$/);
    await offer.waitFor();
    await view(page, "History").click();
    await page.getByText(/^\d of its pictures (is|are) not drawn\.$/).waitFor();
    await view(page, "Compose").click();
    await page.getByRole("button", { name: "Draw them" }).click();
    await offer.waitFor({ state: "detached" });
    await expect
      .poll(async () => (await seeds(page)).toSorted(), { timeout: DRAWING_LIMIT })
      .toEqual(["1", "2", "3", "4"]);
    await told(page, /^Drawing is finished\.$/).waitFor();
    await view(page, "History").click();
    await page.getByRole("option", { name: /4 pictures · cancelled/ }).click();
    await expect.poll(() => page.getByText(/not drawn\.$/).count()).toBe(0);
    await view(page, "Compose").click();
  });

  test("one more is a further random seed, and the starred are drawn again at other settings", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: CIRCLE, seeds: "1-3" });
    await draw(page, 3);
    await page.getByRole("button", { name: /^One more/ }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(4);
    expect(await seedsField(page).inputValue()).toBe("1-3");
    const [further] = await seeds(page);
    expect(["1", "2", "3"]).not.toContain(further);

    for (const seed of [1, 3]) {
      await card(page, seed).click();
      await page.keyboard.press("s");
    }
    await page.getByRole("textbox", { name: "Steps", exact: true }).fill("3");
    await page.keyboard.press("Tab");
    await expect.poll(() => saved(page).count()).toBe(1);
    await view(page, "Results").click();
    await shelf(page, "Starred").click();
    await expect.poll(() => results(page).count()).toBe(2);
    await page.getByRole("button", { name: "Draw the starred again" }).click();
    await shelf(page, "All").click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(6);
    expect((await seeds(page)).slice(0, 2).toSorted()).toEqual(["1", "3"]);
    await view(page, "Compose").click();
  });
});

describe.skipIf(!electron)("an app that is cut off", { timeout: 240_000 }, () => {
  test("offers at the next start what its runs owe", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "diorama-e2e-"));
    folders.push(dataFolder);
    const first = await launch({ dataFolder });
    await open(first.page);
    await compose(first.page, { prompt: "a red circle", boxes: CIRCLE, seeds: "1-3", steps: 30 });
    await listen(first.page, ["image"]);
    await first.page.keyboard.press("Control+Enter");
    await hear(first.page, "image", { index: 0 });
    await first.kill();

    await using second = await launch({ dataFolder });
    const { page } = second;
    await open(page);
    await page.getByText(/^Diorama ended before \d of 3 pictures were drawn\.$/).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(async () => (await seeds(page)).toSorted(), { timeout: DRAWING_LIMIT }).toEqual(["1", "2", "3"]);
  });
});

describe.skipIf(!electron)("the time that a picture will take", { timeout: 240_000 }, () => {
  test("is known at the next start, from what this machine did last", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "diorama-e2e-"));
    folders.push(dataFolder);
    const first = await launch({ dataFolder });
    await open(first.page);
    const cost = (page: Page) => page.locator(".cost");
    await expect.poll(() => cost(first.page).textContent()).toMatch(/^\d+ MB of memory$/);
    await compose(first.page, { prompt: "a red circle", boxes: CIRCLE, seeds: "1,2" });
    await draw(first.page, 2);
    await first.quit();

    await using second = await launch({ dataFolder });
    await open(second.page);
    await expect.poll(() => cost(second.page).textContent()).toMatch(/^about .+ · \d+ MB of memory$/);
  });
});
