/** The contact sheet by hand: pictures that are on their way, marks and their way back, order, filters, and a long list. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { makeProject, openProject } from "./manyResults.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import {
  attributes,
  card,
  choose,
  compose,
  DRAWING_LIMIT,
  nameOf,
  results,
  seeds,
  shelf,
  undo,
  view,
} from "./window.ts";

const sheet = (page: Page) => page.getByRole("region", { name: "Results" });
const counted = (page: Page) =>
  sheet(page)
    .getByRole("status")
    .filter({ hasText: /pictures?$/ });
/** How far all of them are, at the top of every view. */
const queue = (page: Page) => page.getByRole("banner").getByRole("button", { name: /^\s*\d of 6/ });
const coming = (page: Page) => page.getByRole("group", { name: /^Seed \d+, (being drawn|waiting)$/ });
const selected = (page: Page) =>
  page.getByRole("listbox", { name: "Pictures" }).getByRole("option", { selected: true });

describe.skipIf(!electron)("the contact sheet", { timeout: 240_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("fills live, with a preview, progress and time left for each picture and for all; one is cancelled, then all", async () => {
    const { page } = running();
    await compose(page, { boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]], seeds: "1-6", steps: 60 });
    await view(page, "Results").click();
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => coming(page).count()).toBeGreaterThan(3);
    await page.getByRole("button", { name: "Cancel the picture with seed 4" }).click();
    await expect
      .poll(() =>
        coming(page)
          .and(page.getByRole("group", { name: /^Seed 4,/ }))
          .count(),
      )
      .toBe(0);

    // A picture shows what it will be, how far it is and how long it takes; the queue says the same of all.
    const live = page.getByRole("group", { name: /being drawn$/ }).filter({ has: page.locator("canvas") });
    await expect
      .poll(() => live.filter({ hasText: /\d+ % · \d+ s/ }).count(), { timeout: DRAWING_LIMIT })
      .toBeGreaterThan(0);
    await queue(page)
      .filter({ hasText: /\d s left/ })
      .waitFor({ timeout: DRAWING_LIMIT });

    // Finished ones stand beside those that are on their way.
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    await sheet(page)
      .getByRole("button", { name: /^Cancel all/i })
      .click();
    await queue(page).waitFor({ state: "detached" });
    await expect.poll(() => coming(page).count()).toBe(0);
    const { runs } = await apiOf(page).listRuns({ offset: 0, limit: 1 });
    expect(runs[0]).toMatchObject({ asked: 6, outcome: "cancelled" });
    const drawn = await seeds(page);
    expect(drawn).toHaveLength(runs[0]!.finished);
    expect(drawn).not.toContain("4");
    expect(drawn.length).toBeLessThan(6);
  });

  describe("with six hundred pictures", () => {
    const TOTAL = 600;
    beforeAll(async () => {
      const { app, page } = running();
      const path = folder("many.diorama");
      makeProject(path, TOTAL);
      await openProject(app, page, path);
      await view(page, "Results").click();
      await counted(page)
        .filter({ hasText: `${TOTAL} pictures` })
        .waitFor();
    }, 120_000);

    test("stars, rejections and deletions are made at the cards by pointer, and taken back by the button", async () => {
      const { page } = running();
      const act = async (seed: string, action: string) => {
        await card(page, seed).hover(); // the buttons come with the pointer
        await card(page, seed).locator(`[data-action=${action}]`).click();
      };
      await act("600", "star");
      await expect.poll(() => nameOf(card(page, "600"))).toContain("starred");
      await act("599", "reject");
      await expect.poll(() => card(page, "599").count()).toBe(0);
      await card(page, "598").click();
      await page
        .getByRole("complementary", { name: "Selected result" })
        .getByRole("button", { name: /^Delete/ })
        .click();
      await expect.poll(() => card(page, "598").count()).toBe(0);
      await counted(page).filter({ hasText: "598 pictures" }).waitFor();
      await shelf(page, "Bin").click();
      await expect.poll(() => seeds(page)).toEqual(["598"]);
      await shelf(page, "All").click();
      await undo(page).click();
      await expect.poll(() => card(page, "598").count()).toBe(1);
      await undo(page).click();
      await expect.poll(() => card(page, "599").count()).toBe(1);
      await shelf(page, "Starred").click();
      await expect.poll(() => seeds(page)).toEqual(["600"]);
      await undo(page).click();
      await page.getByRole("heading", { name: "No stars yet" }).waitFor();
      await shelf(page, "All").click();
      await counted(page)
        .filter({ hasText: `${TOTAL} pictures` })
        .waitFor();
    });

    test("they are sorted by seed, as numbers, and by obedience, and filtered by it", async () => {
      const { page } = running();
      await choose(page, "Order", "By seed");
      await expect.poll(async () => (await seeds(page)).slice(0, 4)).toEqual(["1", "2", "3", "4"]);
      await choose(page, "Order", "Best obeyed first");
      const shares = async () =>
        (await attributes(results(page), "aria-label")).map((name) => Number(/obeyed to (\d+)/.exec(name!)![1]));
      await expect.poll(async () => (await shares())[0]).toBe(99);
      const seen = await shares();
      expect(seen).toEqual(seen.toSorted((a, b) => b - a));
      await choose(page, "Obedience", "Obeyed 90 and up");
      await counted(page).filter({ hasText: "60 pictures" }).waitFor(); // of each hundred, ten
      expect(Math.min(...(await shares()))).toBeGreaterThanOrEqual(90);
      await choose(page, "Obedience", "Any obedience");
      await choose(page, "Order", "Newest first");
      await expect.poll(async () => (await seeds(page))[0]).toBe("600");
    });

    test("Shift takes all between two clicks, also what was never on the screen; what is done is done to all of them", async () => {
      const { page } = running();
      await card(page, "600").click();
      await scrollTo(page, "end");
      await card(page, "1").click({ modifiers: ["Shift"] });
      await counted(page).filter({ hasText: "600 of 600 pictures" }).waitFor();
      await card(page, "1").press("s");
      await expect.poll(() => nameOf(card(page, "1"))).toContain("starred");
      // A list that is read again keeps what is selected.
      await counted(page).filter({ hasText: "600 of 600 pictures" }).waitFor();
      await shelf(page, "Starred").click();
      await counted(page).filter({ hasText: "600 pictures" }).waitFor();
      await undo(page).click();
      await counted(page)
        .filter({ hasText: /(^|\s)0 pictures/ })
        .waitFor();
      await shelf(page, "All").click();

      await scrollTo(page, "start");
      await card(page, "590").click();
      await card(page, "585").click({ modifiers: ["Shift"] });
      await expect.poll(() => selected(page).count()).toBe(6);
      await card(page, "585").press("Delete");
      await counted(page).filter({ hasText: "594 pictures" }).waitFor();
      expect(await selected(page).count()).toBe(0);
      await undo(page).click();
      await counted(page)
        .filter({ hasText: `${TOTAL} pictures` })
        .waitFor();
    });
  });
});

async function scrollTo(page: Page, where: "start" | "end"): Promise<void> {
  const list = page.getByRole("listbox", { name: "Pictures" });
  await list.evaluate((element, to) => {
    const { parentElement } = element as unknown as { parentElement: Scrolled };
    let scroller: Scrolled | null = parentElement;
    while (scroller && scroller.scrollHeight <= scroller.clientHeight) scroller = scroller.parentElement;
    scroller?.scrollTo({ top: to === "end" ? scroller.scrollHeight : 0 });
  }, where);
}

interface Scrolled {
  parentElement: Scrolled | null;
  scrollHeight: number;
  clientHeight: number;
  scrollTo(place: { top: number }): void;
}
