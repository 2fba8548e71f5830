/** What a designer does wrong is told with the file's name and what to do, and several such messages are one card. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { compose } from "./window.ts";

const card = (page: Page) => page.getByRole("alert").filter({ has: page.getByRole("button", { name: "Dismiss" }) });

/** Drops files on the window, as from the system's file manager. */
async function drop(page: Page, paths: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, x: 400, y: 300, data });
  await session.detach();
}

/** A picture of one pixel as BMP. */
function bitmap(): Buffer {
  const bytes = Buffer.alloc(58);
  bytes.write("BM");
  bytes.writeUInt32LE(58, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(1, 18);
  bytes.writeInt32LE(1, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

describe.skipIf(!electron)("wrong files that are dropped", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("are each named with what to do, one at a time", async () => {
    const { app, page } = running();
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1024, 640));
    await compose(page, { prompt: "a red circle" });
    mkdirSync(join(folder("half"), "vae"), { recursive: true });
    writeFileSync(join(folder("half"), "model_index.json"), '{"_class_name": "StableDiffusionPipeline"}');
    writeFileSync(folder("poster.png"), bitmap());
    writeFileSync(folder("notes.txt"), "hello");
    writeFileSync(folder("model.ckpt"), "pickle");
    writeFileSync(folder("cut.diorama"), "no project");
    await drop(page, [
      folder("poster.png"),
      folder("notes.txt"),
      folder("half"),
      folder("model.ckpt"),
      folder("cut.diorama"),
    ]);
    await card(page).getByText("5 of 5").waitFor();
    expect(await card(page).count()).toBe(1);
    const told: string[] = [];
    for (let n = 5; n >= 1; n--) {
      await card(page).getByText(`${n} of 5`).waitFor();
      told.unshift((await card(page).locator(".text").textContent())!);
      if (n > 1) await card(page).getByRole("button", { name: "Earlier message" }).click();
    }
    expect(told).toEqual([
      expect.stringMatching(
        /^poster\.png is no PNG, whatever its name says\. .*choose the picture as it was exported\.$/,
      ),
      expect.stringMatching(/^notes\.txt is nothing that opens here\. What does: a project \(\.diorama\), a picture/),
      expect.stringMatching(/half: this folder has no unet\/config\.json: it is not a diffusers checkpoint/),
      expect.stringMatching(/model\.ckpt" is a pickle.*Get the \.safetensors version/),
      expect.stringMatching(/cut\.diorama is not a Diorama project\.$/),
    ]);
    const { height } = (await card(page).boundingBox())!;
    expect(height, "of the window's 640 pixels").toBeLessThan(160);
    // The longest row of buttons, with "Use as reference picture", stands below the words, not in their place.
    await card(page).getByRole("button", { name: "Use as reference picture" }).waitFor();
    expect((await card(page).locator(".text").boundingBox())!.width).toBeGreaterThan(300);

    // A dialog that opens meanwhile keeps its own buttons.
    await page.keyboard.press("Control+,");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    // It makes room for what is said beneath it, also a wide one.
    const expectBeneath = async () => {
      const [said, over] = [(await card(page).boundingBox())!, (await dialog.boundingBox())!];
      expect(over.y).toBeGreaterThanOrEqual(0);
      expect(said.y).toBeGreaterThanOrEqual(over.y + over.height);
      expect(said.y + said.height).toBeLessThanOrEqual(640);
    };
    await expectBeneath();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await dialog.waitFor();
    await expectBeneath();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await card(page).getByRole("button", { name: "Dismiss all" }).click();
    await card(page).waitFor({ state: "detached" });
  });
});
