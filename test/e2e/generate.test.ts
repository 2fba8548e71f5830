/** What is asked for and what is said before it is drawn: seeds, the prompt's limit, warnings. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  attributes,
  box,
  boxes,
  canvas,
  choose,
  compose,
  draw,
  nameOf,
  prompt,
  results,
  selectedBoxes,
} from "./window.ts";

const LARGEST = 2n ** 64n - 1n;
const seedsField = (page: Page) => page.getByRole("textbox", { name: "Seeds" });
const seedMode = (page: Page, name: string) =>
  page.getByRole("radiogroup", { name: "Seeds" }).getByRole("radio", { name });
const generate = (page: Page) => page.getByRole("button", { name: /^Generate/ });
const warnings = (page: Page) => page.getByRole("list", { name: "Before you generate" });
const drawnSeeds = async (page: Page) =>
  (await attributes(results(page), "aria-label")).map((name) => /^Seed (\d+)/.exec(name!)![1]!);

describe.skipIf(!electron)("before a picture is drawn", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("seeds are a list or a range, up to 64 bits, and what is no seed is said at once and draws nothing", async () => {
    const { page } = running();
    await compose(page, { seeds: "7", boxes: [] });
    const note = page.locator("#seeds-note");
    await seedsField(page).fill(`3-5, ${LARGEST - 1n}-${LARGEST}`);
    await expect.poll(() => note.textContent()).toContain("5 pictures");
    await expect.poll(() => generate(page).textContent()).toContain("Generate 5");

    await seedsField(page).fill(String(LARGEST + 1n));
    await expect.poll(() => seedsField(page).getAttribute("aria-invalid")).toBe("true");
    await page.keyboard.press("Control+Enter");
    await page
      .getByRole("alert")
      .filter({ hasText: String(LARGEST + 1n) })
      .waitFor();
    expect((await apiOf(page).listRuns({ offset: 0, limit: 10 })).total).toBe(0);

    await seedsField(page).fill(`${LARGEST - 1n}-${LARGEST}`);
    await draw(page, 2);
    expect(await drawnSeeds(page)).toEqual([String(LARGEST), String(LARGEST - 1n)]);
  });

  test("random seeds are new ones every time, the seeds shown are the seeds used, and they can be kept", async () => {
    const { page } = running();
    await compose(page, { boxes: [] });
    await seedMode(page, "Random").click();
    await seedsField(page).fill("2");
    await seedsField(page).press("Enter");
    await draw(page, 2);
    const first = await drawnSeeds(page);
    const used = page.getByText(/^Used last: /);
    await expect.poll(() => used.textContent()).toContain(first.toReversed().join(", "));
    await draw(page, 4);
    const second = (await drawnSeeds(page)).slice(0, 2);
    expect(new Set([...first, ...second]).size).toBe(4);

    await page.getByRole("button", { name: "Keep the seeds used last" }).click();
    await expect.poll(() => seedsField(page).inputValue()).toBe(second.toReversed().join(","));
    expect(await seedMode(page, "Fixed").getAttribute("aria-checked")).toBe("true");
  });

  test("words past the prompt's limit are greyed as they are typed, and a box that needs them is warned of", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]] });
    const greyed = page.locator(".mirror .lost");
    const count = page.getByText(/^Tokens used: *\d+ \/ \d+$/);
    await expect.poll(() => count.textContent()).toContain("/ 30");
    expect(await greyed.count()).toBe(0);

    await prompt(page).focus();
    await page.keyboard.press("Home");
    await page.keyboard.insertText("blue square, ".repeat(100));
    await expect.poll(async () => (await greyed.allTextContents()).join("")).toContain("a red circle");
    await page.getByText("The model will not see the greyed words: the prompt is too long.").waitFor();
    const warning = warnings(page).getByRole("button", {
      name: /“red circle” of “red circle” is past the prompt's limit/,
    });
    await warning.click();
    await expect.poll(() => nameOf(selectedBoxes(page).first())).toMatch(/^red circle: /);

    await prompt(page).focus();
    await page.keyboard.press("Control+z");
    await expect.poll(() => greyed.count()).toBe(0);
    await expect.poll(() => warnings(page).count()).toBe(0);
  });

  test("boxes that cannot be obeyed are warned of by name, with a way to them, and the cost is estimated", async () => {
    const { page } = running();
    await compose(page, {
      prompt: "a red circle and a blue square and a green star",
      boxes: [
        ["red circle", [0.1, 0.1, 0.5, 0.5]],
        ["blue square", [0.12, 0.12, 0.45, 0.45]],
        ["green star", [0.8, 0.8, 0.02, 0.02]],
        ["", [0.7, 0.1, 0.2, 0.2]],
      ],
      seeds: "1,2",
    });
    const warning = (text: RegExp) => warnings(page).getByRole("button", { name: text });
    await warning(/“green star” is smaller than the model can aim at/).waitFor();
    await warning(/“Box 4” has no words and will be left out/).waitFor();
    await warning(/“red circle” and “blue square” overlap by 100 %: one may win/).click();
    await expect.poll(() => selectedBoxes(page).count()).toBe(2);
    const cost = page.locator(".cost");
    await expect.poll(() => cost.textContent()).toMatch(/\d (kB|MB|GB)/);

    await choose(page, "Method", /^None/);
    await warnings(page).getByText("The method is “None”: things are not drawn into their boxes.").waitFor();

    // After a run, the time is known too.
    await canvas(page).focus(); // on a list of choices, Enter is that list's own
    await draw(page, 2);
    await expect.poll(() => cost.textContent()).toMatch(/about .+ · /);
    await box(page, "green star").click();
    for (const name of ["Box 4", "green star", "blue square"]) {
      await box(page, name).click();
      await page.keyboard.press("Delete");
    }
    await expect.poll(() => boxes(page).count()).toBe(1);
    await expect.poll(() => warnings(page).getByRole("button").count()).toBe(0);
  });
});
