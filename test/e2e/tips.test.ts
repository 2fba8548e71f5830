/** Tips beside what is pointed at or has the focus, and dialogs that are read when they are first opened. */
import type { Locator } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { prompt } from "./window.ts";

describe.skipIf(!electron)("tips and dialogs", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("a tip appears beside what is pointed at, inside the window, and goes with the pointer or a press", async () => {
    const { page } = running();
    const tip = page.getByRole("tooltip");
    const help = page.getByRole("button", { name: "Keyboard shortcuts" });
    await help.hover();
    await tip.waitFor();
    expect(await tip.textContent()).toContain("Keyboard shortcuts");
    expect(await help.getAttribute("aria-describedby")).toBe(await tip.getAttribute("id"));
    const [at, about] = [(await tip.boundingBox())!, (await help.boundingBox())!];
    expect(at.y).toBeGreaterThanOrEqual(about.y + about.height);
    const results = page.getByRole("button", { name: "Results" }).first();
    await results.hover();
    await expect.poll(() => tip.textContent()).toContain("Results");
    expect(await help.getAttribute("aria-describedby")).toBeNull();
    await page.mouse.move(640, 700);
    await tip.waitFor({ state: "detached" });
    await results.hover();
    await tip.waitFor();
    await page.mouse.down();
    await tip.waitFor({ state: "detached" });
    await page.mouse.move(640, 700);
    await page.mouse.up();
  });

  test("the keyboard brings a tip too, and Escape sends it away", async () => {
    const { page } = running();
    const tip = page.getByRole("tooltip");
    await prompt(page).focus();
    for (let i = 0; i < 40 && (await tip.count()) === 0; i++) await page.keyboard.press("Tab");
    await tip.waitFor();
    const words = await page.locator(":focus").getAttribute("data-tip");
    expect(await tip.textContent()).toContain(words);
    await page.keyboard.press("Escape");
    await tip.waitFor({ state: "detached" });
    expect(await page.locator(":focus").getAttribute("data-tip")).toBe(words);
  });

  test("a dialog has the focus when its key opens it the first time, and gives it back", async () => {
    const { page } = running();
    const has = async (locator: Locator) => (await locator.and(page.locator(":focus-within")).count()) > 0;
    for (const [keys, name] of [
      ["Control+,", "Preferences"],
      ["Control+j", "Queue"],
    ] as const) {
      await prompt(page).focus();
      await page.keyboard.press(keys);
      const dialog = page.getByRole("dialog", { name });
      await expect.poll(() => has(dialog)).toBe(true);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await expect.poll(() => has(prompt(page))).toBe(true);
    }
  });

  test("nothing that is typed right after the palette's key is lost", async () => {
    const { page } = running();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Keyboard short");
    expect(await page.getByRole("combobox", { name: "Commands" }).inputValue()).toBe("Keyboard short");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  });
});
