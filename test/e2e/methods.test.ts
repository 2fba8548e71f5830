/** Other people's methods in the window: their own settings and no others, with their authors' values, and the way to the paper. */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { choice, choose, compose, saved, settled } from "./window.ts";

const guidance = async (page: Page) => {
  await saved(page).waitFor();
  return (await apiOf(page).readDraft()).draft.scene.settings.guidance;
};

describe.skipIf(!electron)("the methods", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("a method has its authors' settings until they are changed, and a link to its paper", async () => {
    const { page } = running();
    await settled(page);
    await compose(page, { boxes: [] });
    await choose(page, "Method", /^BoxDiff/);
    expect(await choice(page, "Method").getAttribute("aria-label")).toBe("Method: BoxDiff");
    expect(await page.getByRole("slider", { name: "How strictly boxes are followed" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "The paper on BoxDiff" }).getAttribute("href")).toBe(
      "https://arxiv.org/abs/2307.10816",
    );
    await page.getByRole("button", { name: "Advanced" }).click();
    const strength = page.getByRole("textbox", { name: "Move strength" });
    expect(await strength.inputValue()).toBe("20.0");
    expect(await page.getByText("Loss strength η").count()).toBe(0);
    expect(await guidance(page)).not.toHaveProperty("moveStrength");
    if (process.env["SHOTS"]) await page.screenshot({ path: join(process.env["SHOTS"], "boxdiff.png") });

    await strength.fill("30");
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await guidance(page)).moveStrength).toBe(30);
    await page.getByRole("checkbox", { name: "Refine" }).uncheck();
    await expect.poll(async () => (await guidance(page)).refine).toBe(false);
    await page.getByText("Move strength").first().dblclick();
    await expect.poll(() => strength.inputValue()).toBe("20.0");
    await expect.poll(() => guidance(page)).not.toHaveProperty("moveStrength"); // the method's own again, and none of the scene's
    await choose(page, "Method", /^iLGD/);
    await page.getByRole("slider", { name: "How strictly boxes are followed" }).waitFor();
    await page.getByText("Loss strength η").first().waitFor();

    expect(await guidance(page)).not.toHaveProperty("loss");
    await choose(page, "Loss", /^Whole things/);
    await expect.poll(async () => (await guidance(page)).loss).toBe("refined");
    await page.getByRole("checkbox", { name: "Loss past injection" }).check();
    await expect.poll(async () => (await guidance(page)).pastInjection).toBe(true);
    if (process.env["SHOTS"]) await page.screenshot({ path: join(process.env["SHOTS"], "loss.png") });

    // Whose overlaps are, whatever the method.
    expect(await guidance(page)).not.toHaveProperty("overlap");
    await choose(page, "Where boxes overlap", /^Front wins/);
    await expect.poll(async () => (await guidance(page)).overlap).toBe("front");
    await choose(page, "Method", /^None/);
    expect(await choice(page, "Where boxes overlap").getAttribute("aria-label")).toMatch(/: Front wins$/);
    if (process.env["SHOTS"]) await page.screenshot({ path: join(process.env["SHOTS"], "overlap.png") });
    await choose(page, "Where boxes overlap", /^Shared/);
    await expect.poll(() => guidance(page)).not.toHaveProperty("overlap");
  });
});
