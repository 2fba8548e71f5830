/** Pictures on their way out, and back in as scenes. Only the system's dialogs are answered for the person. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { ElectronApplication, Locator, Page } from "playwright-core";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { readChunks } from "../../src-main/image/pngChunks.ts";
import { answer, drop, suggested } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { box, boxes, card, compose, draw, prompt, results, type Composition } from "./window.ts";

const SCENE: Composition = {
  prompt: "a red circle and a blue square on a white background",
  boxes: [
    ["red circle", [0.06, 0.3, 0.36, 0.36]],
    ["blue square", [0.56, 0.3, 0.36, 0.36]],
  ],
  seeds: "4,5",
};
const dialog = (page: Page) => page.getByRole("dialog", { name: /^Export/ });
const exported = (page: Page, text: string) => page.getByRole("status").filter({ hasText: text });
const bytesOf = async (path: string) => new Uint8Array(await readFile(path));

describe.skipIf(!electron)("pictures as files", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  let withSettings: string;
  let without: string;

  beforeAll(async () => {
    [withSettings, without] = [folder("with.png"), folder("without.png")];
    const { page } = running();
    await compose(page, SCENE);
    await draw(page, 2);
  }, 240_000);
  beforeEach(async () => {
    const { page } = running();
    await page.keyboard.press("Escape");
    const dismiss = page.getByRole("button", { name: "Dismiss", exact: true });
    while ((await dismiss.count()) > 0) await dismiss.first().click();
  });

  test("one is exported with its settings, or as nothing but the picture, and the dialog says which", async () => {
    const { app, page } = running();
    await card(page, 4).click();
    await page.keyboard.press("Control+e");
    await dialog(page)
      .getByText(/“a red circle and a blue square.*seed 4, checkpoint/)
      .waitFor();
    await answer(app, "showSaveDialog", [folder("with")]); // the ending is added
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await exported(page, `Exported to ${withSettings}`).waitFor();
    expect((await suggested(app)).map((path) => basename(path))).toEqual(["diorama-1-seed-4.png"]);

    await page.keyboard.press("Control+e");
    await dialog(page)
      .getByRole("checkbox", { name: /settings/ })
      .uncheck();
    await dialog(page).getByText("Nothing but the picture. It cannot be opened as a scene again.").waitFor();
    await answer(app, "showSaveDialog", [without]);
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await exported(page, `Exported to ${without}`).waitFor();

    const [full, bare] = [await bytesOf(withSettings), await bytesOf(without)];
    expect(readMetadata(full)).toMatchObject({
      kind: "record",
      record: { seed: "4", scene: { prompt: SCENE.prompt } },
    });
    expect([...new Set(readChunks(bare).map(({ type }) => type))]).toEqual(["IHDR", "IDAT", "IEND"]);
    expect(decodePng(bare).pixels).toEqual(decodePng(full).pixels);
  });

  test("several are exported with one question, beside what is there; a cancelled question exports nothing", async () => {
    const { app, page } = running();
    const out = folder("several");
    await mkdir(out);
    await card(page, 5).click();
    await card(page, 4).click({ modifiers: ["Shift"] });
    await page.keyboard.press("Control+e");
    await answer(app, "showOpenDialog", []);
    await page.getByRole("dialog", { name: "Export 2 pictures" }).getByRole("button", { name: "Export…" }).click();
    await expect.poll(() => suggested(app)).toHaveLength(1);
    expect(await dialog(page).isVisible()).toBe(true);
    expect(await readdir(out)).toEqual([]);

    await answer(app, "showOpenDialog", [out]);
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await exported(page, "2 pictures are exported.").waitFor();
    expect(await suggested(app)).toHaveLength(1);
    expect((await readdir(out)).sort()).toEqual(["diorama-1-seed-4.png", "diorama-2-seed-5.png"]);
    await dialog(page).waitFor({ state: "hidden" }); // one that fades away still takes a click

    await page.keyboard.press("Control+e");
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await expect
      .poll(async () => (await readdir(out)).sort())
      .toEqual(["diorama-1-seed-4-2.png", "diorama-1-seed-4.png", "diorama-2-seed-5-2.png", "diorama-2-seed-5.png"]);
  });

  test("all of the list are exported where that is chosen", async () => {
    const { app, page } = running();
    const out = folder("all");
    await mkdir(out);
    await card(page, 4).click();
    await page.keyboard.press("Control+e");
    await dialog(page).getByRole("radio", { name: "All 2 of the list" }).check();
    await answer(app, "showOpenDialog", [out]);
    await page.getByRole("dialog", { name: "Export 2 pictures" }).getByRole("button", { name: "Export…" }).click();
    await exported(page, "2 pictures are exported.").waitFor();
    expect(await readdir(out)).toHaveLength(2);
  });

  test("what is dragged out of the window goes as files, with settings or without as was last chosen, and that is said", async () => {
    const { app, page } = running();
    await watchDrags(app);
    await card(page, 5).click();
    await card(page, 4).click({ modifiers: ["Shift"] });
    // The export before was without settings.
    await dragOut(page, card(page, 4));
    await exported(page, "Dragged without settings: nothing but the picture.").waitFor();
    const [bare] = await drags(app);
    expect(bare!.map((path) => basename(path)).sort()).toEqual(["diorama-1-seed-4.png", "diorama-2-seed-5.png"]);
    for (const path of bare!) {
      expect([...new Set(readChunks(await bytesOf(path)).map(({ type }) => type))]).toEqual(["IHDR", "IDAT", "IEND"]);
    }

    await page.getByRole("button", { name: "Put them in" }).click();
    await card(page, 5).click();
    await dragOut(page, card(page, 5));
    await exported(page, "Dragged with prompt and settings inside the file.").waitFor();
    const [, full] = await drags(app);
    expect(full!.map((path) => basename(path))).toEqual(["diorama-2-seed-5.png"]);
    expect(readMetadata(await bytesOf(full![0]!))).toMatchObject({ kind: "record", record: { seed: "5" } });
  });

  test("a contact sheet shows them all, and the clipboard gets one", async () => {
    const { app, page } = running();
    const sheet = folder("sheet.png");
    await dialog(page).waitFor({ state: "hidden" });
    await card(page, 5).click();
    await card(page, 4).click({ modifiers: ["Shift"] });
    await expect.poll(() => page.getByRole("option", { selected: true }).count()).toBe(2);
    await answer(app, "showSaveDialog", [sheet]);
    await page.keyboard.press("Control+Shift+e");
    await dialog(page).getByRole("button", { name: "Export…" }).click();
    await exported(page, `The contact sheet is ${sheet}`).waitFor();
    const { width, height } = decodePng(await bytesOf(sheet)).pixels;
    expect(width).toBeGreaterThan(2 * 64);
    expect(height).toBeGreaterThan(64);

    await app.evaluate(({ clipboard }) => clipboard.clear());
    await page.keyboard.press("Control+2");
    await card(page, 4).click();
    await page
      .getByRole("complementary", { name: "Selected result" })
      .getByRole("button", { name: /^Copy (the )?picture/i })
      .click();
    await exported(page, "The picture is on the clipboard.").waitFor();
    const onClipboard = await app.evaluate(({ clipboard }) => {
      const { readImage } = clipboard as unknown as { readImage: () => { toPNG: () => Buffer } };
      return readImage().toPNG().toString("base64");
    });
    const copy = decodePng(new Uint8Array(Buffer.from(onClipboard, "base64"))).pixels;
    expect(copy).toEqual(decodePng(await bytesOf(without)).pixels);
    await page.keyboard.press("Control+1");
  });

  test("one that is opened brings its scene back; one without settings says why it cannot", async () => {
    const { app, page } = running();
    await compose(page, { prompt: "something else", boxes: [] });
    const openPicture = async (path: string) => {
      await answer(app, "showOpenDialog", [path]);
      await page.keyboard.press("Control+k");
      await page.getByPlaceholder("What do you want to do?").fill("picture made by");
      await page.keyboard.press("Enter");
    };
    await openPicture(without);
    await page.getByRole("alert").filter({ hasText: "carries no settings of Diorama" }).waitFor();
    expect(await prompt(page).inputValue()).toBe("something else");

    await openPicture(withSettings);
    await expect.poll(() => prompt(page).inputValue()).toBe(SCENE.prompt);
    await expect.poll(() => boxes(page).count()).toBe(2);
    expect(await box(page, "red circle").count()).toBe(1);
    expect(await page.getByRole("textbox", { name: "Seeds" }).inputValue()).toBe("4");
    await expect.poll(() => results(page).count()).toBe(1);
    // The draft that was there is one undo away.
    await page.keyboard.press("Control+z");
    await expect.poll(() => prompt(page).inputValue()).toBe("something else");
  });

  test("one that is dropped on the window brings its scene back", async () => {
    const { page } = running();
    await compose(page, { prompt: "something else", boxes: [] });
    await drop(page, withSettings);
    await expect.poll(() => prompt(page).inputValue()).toBe(SCENE.prompt);
    await expect.poll(() => boxes(page).count()).toBe(2);
    await expect.poll(() => results(page).count()).toBe(1);
  });
});

interface Dragged {
  dragged?: string[][];
}

/** From now on the system's own drag is only written down: nobody would let go of it here. */
async function watchDrags(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ BrowserWindow }) => {
    const here = globalThis as Dragged;
    here.dragged = [];
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      webContents.startDrag = ({ files, icon }) => {
        if ((icon as { isEmpty(): boolean }).isEmpty()) throw new Error("a drag needs a picture under the pointer");
        here.dragged?.push(files ?? []);
      };
    }
  });
}

/** The files of each drag since `watchDrags`. */
const drags = (app: ElectronApplication) => app.evaluate(() => (globalThis as Dragged).dragged ?? []);

async function dragOut(page: Page, one: Locator): Promise<void> {
  const { x, y, width, height } = (await one.boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + 40, y + height / 2 - 60, { steps: 4 });
  await page.mouse.up();
}
