/** What a project holds besides its boxes is there again after the app was killed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodePng } from "../../src-main/image/png.ts";
import { samplePixels, temporaryFolder } from "../support/projects.ts";
import { apiOf } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { boxes, compose, nameOf, open, runFromPalette, saved, selectAllBoxes, type Composition } from "./window.ts";

const TWO: Composition = {
  prompt: "a red circle and a blue square",
  boxes: [
    ["red circle", [0.1, 0.1, 0.2, 0.2]],
    ["blue square", [0.4, 0.3, 0.2, 0.2]],
  ],
};

describe.skipIf(!electron)("an app that is killed", { timeout: 240_000 }, () => {
  test("shows guides, groups and the reference picture again at its next start", async () => {
    const dataFolder = temporaryFolder();
    const picture = join(temporaryFolder(), "after.png");
    writeFileSync(picture, encodePng(samplePixels(5, 200, 100)));
    const first = await launch({ dataFolder });
    {
      const { page } = first;
      await open(page);
      await compose(page, TWO);
      await selectAllBoxes(page);
      await page.keyboard.press("Control+g");
      await runFromPalette(page, "Add vertical guide");
      await page.getByRole("slider", { name: "Vertical guide" }).waitFor();
      await page.getByRole("button", { name: "Reference picture", exact: true }).click();
      const panel = page.getByRole("group", { name: "Reference picture" });
      await panel.locator("input[type=file]").setInputFiles(picture);
      await panel.getByText("after.png").waitFor();
      // The draft has all three: what is announced as saved outlives whatever comes.
      const kept = async () => JSON.stringify((await apiOf(page).readDraft()).draft.editor);
      await expect.poll(kept, { timeout: 20_000 }).toContain("after.png");
      await saved(page).waitFor();
    }
    await first.kill();

    await using second = await launch({ dataFolder });
    const { page } = second;
    await open(page);
    await expect.poll(() => boxes(page).count()).toBe(3);
    expect(await nameOf(boxes(page).first())).toBe("Group 1: group of 2 boxes, open");
    expect(await page.getByRole("slider", { name: "Vertical guide" }).getAttribute("aria-valuetext")).toBe(
      "128 pixels",
    );
    await page.getByRole("button", { name: "Reference picture", exact: true }).click();
    const panel = page.getByRole("group", { name: "Reference picture" });
    await panel.getByText("after.png").waitFor();
    expect(await panel.getByRole("checkbox", { name: "Under the canvas" }).isChecked()).toBe(true);
    expect(second.problems).toEqual([]);
  });
});
