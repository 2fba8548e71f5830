/** The editor with the real engine, the real store and the demo model: what a designer does, from the first box to the next day. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron, launch } from "./harness.ts";
import { DRAWING_LIMIT, boxes, mark, open, prompt, redo, results, saved, undo } from "./window.ts";

/** Drags on the canvas between two points in fractions of it. */
async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  const { x, y, width, height } = (await page.getByRole("application", { name: "Canvas" }).boundingBox())!;
  await page.mouse.move(x + from[0] * width, y + from[1] * height);
  await page.mouse.down();
  await page.mouse.move(x + to[0] * width, y + to[1] * height, { steps: 6 });
  await page.mouse.up();
}

// The first test may have to build the app.
describe.skipIf(!electron)("the editor", { timeout: 240_000 }, () => {
  test("starts with a sample scene that is ready to generate", async () => {
    await using running = await launch();
    const { page, problems } = running;
    await open(page);
    await expect.poll(() => boxes(page).count()).toBe(2);
    expect(await boxes(page).last().getAttribute("aria-label")).toMatch(/^red circle: left third, \d+ by \d+ percent/);
    expect(problems).toEqual([]);
  });

  test("boxes are drawn, tied to words, moved, undone and redone", async () => {
    await using running = await launch();
    const { page, problems } = running;
    await open(page);
    await boxes(page).first().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await expect.poll(() => boxes(page).count()).toBe(0);

    await page.getByRole("application", { name: "Canvas" }).focus();
    await page.keyboard.press("r");
    await drag(page, [0.25, 0.3], [0.45, 0.6]);
    await expect.poll(() => boxes(page).count()).toBe(1);
    await mark(page, "red circle");
    await page.keyboard.press("Control+b");
    await expect.poll(() => boxes(page).first().getAttribute("aria-label")).toMatch(/^red circle: /);

    await mark(page, "blue square");
    await page.keyboard.press("Control+b");
    await expect.poll(() => boxes(page).count()).toBe(2);

    // The phrase follows the text.
    await mark(page, "blue");
    await page.keyboard.insertText("green");
    await expect.poll(() => boxes(page).first().getAttribute("aria-label")).toMatch(/^green square: /);

    const moved = boxes(page).first();
    const before = await moved.getAttribute("aria-label");
    await moved.focus();
    for (let i = 0; i < 30; i++) await page.keyboard.press("Shift+ArrowUp");
    const after = await moved.getAttribute("aria-label");
    expect(after).not.toBe(before);
    await undo(page).click();
    await expect.poll(() => moved.getAttribute("aria-label")).toBe(before);
    await redo(page).click();
    await expect.poll(() => moved.getAttribute("aria-label")).toBe(after);
    expect(problems).toEqual([]);
  });

  test(
    "seeds are drawn, one is cancelled, one is starred, one is binned and comes back",
    { timeout: 400_000 },
    async () => {
      await using running = await launch();
      const { page, problems } = running;
      await open(page);
      await page.getByRole("textbox", { name: "Seeds" }).fill("5, 18446744073709551615, 7");
      await page.keyboard.press("Control+Enter");
      await page.getByRole("progressbar", { name: "Queue" }).waitFor();
      await page.getByRole("button", { name: "Cancel the picture with seed 7" }).click();
      await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(2);
      await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });
      expect(await results(page).first().getAttribute("aria-label")).toMatch(
        /^Seed 18446744073709551615, obeyed to \d+ percent$/,
      );

      await results(page).first().click();
      await page.keyboard.press("s");
      await expect.poll(() => results(page).first().getAttribute("aria-label")).toContain("starred");
      await undo(page).click();
      await expect.poll(() => results(page).first().getAttribute("aria-label")).not.toContain("starred");
      await results(page).first().click();
      await page.keyboard.press("Delete");
      await expect.poll(() => results(page).count()).toBe(1);
      await undo(page).click();
      await expect.poll(() => results(page).count()).toBe(2);

      await results(page).nth(0).click();
      await page.keyboard.press("c");
      await results(page).nth(1).click();
      await page.keyboard.press("c");
      await page
        .getByRole("button", { name: /^Compare/ })
        .first()
        .click();
      await expect.poll(() => page.getByRole("figure").count()).toBe(2);
      await page.getByRole("columnheader", { name: "Seed" }).waitFor();
      expect(problems).toEqual([]);
    },
  );

  test("the next day everything is there, and a run goes back into the editor", { timeout: 400_000 }, async () => {
    await using running = await launch();
    const { page, dataFolder } = running;
    await open(page);
    await page.getByRole("textbox", { name: "Seeds" }).fill("3");
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(1);
    await prompt(page).fill("a green star");
    await expect.poll(() => saved(page).count()).toBe(1);
    await running.quit();

    await using again = await launch({ dataFolder });
    await open(again.page);
    await expect.poll(() => prompt(again.page).inputValue()).toBe("a green star");
    await expect.poll(() => results(again.page).count()).toBe(1);
    await again.page.keyboard.press("Control+4");
    await again.page.getByRole("button", { name: "Use its scene" }).click();
    await expect.poll(() => prompt(again.page).inputValue()).toMatch(/^a red circle and a blue square/);
    await undo(again.page).click();
    await expect.poll(() => prompt(again.page).inputValue()).toBe("a green star");
  });

  test("what is wrong with a wish is said at the button", async () => {
    await using running = await launch();
    const { page } = running;
    await open(page);
    await page.getByRole("textbox", { name: "Seeds" }).fill("7-");
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("not a seed or a range of seeds");
  });
});
