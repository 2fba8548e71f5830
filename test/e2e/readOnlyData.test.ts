/** A data folder in which nothing can be written: the program starts, says what it cannot keep, draws, and quits. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canMount, smallDisk } from "../support/smallDisk.ts";
import { electron, launch } from "./harness.ts";
import { compose, draw, open, results } from "./window.ts";

describe.skipIf(!electron || !canMount)("a read-only data folder", { timeout: 240_000 }, () => {
  test.each([
    ["that was used before", true],
    ["that was never there", false],
  ])("%s", async (_what, isUsed) => {
    const disk = smallDisk(64);
    const dataFolder = join(disk.folder, "data");
    if (isUsed) {
      const before = await launch({ dataFolder });
      await open(before.page);
      await before.quit();
      // Whether an empty project is kept hangs on when its checkpoint was ready: a kept one would be opened for reading.
      rmSync(join(dataFolder, "untitled"), { recursive: true, force: true });
    }
    disk.freeze();
    await using own = await launch({ dataFolder });
    const { app, page } = own;
    await open(page);
    const alert = page.getByRole("alert").filter({ hasText: `${dataFolder}, cannot be written` });
    await alert.waitFor();
    expect(await alert.textContent()).toContain(
      "Preferences, checkpoints and recent projects are kept until Diorama is closed",
    );
    await page
      .getByText(/for now, which the system may empty: save it under a name/)
      .first()
      .waitFor();
    await compose(page, { prompt: "a red circle", seeds: "1" });
    await draw(page, 1);
    expect(await results(page).count()).toBe(1);
    await Promise.all([app.waitForEvent("close"), app.evaluate(({ app: electronApp }) => electronApp.quit())]);
    expect(own.output.join("")).not.toMatch(/unhandled|UnhandledPromise/i);
    expect(existsSync(dataFolder)).toBe(isUsed);
  });
});
