/** The settings as a designer meets them: one slider for the boxes, the way back to what the checkpoint is best drawn with, the prompt's field. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { box, boxes, canvas, choice, compose, draw, mark, prompt, saved, settled, undo } from "./window.ts";

const scene = async (page: Page) => {
  await saved(page).waitFor();
  return (await apiOf(page).readDraft()).draft.scene;
};
const slider = (page: Page) => page.getByRole("slider", { name: "How strictly boxes are followed" });

describe.skipIf(!electron)("the settings", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("one slider says how strictly boxes are followed; the numbers are under Advanced, open for those who opened it", async () => {
    const { page, app } = running();
    await settled(page);
    await compose(page, { boxes: [] });
    const advanced = page.getByRole("button", { name: "Advanced" });
    expect(await advanced.getAttribute("aria-expanded")).toBe("false");
    expect(await page.getByText("Injection strength").count()).toBe(0);
    const before = (await scene(page)).settings.guidance;
    await slider(page).focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(async () => (await scene(page)).settings.guidance.eta).toBe(before.eta / 4);
    expect(await slider(page).getAttribute("aria-valuetext")).toBe("Balanced");
    await page.keyboard.press("Home");
    await expect.poll(async () => (await scene(page)).settings.guidance.eta).toBe(before.eta / 8);
    expect(await slider(page).getAttribute("aria-valuetext")).toBe("Loose");
    await undo(page).click();
    await undo(page).click();
    await expect.poll(() => slider(page).getAttribute("aria-valuetext")).toBe("Strict");

    await advanced.click();
    await page.getByRole("textbox", { name: "Loss strength η" }).fill("3");
    await page.keyboard.press("Enter");
    await expect.poll(() => slider(page).getAttribute("aria-valuetext")).toBe("Own strengths");
    await page.getByText("Loss strength η").first().dblclick();
    await expect.poll(() => slider(page).getAttribute("aria-valuetext")).toBe("Strict");
    await page.reload();
    await page.getByText("Injection strength").first().waitFor();
    await advanced.click();

    // The method is there without scrolling in the smallest window that is promised.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1024, 640));
    await box(page, "red circle").or(page.getByText("No boxes yet.")).first().waitFor();
    await page.getByRole("button", { name: "Add a box" }).click();
    await expect.poll(() => boxes(page).count()).toBe(1);
    for (const control of [choice(page, "Method"), slider(page)]) {
      const { y, height } = (await control.boundingBox())!;
      const button = (await page.getByRole("button", { name: /^Generate/ }).boundingBox())!;
      expect(y).toBeGreaterThan(46);
      expect(y + height).toBeLessThan(button.y);
    }
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1280, 800));
  });

  test("settings go back to the checkpoint's one by one and all at once; sides are swapped; far sizes are told", async () => {
    const { page } = running();
    await compose(page, { boxes: [], steps: 7 });
    await draw(page, 1); // from then on it is known how fast this machine is
    const own = page.getByRole("button", { name: /^Back to the settings of/ });
    await page.getByText("Steps", { exact: true }).dblclick();
    await expect.poll(async () => (await scene(page)).settings.steps).toBe(50);
    const width = page.getByRole("textbox", { name: "Width in pixels" });
    await width.fill("1024");
    await width.press("Enter");
    await page.getByText(/knows 256 × 256: in much larger pictures things repeat\. A picture takes about/).waitFor();
    await page.getByRole("button", { name: "Swap width and height" }).click();
    await expect.poll(async () => (await scene(page)).settings).toMatchObject({ width: 256, height: 1024 });
    await own.click();
    await expect.poll(async () => (await scene(page)).settings).toMatchObject({ width: 256, height: 256, steps: 50 });
    expect(await page.getByText(/in much larger pictures/).count()).toBe(0);
    expect(await own.isDisabled()).toBe(true);
  });

  test("what is left out does nothing at guidance scale 1, says so, and offers another scale", async () => {
    const { page } = running();
    await compose(page, { boxes: [] });
    await page.locator("#negative").fill("text");
    const scale = page.getByRole("textbox", { name: "Guidance scale" });
    await scale.fill("1");
    await scale.press("Enter");
    await page.getByText("At guidance scale 1 this does nothing.").waitFor();
    await page.getByRole("button", { name: /^Set it to/ }).click();
    await expect.poll(async () => (await scene(page)).settings.guidanceScale).toBeGreaterThan(1);
    expect(await page.getByText("this does nothing").count()).toBe(0);
  });

  test("the prompt grows with its text and can be drawn to another height", async () => {
    const { page } = running();
    await compose(page, { prompt: "short", boxes: [] });
    const height = async () => (await prompt(page).boundingBox())!.height;
    const before = await height();
    await prompt(page).fill("a red circle and a blue square and ".repeat(8));
    await expect.poll(height).toBeGreaterThan(before + 40);
    const grown = (await prompt(page).boundingBox())!;
    await page.mouse.move(grown.x + grown.width - 4, grown.y + grown.height - 4);
    await page.mouse.down();
    await page.mouse.move(grown.x + grown.width - 4, grown.y + grown.height - 64, { steps: 4 });
    await page.mouse.up();
    await expect.poll(height).toBeLessThan(grown.height - 40);
  });

  test("a box's menu ties marked words, copies, aligns and orders", async () => {
    const { page } = running();
    await compose(page, { boxes: [["", [0.2, 0.2, 0.3, 0.3]]] });
    await mark(page, "red circle");
    await boxes(page).first().click({ button: "right" });
    await page.getByRole("menuitem", { name: "Tie “red circle” to this box" }).click();
    await box(page, "red circle").waitFor();
    await box(page, "red circle").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Align and distribute" }).click();
    await page.getByRole("menuitem", { name: "Align right" }).click();
    await expect.poll(async () => (await scene(page)).regions[0]!.box.x).toBeCloseTo(0.7, 6);
    await box(page, "red circle").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Copy" }).click();
    await canvas(page).focus();
    await page.keyboard.press("Control+v");
    await expect.poll(() => boxes(page).count()).toBe(2);
  });
});
