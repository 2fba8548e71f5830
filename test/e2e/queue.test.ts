/** The queue's view, its order after a quit, and finding: one walk through the window, by keyboard where there is one. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { photographThemes } from "./photograph.ts";
import { sharedApp } from "./shared.ts";
import { attributes, card, choose, compose, DRAWING_LIMIT, results, undo, view } from "./window.ts";

const BOXES = [
  ["red circle", [0.06, 0.31, 0.38, 0.38]],
  ["blue square", [0.56, 0.31, 0.38, 0.38]],
] as [string, [number, number, number, number]][];
const rows = (page: Page) => page.getByRole("list", { name: "Queue" }).locator("[data-place]");
const says = (page: Page) => attributes(rows(page), "aria-label").then((all) => all.map((text) => text ?? ""));
const idle = (page: Page) => page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });

describe.skipIf(!electron)("the queue and finding", { timeout: DRAWING_LIMIT }, () => {
  const running = sharedApp();

  test("a paused queue is put into another order by keys and by drag, held, taken out, and each is taken back", async () => {
    const { page } = running();
    const api = apiOf(page);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await compose(page, { seeds: "1-3", boxes: BOXES, steps: 4 });
    await api.pauseQueue({ paused: true });
    for (const seeds of ["1-3", "4,5"]) {
      const field = page.getByRole("textbox", { name: "Seeds" });
      await field.fill(seeds);
      await field.press("Enter");
      await page.keyboard.press("Control+Enter");
      await page.getByText("paused").first().waitFor();
    }
    await page.keyboard.press("Control+j");
    /** What is said of each row, as far as it tells them apart. */
    const places = async () => (await says(page)).map((text) => /seed \d|\d of \d/.exec(text)?.[0]).join("|");
    await expect.poll(places).toBe("3 of 3|2 of 2");
    await rows(page).nth(1).focus();
    await page.keyboard.press("Alt+ArrowUp");
    await expect.poll(places).toBe("2 of 2|3 of 3");
    // The focus stays on what was moved.
    await expect.poll(() => page.locator("[data-place]:focus").getAttribute("aria-label")).toContain("2 of 2 pictures");
    await rows(page)
      .nth(0)
      .dragTo(rows(page).nth(1), { targetPosition: { x: 60, y: 30 } });
    await expect.poll(places).toBe("3 of 3|2 of 2");
    await rows(page).nth(0).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Draw seed 3 next" }).click();
    await expect.poll(places).toBe("seed 3|2 of 3|2 of 2");
    await rows(page).nth(1).focus();
    await page.keyboard.press("p");
    await expect.poll(async () => (await says(page))[1]).toContain("2 of 3 pictures, held");
    await photographThemes(page, "queue");
    expect(await findings(page, "the queue")).toEqual([]);
    await rows(page).nth(2).focus();
    await page.keyboard.press("Delete");
    await expect.poll(() => rows(page).count()).toBe(2);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await undo(page).click();
    await page.keyboard.press("Control+j");
    await expect.poll(() => rows(page).count()).toBe(3);
    await page.getByRole("button", { name: "Go on", exact: true }).click();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(3);
    const { results: drawn } = await api.listResults({ order: "oldest", offset: 0, limit: 9 });
    expect(drawn.map(({ seed }) => seed)).toEqual(["3", "4", "5"]);
    await undo(page).click(); // that it went on
    await expect.poll(async () => (await says(page)).length).toBe(0);
    await page.keyboard.press("Control+Shift+.");
    await page.keyboard.press("Control+j");
    await rows(page).first().focus();
    await page.keyboard.press("p");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(5);
    await idle(page);
  });

  test("results are gathered in collections and tags, found by box and method, and runs compared in their tree", async () => {
    const { page } = running();
    await view(page, "Results").click();
    await card(page, 1).click();
    await card(page, 3).click({ modifiers: ["Control"] });
    await page.keyboard.press("t");
    const dialog = page.getByRole("dialog", { name: "Collections and tags" });
    await dialog.getByRole("textbox", { name: "New collection" }).fill("Poster");
    await page.keyboard.press("Enter");
    await dialog.getByRole("checkbox", { name: /^Poster/ }).waitFor();
    await dialog.getByRole("textbox", { name: "New tag" }).fill("warm");
    await page.keyboard.press("Enter");
    await expect.poll(() => dialog.getByRole("checkbox", { name: /^warm/ }).isChecked()).toBe(true);
    await photographThemes(page, "labels");
    expect(await findings(page, "collections and tags")).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Shift+f");
    await choose(page, "Collection", /^Poster/);
    await expect.poll(() => results(page).count()).toBe(2);
    await photographThemes(page, "finding");
    expect(await findings(page, "finding")).toEqual([]);
    await choose(page, "Box", /blue square/);
    await choose(page, "How far that box is obeyed", "obeyed 90 and up");
    await page.getByRole("button", { name: "Show all" }).click();
    await expect.poll(() => results(page).count()).toBe(5);
    await undo(page).click(); // the tag
    await expect.poll(async () => (await apiOf(page).listLabels()).map(({ name }) => name)).toEqual(["Poster"]);

    // A run of a restored scene stands under the run that it came from.
    await card(page, 5).click();
    await page.getByRole("button", { name: "Use its scene" }).click();
    const field = page.getByRole("textbox", { name: "Seeds" });
    await field.fill("6");
    await field.press("Enter");
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(6);
    await idle(page);
    await view(page, "History").click();
    await page.getByRole("radio", { name: "What came from what" }).click();
    const runs = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    await expect.poll(() => runs.nth(1).textContent()).toContain("from the scene of a picture");
    await runs.last().click();
    await page.keyboard.press("c");
    await runs.first().click();
    await page.getByText(/^Lines: this run\. Dashes: the run of /).waitFor();
    await photographThemes(page, "history");
    expect(await findings(page, "history as a tree")).toEqual([]);
    await view(page, "Compose").click();
  });
});
