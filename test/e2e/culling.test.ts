/** One picture, large, over everything: gone through, looked at closely and judged by single keys, a hundred pictures by a hundred. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { makeProject, openProject } from "./manyResults.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { card, compose, prompt, results, saved, view } from "./window.ts";

const TOTAL = 120;
const large = (page: Page) => page.getByRole("dialog", { name: /^(Seed|No picture)/ });
const title = (page: Page) => large(page).getByRole("heading");
const picture = (page: Page) => large(page).getByRole("img");
const tool = (page: Page, name: string) => large(page).getByRole("toolbar").getByRole("button", { name });
/** Its seed, and where it stands. */
const shown = async (page: Page) => (await title(page).textContent())!.replace(/\s+/g, " ").trim();

describe.skipIf(!electron)("one picture, large", { timeout: 240_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  beforeAll(async () => {
    const { app, page } = running();
    const path = folder("many.diorama");
    makeProject(path, TOTAL);
    await openProject(app, page, path);
    await view(page, "Results").click();
    await card(page, TOTAL).waitFor();
  }, 120_000);

  test("opens by Space and by double click, goes on by arrows, and gives the list its place back", async () => {
    const { page } = running();
    await card(page, 118).dblclick();
    await expect.poll(() => shown(page)).toBe(`Seed 118 3 of ${TOTAL}`);
    await picture(page).waitFor();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => shown(page)).toBe(`Seed 114 7 of ${TOTAL}`);
    // Who hears the window is told which picture it is.
    await large(page).getByText(`Seed 114, 7 of ${TOTAL}`, { exact: true }).waitFor({ state: "attached" });
    await page.keyboard.press("Escape");
    await large(page).waitFor({ state: "detached" });
    await expect.poll(() => page.locator(":focus").getAttribute("data-result")).not.toBeNull();
    await expect.poll(() => page.locator(":focus").getAttribute("aria-label")).toMatch(/^Seed 114,/);
    const told = page.locator(".told");
    await page.keyboard.press("s");
    await expect.poll(() => told.textContent()).toBe("Seed 114 is starred.");
    await page.keyboard.press("s");
    await expect.poll(() => told.textContent()).toBe("Seed 114 is not starred any more.");
    await page.keyboard.press("Space");
    await expect.poll(() => shown(page)).toBe(`Seed 114 7 of ${TOTAL}`);
    await page.keyboard.press("Space");
    await large(page).waitFor({ state: "detached" });
  });

  test("shows pixel for pixel, its boxes, where their words looked, and what made it", async () => {
    const { page } = running();
    await card(page, 114).click();
    await page.keyboard.press("Space");
    const width = async () => (await picture(page).boundingBox())!.width;
    const fit = await width();
    expect(fit).toBeGreaterThan(64);
    await page.keyboard.press("z");
    await expect.poll(width).toBeCloseTo(64, 1);
    await page.keyboard.press("z");
    await expect.poll(width).toBeCloseTo(fit, 1);
    await page.keyboard.press("+");
    await expect.poll(width).toBeCloseTo(fit * 1.25, 0);
    await page.keyboard.press("0");

    const frames = large(page).locator(".box");
    await expect.poll(() => frames.count()).toBe(2);
    await page.keyboard.press("o");
    await expect.poll(() => frames.count()).toBe(0);
    await page.keyboard.press("o");
    const heat = large(page).locator(".heat canvas");
    expect(await heat.count()).toBe(0); // off until asked for
    await page.keyboard.press("h");
    await expect.poll(() => heat.count()).toBe(2);
    await tool(page, "Where the words looked").click();
    await expect.poll(() => heat.count()).toBe(0);
    await large(page).focus();
    await page.keyboard.press("i");
    const facts = large(page).getByRole("complementary", { name: "What made it" });
    await facts.getByText("a cat on a mat").waitFor();
    await page.keyboard.press("i");
    await facts.waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
  });

  test("a hundred pictures are judged by a hundred keys, however fast they come, without a mouse", async () => {
    const { page } = running();
    await card(page, TOTAL).press("Space"); // the one that has the focus, whichever was chosen before
    await expect.poll(() => shown(page)).toBe(`Seed ${TOTAL} 1 of ${TOTAL}`);
    // Every third is kept, every fourth starred, the others rejected; the list holds a page of a hundred, and more are needed.
    const keys = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? "ArrowRight" : i % 4 === 1 ? "s" : "x"));
    for (const key of keys) await page.keyboard.press(key);
    const kept = TOTAL - keys.filter((key) => key === "x").length;
    await expect.poll(() => shown(page), { timeout: 60_000 }).toBe(`Seed 20 ${kept - 19} of ${kept}`);
    const seedsOf = (wanted: string) => keys.flatMap((key, i) => (key === wanted ? [`${TOTAL - i}`] : []));
    const api = apiOf(page);
    const query = { order: "newest", offset: 0, limit: 200 } as const;
    expect((await api.listResults({ ...query, state: "rejected" })).results.map(({ seed }) => seed)).toEqual(
      seedsOf("x"),
    );
    expect((await api.listResults({ ...query, state: "kept", starred: true })).results.map(({ seed }) => seed)).toEqual(
      seedsOf("s"),
    );
    // The last one is taken back without leaving.
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+z");
    await expect
      .poll(
        async () =>
          (await api.listResults({ ...query, state: "rejected" })).total +
          (await api.listResults({ ...query, starred: true })).total,
      )
      .toBe(seedsOf("x").length + seedsOf("s").length - 1);
    await page.keyboard.press("Escape");
    await large(page).waitFor({ state: "detached" });
  });

  test("Enter leaves the scene in the editor alone, on a card and over everything; only its button uses another", async () => {
    const { page } = running();
    await compose(page, { prompt: "nothing of the kind" });
    const path = folder("few.diorama");
    makeProject(path, 3);
    await openProject(running().app, page, path);
    await prompt(page).fill("what I am at");
    await saved(page).waitFor();
    await view(page, "Results").click();
    await card(page, 2).click();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await expect.poll(() => shown(page)).toBe("Seed 2 2 of 3");
    await page.keyboard.press("i");
    const use = large(page).getByRole("button", { name: "Use its scene" });
    await view(page, "Results").waitFor({ state: "attached" });
    await use.focus();
    await page.keyboard.press("Enter");
    await large(page).waitFor({ state: "detached" });
    await expect.poll(() => prompt(page).inputValue()).toBe("a cat on a mat");
    // And the strip under the canvas opens large as well.
    await results(page).first().focus();
    await page.keyboard.press("Space");
    await large(page).waitFor();
    await page.keyboard.press("Escape");
    await large(page).waitFor({ state: "detached" });
    await saved(page).waitFor();
  });
});
