/** A part of the window that fails: it says so in its place, the others go on, and it can be drawn again. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { breakNextWrite, didThrow } from "./breaking.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { box, card, compose, draw, prompt, saved, shelf, type Composition } from "./window.ts";

const TWO: Composition = {
  boxes: [
    ["red circle", [0.05, 0.3, 0.3, 0.3]],
    ["blue square", [0.6, 0.4, 0.3, 0.2]],
  ],
};

describe.skipIf(!electron)("a part of the window that fails", { timeout: 120_000 }, () => {
  const running = sharedApp();

  interface Part {
    pane: string;
    /** Where the write fails; the whole part unless it says otherwise. */
    place?: string;
    /** What comes before. */
    prepare?: (page: Page) => Promise<unknown>;
    /** What makes the part write something. */
    change: (page: Page) => Promise<unknown>;
  }
  const drawn = (key: string) => async (page: Page) => {
    await draw(page, 1);
    await page.keyboard.press(key);
  };
  const runs = (page: Page) => page.getByRole("listbox", { name: "Runs" }).getByRole("option");
  const PARTS: Part[] = [
    { pane: "Header", change: (page) => page.keyboard.press("Control+2") },
    { pane: "Prompt", change: (page) => prompt(page).fill("a red circle and a green star") },
    { pane: "Boxes", change: (page) => box(page, "red circle").click() },
    { pane: "Canvas", change: (page) => page.keyboard.press("Control+=") },
    {
      pane: "Inspector",
      place: 'section[aria-label="Selected boxes"]',
      change: (page) => box(page, "red circle").click(),
    },
    { pane: "Latest results", change: (page) => page.keyboard.press("Control+Enter") },
    { pane: "Results", prepare: drawn("Control+2"), change: (page) => shelf(page, "Starred").click() },
    {
      pane: "History",
      prepare: async (page) => {
        await draw(page, 1);
        await page.getByRole("textbox", { name: "Seeds" }).fill("2");
        await draw(page, 2);
        await page.keyboard.press("Control+4");
        await expect.poll(() => runs(page).count()).toBe(2);
      },
      change: (page) => runs(page).last().click(),
    },
    {
      pane: "Compare",
      prepare: async (page) => {
        await page.getByRole("textbox", { name: "Seeds" }).fill("1-2");
        await draw(page, 2);
        for (const seed of [1, 2]) {
          await card(page, seed).click();
          await page.keyboard.press("c");
        }
        await page.keyboard.press("Control+3");
        await page.getByRole("figure").nth(1).waitFor();
      },
      change: (page) => page.keyboard.press("o"),
    },
  ];

  test.for(PARTS)(
    "$pane says what happened, leaves the rest alone, and is drawn again",
    async ({ pane, place, prepare, change }) => {
      const { page } = running();
      await compose(page, TWO);
      await saved(page).waitFor();
      await prepare?.(page);
      await breakNextWrite(page, place ?? `[data-pane="${pane}"]`);
      await change(page);
      const told = page.locator(`[data-pane="${pane}"]`).getByRole("alert");
      await told.getByText(`${pane} could not be shown`).waitFor();
      expect(await didThrow(page)).toBe(true);
      expect(await told.textContent()).toContain("made to fail");
      expect(await page.getByRole("alert").filter({ hasText: "could not be shown" }).count()).toBe(1);

      await told.getByRole("button", { name: "Draw it again" }).click();
      await expect.poll(() => page.getByText("could not be shown").count()).toBe(0);
      await page.keyboard.press("Control+1");
      await page.getByRole("button", { name: /^Generate/ }).waitFor();
      await box(page, "red circle").click();
    },
  );
});
