/** One afternoon with the editor, from an empty canvas to a picture in a file, and the next morning. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { answer } from "./dialogs.ts";
import { electron, launch } from "./harness.ts";
import {
  attributes,
  box,
  boxes,
  canvas,
  card,
  DRAWING_LIMIT,
  drag,
  mark,
  nameOf,
  open,
  placeOf,
  prompt,
  redo,
  results,
  saved,
  seeds,
  undo,
  view,
} from "./window.ts";

const TEXT = "a red circle and a blue square on a white background";

test.skipIf(!electron)(
  "a scene is drawn, tied, generated, compared, exported, and found again",
  { timeout: 600_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "diorama-story-"));
    const [file, png] = [join(folder, "story.diorama"), join(folder, "best.png")];
    try {
      await using running = await launch({ dataFolder: join(folder, "data") });
      const { app, page, problems } = running;
      await open(page);
      await page.keyboard.press("Control+n");
      await expect.poll(() => prompt(page).inputValue()).toBe("");
      await prompt(page).fill(TEXT);
      await canvas(page).focus();
      // A box is tied to words after it was drawn, or drawn while they are marked.
      await page.keyboard.press("r");
      await drag(page, [0.06, 0.3], [0.42, 0.66]);
      await mark(page, "red circle");
      await page.keyboard.press("Control+b");
      await expect.poll(() => box(page, "red circle").count()).toBe(1);
      const drawn = await placeOf(page);
      await mark(page, "blue square");
      await page.getByRole("toolbar", { name: "Tools" }).getByRole("button", { name: "Draw a box" }).click();
      await drag(page, [0.56, 0.3], [0.92, 0.66]);
      await expect.poll(() => box(page, "blue square").count()).toBe(1);
      expect(await boxes(page).count()).toBe(2);

      await page.getByRole("textbox", { name: "Seeds" }).fill("5,6,7");
      await page.keyboard.press("Control+Enter");
      const queue = page.getByRole("progressbar", { name: "Queue" });
      await queue.waitFor();
      await page.getByRole("button", { name: "Cancel the picture with seed 6" }).click();
      await expect.poll(async () => Number(await queue.getAttribute("aria-valuenow"))).toBeGreaterThan(0);
      await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(2);
      await queue.waitFor({ state: "detached" });
      expect(await seeds(page)).toEqual(["7", "5"]);

      for (const seed of [5, 7]) {
        await card(page, seed).click();
        await page.keyboard.press("c");
      }
      await view(page, "Compare").click();
      const figures = page.getByRole("group", { name: "Pictures" }).getByRole("figure");
      await expect
        .poll(() => attributes(figures.getByRole("img"), "alt"))
        .toEqual([`Seed 7: ${TEXT}`, `Seed 5: ${TEXT}`]); // as in the list they come from, newest first
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("s");
      await figures.first().getByLabel("starred").waitFor();
      await answer(app, "showSaveDialog", [png]);
      await page.keyboard.press("Control+e");
      await page
        .getByRole("dialog", { name: /^Export/ })
        .getByRole("button", { name: "Export…" })
        .click();
      await page
        .getByRole("status")
        .filter({ hasText: `Exported to ${png}` })
        .waitFor();
      const metadata = readMetadata(new Uint8Array(await readFile(png)));
      expect(metadata).toMatchObject({ kind: "record", record: { seed: "7", scene: { prompt: TEXT } } });

      await view(page, "Compose").click();
      await answer(app, "showSaveDialog", [file]);
      await page.keyboard.press("Control+s");
      await page.getByRole("heading", { level: 1 }).filter({ hasText: "story" }).waitFor();
      await prompt(page).fill("a green star");
      await saved(page).waitFor();
      await running.quit();
      expect(problems).toEqual([]);

      await using again = await launch({ dataFolder: join(folder, "data"), files: [file] });
      const { page: next } = again;
      await open(next);
      await expect.poll(() => prompt(next).inputValue()).toBe("a green star");
      await expect.poll(() => seeds(next)).toEqual(["7", "5"]);
      expect(await nameOf(card(next, 7))).toContain("starred");
      await view(next, "History").click();
      await next.getByRole("button", { name: "Use its scene" }).click();
      await expect.poll(() => prompt(next).inputValue()).toBe(TEXT);
      await box(next, "red circle").click();
      expect(await placeOf(next)).toEqual(drawn);
      await undo(next).click();
      await expect.poll(() => prompt(next).inputValue()).toBe("a green star");
      await redo(next).click();
      await expect.poll(() => prompt(next).inputValue()).toBe(TEXT);
      expect(again.problems).toEqual([]);
      await again.quit();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
