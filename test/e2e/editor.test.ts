/** The editor with the real engine, the real store and the demo model: what a designer does, from the first box to the next day. */
import { describe, expect, test } from "vitest";
import { electron, launch } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  boxes,
  canvas,
  compose,
  drag,
  draw,
  DRAWING_LIMIT,
  mark,
  nameOf,
  open,
  prompt,
  redo,
  results,
  saved,
  undo,
} from "./window.ts";

describe.skipIf(!electron)("the editor", { timeout: 240_000 }, () => {
  const running = sharedApp();

  test("starts with a sample scene that is ready to generate", async () => {
    const { page, problems } = running();
    await expect.poll(() => boxes(page).count()).toBe(2);
    expect(await boxes(page).last().getAttribute("aria-label")).toMatch(/^red circle: left third, \d+ by \d+ percent/);
    expect(problems).toEqual([]);
  });

  test("boxes are drawn, tied to words, moved, undone and redone", async () => {
    const { page, problems } = running();
    await compose(page, { boxes: [["", [0.1, 0.1, 0.2, 0.2]]] });
    await boxes(page).first().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await expect.poll(() => boxes(page).count()).toBe(0);

    await canvas(page).focus();
    await page.keyboard.press("r");
    await drag(page, [0.25, 0.3], [0.45, 0.6]);
    await expect.poll(() => boxes(page).count()).toBe(1);
    await mark(page, "red circle");
    await page.keyboard.press("b");
    await expect.poll(() => boxes(page).first().getAttribute("aria-label")).toMatch(/^red circle: /);

    await mark(page, "blue square");
    await page.keyboard.press("b");
    await expect.poll(() => boxes(page).count()).toBe(2);

    // The phrase follows the text.
    await mark(page, "blue");
    await page.keyboard.insertText("green");
    await expect.poll(() => boxes(page).first().getAttribute("aria-label")).toMatch(/^green square: /);

    const moved = boxes(page).first();
    const before = await moved.getAttribute("aria-label");
    await moved.focus();
    for (let i = 0; i < 30; i++) await page.keyboard.press("Shift+ArrowDown");
    const after = await moved.getAttribute("aria-label");
    expect(after).not.toBe(before);
    await undo(page).click();
    await expect.poll(() => moved.getAttribute("aria-label")).toBe(before);
    await redo(page).click();
    await expect.poll(() => moved.getAttribute("aria-label")).toBe(after);
    expect(problems).toEqual([]);
  });

  test("seeds are drawn while their progress is shown, and one is cancelled", { timeout: 400_000 }, async () => {
    const { page, problems } = running();
    await compose(page, {
      boxes: [["red circle", [0.06, 0.3, 0.36, 0.36]]],
      seeds: "5, 18446744073709551615, 7",
      steps: 30,
    });
    await page.keyboard.press("Control+Enter");
    const queue = page.getByRole("progressbar", { name: "Queue" });
    await queue.waitFor();
    await page.getByRole("button", { name: "Cancel the picture with seed 7" }).click();
    await expect
      .poll(async () => Number(await queue.getAttribute("aria-valuenow")), { timeout: DRAWING_LIMIT })
      .toBeGreaterThan(40);
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(2);
    await queue.waitFor({ state: "detached" });
    expect(await nameOf(results(page).first())).toMatch(/^Seed 18446744073709551615, obeyed to \d+ percent$/);
    expect(problems).toEqual([]);
  });

  test("the next day everything is there, and a run goes back into the editor", { timeout: 400_000 }, async () => {
    await using today = await launch();
    const { page, dataFolder } = today;
    await open(page);
    await page.getByRole("textbox", { name: "Seeds" }).fill("3");
    await draw(page, 1);
    await prompt(page).fill("a green star");
    await expect.poll(() => saved(page).count()).toBe(1);
    await today.quit();

    await using again = await launch({ dataFolder });
    await open(again.page);
    await expect.poll(() => prompt(again.page).inputValue()).toBe("a green star");
    await expect.poll(() => results(again.page).count()).toBe(1);
    await again.page.keyboard.press("Control+4");
    await again.page.getByRole("button", { name: "Restore into the editor" }).click();
    await expect.poll(() => prompt(again.page).inputValue()).toMatch(/^a red circle and a blue square/);
    await undo(again.page).click();
    await expect.poll(() => prompt(again.page).inputValue()).toBe("a green star");
  });

  test("what is wrong with a wish is said at the button", async () => {
    const { page } = running();
    await compose(page);
    await page.getByRole("textbox", { name: "Seeds" }).fill("7-3");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("alert").filter({ hasText: "write 3-7" }).waitFor();
  });
});
