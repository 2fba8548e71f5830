/** Many pictures in Compare: which twelve, in which order, how they differ and how large; and the keys of the pictures of a list. */
import { readdir } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { makeProject, openProject } from "./manyResults.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { attributes, card, choose, column, nameOf, results, seeds, shelf, view } from "./window.ts";

const TOTAL = 20;
const figures = (page: Page) => page.getByRole("group", { name: "Pictures", exact: true }).getByRole("figure");
const comparison = (page: Page) => page.getByRole("toolbar", { name: "Comparison" });
const selected = (page: Page) => page.getByRole("option", { selected: true });
const notice = (page: Page, text: string | RegExp) => page.getByText(text);
const markedText = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { getSelection(): unknown }).getSelection()?.toString() ?? "");

describe.skipIf(!electron)("many pictures", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  beforeAll(async () => {
    const path = folder("twenty.diorama");
    makeProject(path, TOTAL);
    await openProject(running().app, running().page, path);
    await view(running().page, "Results").click();
    await card(running().page, 1).waitFor();
  }, 120_000);

  test("Ctrl+A selects all pictures of the list, not the page's text; in a text field its text", async () => {
    const { page } = running();
    await card(page, 18).click();
    await page.keyboard.press("Control+a");
    await expect.poll(() => selected(page).count()).toBe(TOTAL);
    expect(await markedText(page)).toBe("");
    await card(page, 18).click();
    const search = page.getByRole("textbox", { name: /^Search prompts/ });
    await search.fill("cat");
    await search.press("Control+a");
    await search.pressSequentially("zebra");
    expect(await search.inputValue()).toBe("zebra");
    await expect.poll(() => results(page).count()).toBe(0);
    await search.fill("");
    await expect.poll(() => results(page).count()).toBe(TOTAL);
  });

  test("Ctrl+C puts the chosen picture onto the clipboard, of several the one chosen last, and says which", async () => {
    const { app, page } = running();
    await app.evaluate(({ clipboard: board }) => board.writeText("something else"));
    await card(page, 15).click();
    await page.keyboard.press("Control+c");
    await notice(page, "The picture is on the clipboard.").waitFor();
    const held = await app.evaluate(({ clipboard: board }) => {
      const { readImage } = board as unknown as { readImage: () => { getSize: () => object } };
      return readImage().getSize();
    });
    expect(held).toEqual({ width: 64, height: 48 });
    await card(page, 13).click({ modifiers: ["Control"] });
    await page.keyboard.press("Control+c");
    await notice(page, "Of the 2 chosen, the one with seed 13 is on the clipboard.").waitFor();
  });

  test("of more than twelve the first twelve of the list are compared, best first where it is sorted so; the rest is told", async () => {
    const { page } = running();
    await shelf(page, "All").click();
    await choose(page, "Order", "Best obeyed first");
    await expect.poll(async () => (await seeds(page)).slice(0, 3)).toEqual(["20", "19", "18"]);
    await card(page, 3).click();
    await page.keyboard.press("Control+a");
    await expect.poll(() => selected(page).count()).toBe(TOTAL);
    await card(page, 3).press("c");
    await notice(page, /the first 12 are in it, 8 more are not/).waitFor();
    expect(await nameOf(card(page, 20))).toContain("in the comparison");
    expect(await nameOf(card(page, 8))).not.toContain("in the comparison");
    await view(page, "Compare").click();
    await expect.poll(() => figures(page).count()).toBe(12);
    const best = Array.from({ length: 12 }, (_, i) => `${20 - i}`);
    await expect.poll(() => column(page, "Seed")).toEqual(best);

    // A row a picture: its number, and beside it what is its own.
    const table = page.getByRole("complementary", { name: "What differs" }).getByRole("table");
    expect(await table.getByRole("row").count()).toBe(13);
    expect(await table.getByRole("rowheader").count()).toBe(12);
  });

  test("those compared are exported as one set", async () => {
    const { app, page } = running();
    await answer(app, "showOpenDialog", [folder()]);
    await comparison(page).getByRole("button", { name: "Export the 12 compared…" }).click();
    const dialog = page.getByRole("dialog", { name: "Export the 12 compared" });
    // It opens on the sheet of what is compared; files of their own are a choice away.
    const made = dialog.getByRole("radiogroup", { name: "What to make of them" });
    await expect.poll(() => made.getByRole("radio", { name: "Contact sheet" }).isChecked()).toBe(true);
    await made.getByRole("radio", { name: "Pictures" }).click();
    await dialog.getByRole("button", { name: "Export…" }).click();
    await notice(page, /12 pictures are exported/).waitFor();
    const written = (await readdir(folder(), { recursive: true })).filter((name) => name.endsWith(".png"));
    expect(written).toHaveLength(12);
  });

  test("a hundred percent is a pixel for a pixel, and the whole picture is the whole picture", async () => {
    const { page } = running();
    const percent = comparison(page).getByRole("status", { name: "Zoom" });
    const whole = comparison(page).getByRole("button", { name: "Whole pictures" });
    await expect.poll(() => whole.getAttribute("aria-pressed")).toBe("true");
    const shown = async () => {
      const { width } = (await figures(page).first().getByRole("img").boundingBox())!;
      return width;
    };
    const fit = await shown();
    expect(Math.round((100 * fit) / 64)).toBe(Number.parseInt((await percent.textContent())!, 10));
    await page.keyboard.press("z");
    await expect.poll(() => percent.textContent()).toBe("100 %");
    await expect.poll(shown).toBeCloseTo(64, 1);
    expect(await whole.getAttribute("aria-pressed")).toBe("false");
    await page.keyboard.press("0");
    await expect.poll(shown).toBeCloseTo(fit, 1);
  });

  test("X rejects, C takes out, S stars the one that has the frame, which is the one arrows choose", async () => {
    const { page } = running();
    const framed = () => figures(page).locator("xpath=self::*[contains(@class, 'current')]").getByRole("img");
    const seed = async () => /^Seed (\d+)/.exec((await attributes(framed(), "alt"))[0] ?? "")?.[1];
    await figures(page).nth(1).click();
    await expect.poll(seed).toBe("19");
    await page.keyboard.press("ArrowRight");
    await expect.poll(seed).toBe("18");
    await page.keyboard.press("x");
    await expect.poll(() => figures(page).filter({ hasText: "rejected" }).count()).toBe(1);
    expect(await seed()).toBe("18");
    await page.keyboard.press("s");
    await figures(page).nth(2).getByLabel("starred").waitFor();
    await page.keyboard.press("c");
    await expect.poll(() => column(page, "Seed")).not.toContain("18");
    await expect.poll(seed).toBe("17");
    const { results: rejected } = await apiOf(page).listResults({
      state: "rejected",
      order: "seed",
      offset: 0,
      limit: 9,
    });
    expect(rejected.map((one) => one.seed)).toEqual(["18"]);
    await comparison(page).getByRole("button", { name: "Clear" }).click();
    await page.getByRole("heading", { name: "Nothing to compare yet" }).waitFor();
  });

  test("keys on a list are about the picture the arrow before them chose, however fast they come", async () => {
    const { page } = running();
    await view(page, "Results").click();
    await expect.poll(async () => (await seeds(page)).slice(0, 3)).toEqual(["20", "19", "17"]);
    await card(page, 20).click();
    await expect.poll(() => page.locator(":focus").getAttribute("data-result")).not.toBeNull();
    // All of them before the window draws its next frame.
    await page.evaluate(
      (keys) => {
        interface Page {
          document: { activeElement: { dispatchEvent(event: unknown): void } };
          KeyboardEvent: new (type: string, init: object) => unknown;
        }
        const { document, KeyboardEvent } = globalThis as unknown as Page;
        for (const key of keys) {
          const { activeElement } = document;
          activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true }),
          );
        }
      },
      ["c", "ArrowRight", "c", "ArrowRight", "c"],
    );
    await view(page, "Compare").click();
    await expect.poll(() => column(page, "Seed")).toEqual(["20", "19", "17"]);
  });
});
