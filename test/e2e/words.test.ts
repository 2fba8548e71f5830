/** Words in the window: scripts without spaces, alternatives, what other programs would understand, and how noise levels are spaced. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  attributes,
  boxes,
  choice,
  choose,
  compose,
  draw,
  DRAWING_LIMIT,
  mark,
  nameOf,
  prompt,
  results,
} from "./window.ts";

const note = (page: Page) => page.locator("#prompt-help");
const warnings = (page: Page) => page.getByRole("list", { name: "Before you generate" });

describe.skipIf(!electron)("words", { timeout: DRAWING_LIMIT }, () => {
  const running = sharedApp();

  test("marked Japanese is what gets the box, and what is typed behind it stays outside", async () => {
    const { page } = running();
    await compose(page, { prompt: "大きな赤い猫", boxes: [] });
    await mark(page, "赤い猫");
    await note(page).getByRole("button").first().click();
    await expect.poll(() => boxes(page).count()).toBe(1);
    expect(await nameOf(boxes(page).first())).toMatch(/^赤い猫: /);
    await prompt(page).focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("と青い犬");
    await expect.poll(() => prompt(page).inputValue()).toBe("大きな赤い猫と青い犬");
    expect(await nameOf(boxes(page).first())).toMatch(/^赤い猫: /);
  });

  test("each alternative is drawn, counted before, and named in its result", async () => {
    const { page } = running();
    await compose(page, { prompt: "a {red|blue} circle", boxes: [], seeds: "3 4", steps: 2 });
    await page.getByText("2 prompts × 2 seeds = 4 pictures").waitFor();
    await draw(page, 4);
    const labels = await attributes(results(page), "aria-label");
    expect(labels.map((label) => /^Seed (\d+), (\w+)/.exec(label!)!.slice(1, 3).join(" ")).sort()).toEqual([
      "3 blue",
      "3 red",
      "4 blue",
      "4 red",
    ]);
    const { results: listed } = await apiOf(page).listResults({ order: "oldest", offset: 0, limit: 10 });
    const { record } = await apiOf(page).readResult({ id: listed[3]!.id });
    expect([record.alternative, record.scene.prompt]).toEqual(["blue", "a blue circle"]);

    await prompt(page).fill("a {red|blue circle");
    await page.getByText("begins alternatives and never ends them").waitFor();
  });

  test("LoRAs in the prompt that are not there are warned of; the spacing is there only where it acts", async () => {
    const { page } = running();
    await compose(page, { prompt: "a (red:1.3) circle <lora:glow:0.8>", boxes: [] });
    await expect
      .poll(() => warnings(page).textContent())
      .toContain("“<lora:glow:0.8>” does nothing: no LoRA of this name was found.");
    expect(await warnings(page).textContent()).not.toContain("(red:1.3)");
    const spacing = choice(page, "Spacing");
    await choose(page, "Scheduler", "LMS");
    await choose(page, "Spacing", "SGM uniform");
    await expect.poll(() => spacing.textContent()).toContain("SGM uniform");
    await choose(page, "Scheduler", "DDIM");
    await expect.poll(() => spacing.count()).toBe(0);
  });
});
