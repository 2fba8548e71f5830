/** `npm run manual:pictures`: the pictures of the manual, of the real window with the demo model, into docs/manual/pictures as WebP. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Page } from "playwright-core";
import { setTheme } from "../test/e2e/driver.ts";
import { launch } from "../test/e2e/harness.ts";
import { pictureOfReadme, pictureOfRegions } from "./screenshots/readme.ts";
import { mode, painted, resize, start } from "./screenshots/window.ts";

const FOLDER = join(import.meta.dirname, "..", "docs", "manual", "pictures");
const SIZE = { width: 1280, height: 800, scale: 1 };
/** Of WebP: letters stay readable, and all pictures together are below 1 MB. */
const QUALITY = 80;

/** A part of a screenshot, in its pixels; all of it without one. */
interface Part {
  left: number;
  top: number;
  width: number;
  height: number;
}

export async function asWebp(png: Uint8Array, part?: Part): Promise<Buffer> {
  const picture = await loadImage(Buffer.from(png));
  const { left, top, width, height } = part ?? { left: 0, top: 0, width: picture.width, height: picture.height };
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").drawImage(picture, -left, -top);
  return canvas.encode("webp", QUALITY);
}

async function compared(page: Page): Promise<Uint8Array> {
  await mode(page, "Results");
  for (const n of [0, 1]) {
    await page.locator("[data-result]").nth(n).focus();
    await page.keyboard.press("c");
  }
  await mode(page, "Compare");
  await page.getByRole("button", { name: "Wipe between two" }).first().waitFor();
  await painted(page);
  return page.screenshot();
}

async function takeAll(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "diorama-manual-"));
  const save = (name: string, bytes: Uint8Array) => writeFile(join(FOLDER, `${name}.webp`), bytes);
  try {
    await using running = await launch({ env: { HOME: folder, USERPROFILE: folder } });
    const { page } = running;
    await page.emulateMedia({ reducedMotion: "reduce" });
    await setTheme(page, "light");
    await resize(page, SIZE);
    await start(page);
    const shot = join(folder, "shot.png");
    await pictureOfReadme(page, shot);
    const editor = await readFile(shot);
    await save("window", await asWebp(editor));
    await save("boxes", await asWebp(editor, { left: 0, top: 40, width: 976, height: 560 }));
    await save("compare", await asWebp(await compared(page)));
    await mode(page, "Compose");
    await pictureOfRegions(page, shot);
    await save("shapes", await asWebp(await readFile(shot), { left: 0, top: 40, width: 976, height: 560 }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await takeAll();
