/** The models at home in the window: from a first start without one to a picture that is drawn again, and the list itself. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { encodePng } from "../../src-main/image/png.ts";
import { safetensors } from "../checkpoint/folders.ts";
import { COMMIT, repoOf, startHub } from "../support/hub.ts";
import { samplePixels, temporaryFolder } from "../support/projects.ts";
import { writeRandomLora } from "../support/randomLora.ts";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { choice, draw, open, prompt, results, saved, settled, view } from "./window.ts";

const FIRST = "stable-diffusion-v1-5/stable-diffusion-v1-5";
const list = (page: Page) => page.getByRole("listbox", { name: "Models" });
const model = (page: Page, name: string) => list(page).getByRole("option", { name });
const models = (page: Page) => page.getByRole("navigation", { name: "Views" }).getByRole("button", { name: "Models" });
const steps = (page: Page) => page.getByRole("textbox", { name: "Steps", exact: true });

/** A person's home folder, and an empty cache in it. */
function makeHome() {
  const home = temporaryFolder();
  const cache = join(home, "hub");
  return { home, cache, env: { HOME: home, USERPROFILE: home, HF_HUB_CACHE: cache } };
}

async function addFolder(running: Awaited<ReturnType<typeof launch>>, folder: string): Promise<void> {
  await answer(running.app, "showOpenDialog", [folder]);
  await running.page.getByRole("button", { name: "Add a folder", exact: true }).click();
}

