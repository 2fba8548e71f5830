/** Words in the window that only count somewhere: in one box, in a part of the run, in a chunk; and how brackets and layers are read. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { boxes, compose, draw, DRAWING_LIMIT, prompt, undo } from "./window.ts";

const box = (page: Page) => page.getByRole("region", { name: "Selected boxes" });
const words = (page: Page) => box(page).getByRole("textbox", { name: "Also here" });
const avoid = (page: Page) => box(page).getByRole("textbox", { name: "Not here" });
const draft = async (page: Page) => (await apiOf(page).readDraft()).draft.scene;

describe.skipIf(!electron)("words of a box", { timeout: DRAWING_LIMIT }, () => {
  const running = sharedApp();

  test("are typed beside it, kept, undone and drawn with", async () => {
    const { page } = running();
    await compose(page, {
      prompt: "a circle on a white background",
      boxes: [["circle", [0.1, 0.3, 0.4, 0.4]]],
      seeds: "1",
      steps: 3,
    });
    await boxes(page).first().click();
    await words(page).fill("a green circle");
    await page.keyboard.press("Tab");
    await avoid(page).fill("red");
    await box(page).getByLabel("To percent of the run").fill("50");
    await box(page).getByLabel("To percent of the run").press("Enter");
    const extra = { words: "a green circle", avoid: "red", during: { start: 0, end: 0.5 } };
    await expect.poll(async () => (await draft(page)).regions[0]).toMatchObject(extra);
    await draw(page, 1);
    const { results } = await apiOf(page).listResults({ order: "newest", offset: 0, limit: 1 });
    const { record } = await apiOf(page).readResult({ id: results[0]!.id });
    expect(record.scene.regions[0]).toMatchObject(extra);
    if (process.env["DIORAMA_SHOTS"] !== undefined) {
      mkdirSync(process.env["DIORAMA_SHOTS"], { recursive: true });
      await page.screenshot({ path: join(process.env["DIORAMA_SHOTS"], "box-words.png") });
    }
    await boxes(page).first().click();
    await undo(page).click();
    await expect.poll(async () => (await draft(page)).regions[0]?.during).toBeUndefined();
    await undo(page).click();
    await expect.poll(() => avoid(page).inputValue()).toBe("");
    await expect.poll(async () => (await draft(page)).regions[0]).toMatchObject({ words: "a green circle" });
  });

  test("the counter tells chunks, and brackets are what the project says", async () => {
    const { page } = running();
    await compose(page, { prompt: "a (red:1.3) circle", boxes: [], steps: 2 });
    await prompt(page).fill("a (red:1.3) circle BREAK a blue star");
    await page.getByText("· 2 chunks").waitFor();
    await page.getByRole("checkbox", { name: /Weights of words/ }).uncheck();
    await expect.poll(() => page.getByText("· 2 chunks").count()).toBe(0);
    await page.getByText("“(red:1.3)” is drawn as it is written: weights of words are turned off.").waitFor();
    await expect.poll(async () => (await draft(page)).settings).toMatchObject({ promptWeights: false, clipSkip: 1 });
    await page.getByRole("checkbox", { name: /Weights of words/ }).check();
  });
});
