/** The rows of History: each shows its first picture and says what was new in it. */
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { box, compose, draw, view } from "./window.ts";

describe.skipIf(!electron)("the rows of History", { timeout: 240_000 }, () => {
  const running = sharedApp();

  test("have a picture, and say what is new beside the run before", async () => {
    const { page } = running();
    await compose(page, { boxes: [["red circle", [0.05, 0.3, 0.3, 0.3]]], seeds: "1-2" });
    await draw(page, 2);
    await box(page, "red circle").click();
    await page.keyboard.press("Shift+ArrowRight");
    await page.getByRole("textbox", { name: "Seeds" }).fill("3");
    await draw(page, 3);
    await view(page, "History").click();
    const rows = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    await expect.poll(() => rows.count()).toBe(2);
    await rows.first().getByText("moved red circle, 1 seed").waitFor();
    await rows.last().getByText("first run, 2 seeds").waitFor();
    for (const row of await rows.all()) {
      const isLoaded = () =>
        row.locator("img").evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0);
      await expect.poll(isLoaded).toBe(true);
    }
  });
});
