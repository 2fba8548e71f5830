/** What must never come between a person and the window: letters that make boxes, marks that outlive their text. */
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { box, boxes, canvas, compose, mark, prompt, view, type Composition } from "./window.ts";

const TEXT = "a red circle and a blue square on a white background";
const TWO: Composition = {
  prompt: TEXT,
  boxes: [
    ["red circle", [0.05, 0.3, 0.3, 0.3]],
    ["blue square", [0.6, 0.4, 0.3, 0.2]],
  ],
};

describe.skipIf(!electron)("the prompt is a text field", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test.for(["black", "brown", "big", "B"])("typing “%s” over marked words is typing", async (word) => {
    const { page } = running();
    await compose(page, { prompt: TEXT, boxes: [] });
    await mark(page, "red");
    await page.keyboard.type(word);
    await expect.poll(() => prompt(page).inputValue()).toBe(TEXT.replace("red", word));
    expect(await boxes(page).count()).toBe(0);
  });

  test("Ctrl+B binds there; outside of text B leads to the prompt, and the hints name Ctrl+B", async () => {
    const { page } = running();
    await compose(page, { prompt: TEXT, boxes: [] });
    expect(await page.getByText("mark words of the prompt and press").textContent()).toMatch(/press\s+Ctrl\s*B/);
    await mark(page, "red circle");
    await page.keyboard.press("Control+b");
    await box(page, "red circle").waitFor();
    await canvas(page).focus();
    await page.keyboard.press("b");
    await expect.poll(() => page.locator("#prompt:focus").count()).toBe(1);
    expect(await boxes(page).count()).toBe(1);
    expect(await prompt(page).inputValue()).toBe(TEXT);
  });
});

describe.skipIf(!electron)("a mark ends with its document", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("a shorter prompt in its place shows itself whole, by a new project, by an undo and by a scene put back", async () => {
    const { page, problems } = running();
    const before = problems.length;
    await compose(page, TWO);
    await mark(page, "white background");
    await page.keyboard.press("Control+b");
    await box(page, "white background").waitFor();
    await compose(page, { prompt: "a dog", boxes: [["dog", [0.1, 0.1, 0.2, 0.2]]] });
    await box(page, "dog").waitFor();
    expect(await boxes(page).count()).toBe(1);

    // By undo: the text that was marked goes.
    await prompt(page).fill("a dog and a very long tail");
    await mark(page, "very long tail");
    await page.keyboard.press("Control+z");
    await expect.poll(() => prompt(page).inputValue()).toBe("a dog");
    // From History, with the mark still in force in the longer text.
    await prompt(page).fill("a dog");
    await page.getByRole("textbox", { name: "Seeds" }).fill("1");
    await page.keyboard.press("Control+Enter");
    await page.locator("[data-result]").first().waitFor({ timeout: 120_000 });
    await prompt(page).fill(TEXT);
    await mark(page, "white background");
    await page.keyboard.press("Control+4");
    await page
      .getByRole("option", { name: /^a dog/ })
      .first()
      .focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => prompt(page).inputValue()).toBe("a dog");
    expect(await view(page, "Compose").getAttribute("aria-current")).toBe("page");
    expect(await page.getByRole("listbox", { name: "Runs" }).count()).toBe(0);
    expect(problems.slice(before)).toEqual([]);
  });
});
