/** A LoRA in the window: added, drawn with, weakened, switched off, undone, asked for in the prompt, lost and found again. */
import { mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { pictureUrl } from "../../src-main/api/main.ts";
import { ROOT } from "../support/imports.ts";
import { writeRandomLora } from "../support/randomLora.ts";
import { answer, drop } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { photograph } from "./photograph.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { compose, type Composition, draw, prompt, redo, results, saved, undo } from "./window.ts";

const DEMO = join(ROOT, "resources", "models", "demo");
const list = (page: Page) => page.getByRole("region", { name: "LoRAs" });
const row = (page: Page, name: string) => list(page).getByRole("listitem", { name });
const strength = (page: Page, name: string) => list(page).getByRole("textbox", { name: `Strength of ${name}` });
const use = (page: Page, name: string) => list(page).getByRole("checkbox", { name: `Use ${name}` });

/** A project of its own, without the LoRAs of the one before. */
async function begin(page: Page, scene: Composition = {}): Promise<void> {
  await compose(page, scene);
  const remove = list(page).getByRole("button", { name: /^Remove / });
  while ((await remove.count()) > 0) await remove.first().click();
}

/** The newest picture's pixels. */
async function newest(page: Page): Promise<string> {
  const { results: all } = await apiOf(page).listResults({ order: "newest", offset: 0, limit: 1 });
  const { project } = await apiOf(page).windowState();
  return page.evaluate(
    async (source) => {
      interface Canvas2D {
        drawImage(image: unknown, x: number, y: number): void;
        getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
      }
      const { Image, OffscreenCanvas } = globalThis as unknown as {
        Image: new () => { src: string; crossOrigin: string; decode(): Promise<void>; width: number; height: number };
        OffscreenCanvas: new (width: number, height: number) => { getContext(kind: "2d"): Canvas2D };
      };
      const image = new Image();
      image.crossOrigin = "anonymous";
      image.src = source;
      await image.decode();
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, image.width, image.height).data.join();
    },
    pictureUrl(project, all[0]!.id, "full"),
  );
}

describe.skipIf(!electron)("a LoRA in the window", { timeout: 240_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  let file: string;

  beforeAll(async () => {
    file = folder("ink.safetensors");
    mkdirSync(dirname(file), { recursive: true });
    await writeRandomLora(file, DEMO, { metadata: { "modelspec.trigger_phrase": "inkstyle, fine lines" } });
  });

  test("is added, changes the picture with its strength, and off leaves exactly the picture without it", async () => {
    const { app, page, problems } = running();
    await begin(page, { seeds: "7" });
    await draw(page, 1);
    const plain = await newest(page);

    await answer(app, "showOpenDialog", [file]);
    await list(page).getByRole("button", { name: /^Add a LoRA/ }).click(); // prettier-ignore
    await row(page, "ink").waitFor();
    await draw(page, 2);
    const styled = await newest(page);
    expect(styled).not.toBe(plain);

    await strength(page, "ink").fill("-0.5");
    await page.keyboard.press("Enter");
    await prompt(page).focus();
    await draw(page, 3);
    const weaker = await newest(page);
    await photograph(page, "a LoRA in the list");
    expect(new Set([plain, styled, weaker]).size).toBe(3);

    await use(page, "ink").uncheck();
    await draw(page, 4);
    expect(await newest(page)).toBe(plain);
    expect(problems).toEqual([]);
  });

  test("is one step of undo with each change, and is in the project's draft", async () => {
    const { app, page } = running();
    await begin(page);
    await answer(app, "showOpenDialog", [file]);
    await list(page).getByRole("button", { name: /^Add a LoRA/ }).click(); // prettier-ignore
    await strength(page, "ink").fill("0.4");
    await page.keyboard.press("Enter");
    await list(page).getByText("Strength").dblclick();
    await expect.poll(() => strength(page, "ink").inputValue()).toBe("1.00");
    await undo(page).click();
    await expect.poll(() => strength(page, "ink").inputValue()).toBe("0.40");
    await saved(page).waitFor();
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    await expect
      .poll(async () => (await apiOf(page).readDraft()).draft.scene.settings.loras)
      .toEqual([{ name: "ink", strength: 0.4, on: true, hash }]);
    await list(page).getByRole("button", { name: "fine lines" }).click();
    await expect.poll(() => prompt(page).inputValue()).toMatch(/white background, fine lines$/);
    await list(page).getByRole("button", { name: "Remove ink from the scene" }).click();
    await row(page, "ink").waitFor({ state: "detached" });
    for (let i = 0; i < 4; i++) await undo(page).click();
    await row(page, "ink").waitFor({ state: "detached" });
    await redo(page).click();
    await row(page, "ink").waitFor();
  });

  test("is asked for in the prompt, and a picture's scene brings it back", async () => {
    const { page } = running();
    await begin(page, { seeds: "7" });
    await draw(page, 1);
    const plain = await newest(page);
    await prompt(page).fill("a red circle and a blue square on a white background <lora:ink:0.8>");
    await draw(page, 2);
    expect(await newest(page)).not.toBe(plain);
    await prompt(page).fill("something else");
    await results(page).first().click();
    await page.getByRole("button", { name: "Use its scene" }).first().click();
    await expect.poll(() => prompt(page).inputValue()).toMatch(/<lora:ink:0.8>$/);
    await row(page, "ink").getByText("0.8 in the prompt").waitFor();
    expect(await use(page, "ink").isChecked()).toBe(false);
    await photograph(page, "a picture's LoRA is back");
  });

  test("that is dropped is added, and one that is for another model is refused in words", async () => {
    const { page } = running();
    await begin(page);
    await drop(page, file);
    await row(page, "ink").waitFor();
    await drop(page, join(ROOT, "test", "goldens", "lora", "lora-sdxl-kohya.safetensors"));
    await page.getByText(/made for Stable Diffusion XL, and this model is Stable Diffusion 1/).waitFor();
    expect(await list(page).getByRole("listitem").count()).toBe(1);
  });

  test("whose file is gone says so, and is found again", async () => {
    const { app, page } = running();
    await begin(page);
    const own = folder("flat.safetensors");
    await writeRandomLora(own, DEMO, { seed: 2 });
    await answer(app, "showOpenDialog", [own]);
    await list(page).getByRole("button", { name: /^Add a LoRA/ }).click(); // prettier-ignore
    await row(page, "flat").waitFor();
    renameSync(own, folder("moved.safetensors"));
    await page.keyboard.press("Control+Enter");
    await page.getByText(/The LoRA "flat" was not found. Choose its file in the list, or switch it off./).first().waitFor(); // prettier-ignore
    renameSync(folder("moved.safetensors"), own);
    await draw(page, 1);
  });
});
