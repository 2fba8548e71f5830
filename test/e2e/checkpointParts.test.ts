/** A checkpoint is taken with other parts: a tiny autoencoder for previews and drafts, and what is no autoencoder is refused in words. */
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { choice, choose, compose, draw, settled } from "./window.ts";

const TINY = resolve("test/goldens/tiny-taesd.safetensors");

describe.skipIf(!electron)("the parts of a checkpoint", { timeout: 180_000 }, () => {
  const running = sharedApp();

  test("are chosen, remembered for the file, and told of each picture", async () => {
    const { page, app } = running();
    await settled(page);
    const more = page.getByRole("button", { name: "Autoencoder and previews" });
    expect(await more.count()).toBe(0); // the demo model has only its own
    await answer(app, "showOpenDialog", [resolve("test/goldens/single-file/tiny-sd1")]);
    await page.getByRole("button", { name: "Add a checkpoint file from the disk" }).click();
    await page.getByText("SD 1.x · ").waitFor();
    await more.click();

    await answer(app, "showOpenDialog", [TINY]);
    await choose(page, "Autoencoder (VAE)", "Choose a file…");
    await page.getByRole("alert").getByText("this is a tiny autoencoder (TAESD): choose it for previews").waitFor();
    await page.getByRole("button", { name: "Undo" }).first().click();
    await page.getByText("SD 1.x · ").waitFor();

    await choose(page, "Previews", "Choose a file…");
    await page.getByText("SD 1.x · ").waitFor();
    await expect.poll(() => choice(page, "Previews").textContent()).toContain("tiny-taesd");
    await page.getByRole("checkbox", { name: "Drafts: pictures by it, too" }).check();
    const remembered = async () => (await apiOf(page).listModels()).find(({ demo }) => !demo)!.request;
    await expect.poll(remembered).toMatchObject({ tiny: TINY, draft: true });

    await compose(page, { prompt: "a cat", boxes: [], seeds: "1", steps: 2 });
    await draw(page, 1);
    const { results: listed } = await apiOf(page).listResults({ order: "newest", offset: 0, limit: 1 });
    const { record } = await apiOf(page).readResult({ id: listed[0]!.id });
    expect(record.model).toMatchObject({ name: "tiny-sd1", vae: { name: "tiny-taesd" } });
    if (process.env["DIORAMA_SHOT"]) await page.screenshot({ path: process.env["DIORAMA_SHOT"] });
  });
});
