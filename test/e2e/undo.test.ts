/** Undo and redo over everything that can be done in a window, one gesture one step, to the beginning and back. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  attributes,
  box,
  boxes,
  card,
  compose,
  drag,
  draw,
  mark,
  nameOf,
  prompt,
  redo,
  results,
  saved,
  undo,
} from "./window.ts";

const steps = (page: Page) => page.getByRole("textbox", { name: "Steps", exact: true });

describe.skipIf(!electron)("undo", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("covers boxes, text, settings and deletions, one gesture one step, and redo does all of it again", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: [["red circle", [0.1, 0.1, 0.4, 0.4]]], seeds: "1,2" });
    await draw(page, 2);

    /** All that the steps below change, as a person sees it. */
    const look = async () => ({
      // How far a box was obeyed is said of the picture that happens to be chosen.
      boxes: (await attributes(boxes(page), "aria-label")).map((name) => name!.replace(/, obeyed to \d+ percent/, "")),
      prompt: await prompt(page).inputValue(),
      steps: await steps(page).inputValue(),
      results: await results(page).count(),
    });
    const seen = [await look()];
    const done = async (step: () => Promise<void>) => {
      await step();
      await expect.poll(look).not.toEqual(seen.at(-1));
      seen.push(await look());
    };
    await done(() => drag(page, [0.3, 0.3], [0.6, 0.5])); // a drag of many moves
    await done(async () => {
      await mark(page, "circle");
      await page.keyboard.insertText("square");
    });
    await done(async () => {
      await steps(page).fill("3");
      await steps(page).press("Enter");
    });
    await done(async () => {
      await page.getByRole("button", { name: "Add a box" }).click();
    });
    await done(async () => {
      await box(page, "red square").click();
      await page.keyboard.press("Delete");
    });
    await done(async () => {
      await card(page, 1).click();
      await page.keyboard.press("Delete");
    });

    const [first, ...after] = seen;
    for (const state of [first!, ...after].slice(0, -1).toReversed()) {
      await undo(page).click();
      await expect.poll(look).toEqual(state);
    }
    expect(await nameOf(undo(page))).toBe("Nothing to undo");
    for (const state of after) {
      await redo(page).click();
      await expect.poll(look).toEqual(state);
    }
    await expect.poll(() => nameOf(redo(page))).toBe("Nothing to redo");
    await saved(page).waitFor();
  });
});
