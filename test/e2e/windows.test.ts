/** Two windows at work: each has its own project, and the one that has to wait for the other's checkpoint says so. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ROOT } from "../support/imports.ts";
import { answer } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { boxes, choice, compose, DRAWING_LIMIT, open, prompt, results, seeds, undo } from "./window.ts";

const queue = (page: Page) => page.getByRole("progressbar", { name: "Queue" });

describe.skipIf(!electron)("two windows", { timeout: 240_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("draw one after the other, each into its own project; who waits is told for what, and goes on by itself", async () => {
    const { app, page } = running();
    await compose(page, {
      prompt: "a red circle",
      boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]],
      seeds: "1-40",
      steps: 50,
    });
    const opened = app.waitForEvent("window");
    await page.keyboard.press("Control+Shift+n");
    const other = await opened;
    await open(other);
    await prompt(other).fill("a blue square");
    await other.getByRole("button", { name: "Add a box" }).click();
    const icons = folder("my-icons");
    await cp(join(ROOT, "resources/models/demo"), icons, { recursive: true });
    await answer(app, "showOpenDialog", [icons]);
    await other.getByRole("button", { name: "Add a checkpoint file from the disk" }).click();
    await expect.poll(() => choice(other, "Checkpoint").getAttribute("aria-label")).toBe("Checkpoint: my-icons");
    await other.getByText(/M parameters/).waitFor();
    await other.getByRole("textbox", { name: "Seeds" }).fill("7");

    await page.keyboard.press("Control+Enter");
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    await other.keyboard.press("Control+Enter");
    const note = other.getByRole("status").filter({ hasText: "draws with another checkpoint" });
    await expect.poll(() => note.textContent()).toMatch(/“Untitled.*” draws with another checkpoint\. When it is done/);
    expect(await results(other).count()).toBe(0);
    expect(await queue(page).count()).toBe(1);

    await page.keyboard.press("Control+.");
    await queue(page).waitFor({ state: "detached" });
    await expect.poll(() => results(other).count(), { timeout: DRAWING_LIMIT }).toBe(1);
    await note.waitFor({ state: "detached" });
    expect(await seeds(other)).toEqual(["7"]);
    expect(await seeds(page)).not.toContain("7");

    // Undo is each window's own.
    await undo(other).click();
    expect(await prompt(page).inputValue()).toBe("a red circle");
    expect(await boxes(page).count()).toBe(1);
  });

  test("with one checkpoint wait for each other too, and who waits is told for whom", async () => {
    const { app, page } = running();
    await compose(page, {
      prompt: "a red circle",
      boxes: [["red circle", [0.1, 0.1, 0.5, 0.5]]],
      seeds: "1-40",
      steps: 50,
    });
    const [other] = await Promise.all([app.waitForEvent("window"), page.keyboard.press("Control+Shift+n")]);
    await open(other);
    await compose(other, { prompt: "a blue square", boxes: [], seeds: "8" });
    await page.keyboard.press("Control+Enter");
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    await other.keyboard.press("Control+Enter");
    const note = other.getByRole("status").filter({ hasText: "in another window" });
    await expect
      .poll(() => note.textContent())
      .toMatch(/^“Untitled.*” draws in another window\. The projects take turns/);
    await page.keyboard.press("Control+.");
    await expect.poll(() => seeds(other), { timeout: DRAWING_LIMIT }).toEqual(["8"]);
    await note.waitFor({ state: "detached" });
  });
});