describe.skipIf(!electron)("models at home", { timeout: 240_000 }, () => {
  test("a newcomer gets a model by two clicks, adds a LoRA, draws, and finds all of it again after a restart", async () => {
    const { home, cache, env } = makeHome();
    const hub = await startHub({ [FIRST]: repoOf("resources/models/demo") });
    onTestFinished(() => hub.close());
    const mine = join(home, "mine");
    mkdirSync(mine);
    await writeRandomLora(join(mine, "ink.safetensors"), "resources/models/demo");
    const dataFolder = temporaryFolder();
    const snapshot = join(cache, "models--stable-diffusion-v1-5--stable-diffusion-v1-5", "snapshots", COMMIT);
    {
      await using running = await launch({ dataFolder, env });
      const { page } = running;
      await open(page);
      await settled(page);
      await apiOf(page).setHub({ mirror: hub.url });
      expect(hub.asked).toEqual([]); // nothing is asked for by itself
      await page.getByRole("button", { name: /^Get Stable Diffusion 1\.5/ }).click();
      await page.getByRole("button", { name: /^Download 7 MB/ }).click();
      await page.getByText("Stable Diffusion 1.5 is here.").waitFor();
      await page.getByRole("button", { name: "Show", exact: true }).click();
      await page.getByRole("heading", { name: FIRST }).waitFor();
      await page.getByRole("button", { name: "Open", exact: true }).click();
      await expect.poll(async () => (await apiOf(page).windowState()).model?.path, { timeout: 60_000 }).toBe(snapshot);

      await models(page).click();
      await addFolder(running, mine);
      await model(page, "ink").click();
      await page.getByRole("button", { name: "Add to the scene" }).click();
      await page.getByRole("region", { name: "LoRAs" }).getByText("ink", { exact: true }).first().waitFor();
      await steps(page).fill("3");
      await steps(page).press("Enter");
      await page.getByRole("textbox", { name: "Seeds" }).fill("5");
      await draw(page, 1);
      await saved(page).waitFor();
      expect(running.problems).toEqual([]);
    }
    const { length } = hub.asked;
    await using running = await launch({ dataFolder, env });
    const { page } = running;
    await open(page);
    await expect.poll(() => results(page).count(), { timeout: 60_000 }).toBe(1);
    await expect.poll(async () => (await apiOf(page).windowState()).model?.path, { timeout: 60_000 }).toBe(snapshot);
    await steps(page).fill("9");
    await steps(page).press("Enter");
    await view(page, "History").click();
    await page.getByRole("button", { name: "Use its scene" }).click();
    await expect.poll(() => steps(page).inputValue()).toBe("3");
    await saved(page).waitFor();
    const { draft } = await apiOf(page).readDraft();
    expect(draft.scene.settings.loras).toMatchObject([{ name: "ink", on: true }]);
    await page.getByRole("textbox", { name: "Seeds" }).fill("6");
    await draw(page, 2);
    expect((await apiOf(page).hubState()).mirror).toBe(hub.url);
    expect(hub.asked.length).toBe(length); // what is here is not asked for again
    expect(running.problems).toEqual([]);
  });

  test("the list is searched, filtered, marked and gone through by keys, and a checkpoint that moves is found again", async () => {
    const { home, env } = makeHome();
    const mine = join(home, "mine");
    const put = (path: string, bytes: Uint8Array) => {
      mkdirSync(join(mine, path, ".."), { recursive: true });
      writeFileSync(join(mine, path), bytes);
    };
    const lora = { "lora_unet_down_attn2_to_k.lora_down.weight": [[16, 768]] } as const;
    put(
      "loras/wash.safetensors",
      safetensors(lora, { "modelspec.title": "Ink wash", ss_base_model_version: "sd_v1-5" }),
    );
    put("loras/wash.preview.png", encodePng(samplePixels(7, 300, 400)));
    put("embeddings/sun-cat.safetensors", safetensors({ emb_params: [[3, 768]] }));
    put("old.ckpt", Buffer.from("a pickle"));
    await using running = await launch({ env });
    const { page } = running;
    await open(page);
    await models(page).click();
    // The demo model is one of them, open, and tells how to come by others.
    await page.getByRole("heading", { name: "Demo model" }).waitFor();
    await page.getByText("It draws flat coloured icons").waitFor();
    await model(page, "Demo model").getByText("open").waitFor();
    await expect.poll(() => choice(page, "Kind").textContent()).toContain("All models (1)");
    await addFolder(running, mine);
    await expect.poll(() => list(page).getByRole("option").count()).toBe(3);

    await model(page, "wash").click();
    await page.getByText("A LoRA for Stable Diffusion 1, rank 16.").waitFor();
    await page.getByText("Ink wash", { exact: true }).waitFor(); // modelspec.title
    const picture = page.getByRole("img", { name: "The picture of wash" });
    await expect
      .poll(() => picture.evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(300);
    await page.getByRole("button", { name: "Make it a favourite" }).click();
    await page.getByRole("textbox", { name: "Notes" }).fill("for skies");
    await page.getByRole("textbox", { name: "Search models" }).fill("skies");
    await expect.poll(() => list(page).getByRole("option").count()).toBe(1);
    await page.getByRole("textbox", { name: "Search models" }).fill("");
    await model(page, "wash").focus();
    await page.keyboard.press("ArrowDown");
    await page.getByRole("heading", { name: "Demo model" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.getByRole("heading", { name: "sun-cat" }).waitFor();
    await page.getByRole("button", { name: "Add its word to the prompt" }).click();
    await expect.poll(() => prompt(page).inputValue()).toMatch(/, sun-cat$/);
    await models(page).click();
    await page.locator('[aria-label^="Kind: "]').click();
    await page.getByRole("option", { name: "Not supported (1)" }).click();
    await page.getByText("is a pickle").waitFor();

    // A new file comes by itself, and what moves keeps what was said of it.
    await expect
      .poll(async () =>
        (await apiOf(page).listHomeModels()).models.every(
          ({ form, sha256, opens }) => sha256 !== null || !opens || form === "folder",
        ),
      )
      .toBe(true);
    renameSync(join(mine, "loras", "wash.safetensors"), join(mine, "brush.safetensors"));
    await page.locator('[aria-label^="Kind: "]').click();
    await page.getByRole("option", { name: /^All models/ }).click();
    await model(page, "brush").click();
    await expect.poll(() => page.getByRole("textbox", { name: "Notes" }).inputValue()).toBe("for skies");
    expect(await apiOf(page).findMissingModel({ path: join(mine, "loras", "wash.safetensors") })).toMatchObject({
      name: "wash",
      moved: { path: join(mine, "brush.safetensors") },
    });
    // A page may name only what main has told it of.
    await expect(apiOf(page).readHomeModel({ path: "/etc/passwd" })).rejects.toMatchObject({ code: "not-found" });
    await expect(apiOf(page).setHub({ token: "secret" })).rejects.toMatchObject({ code: "bad-request" });
    const hub = await apiOf(page).setHub({ token: "hf_secret" });
    expect(hub.hasToken).toBe(true);
    // Where the system has no store of secrets, it is written nowhere.
    expect(existsSync(join(running.dataFolder, "hub-token"))).toBe(hub.whyNotKept === null);
    await expect(apiOf(page).setHub({ mirror: "file:///etc" })).rejects.toMatchObject({ code: "bad-request" });
    expect(running.problems).toEqual([]);
  });
});
