/** The pictures of docs/seeds.md: scouting, finishing, a grid, a part drawn anew, and what a kill cut off; each dark on the left and light on the right. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { apiOf, setTheme } from "../../test/e2e/driver.ts";
import { launch, type RunningApp } from "../../test/e2e/harness.ts";
import { draw, drawn, fillSteps, mode, painted, resize, type Size } from "./window.ts";

const SIZE: Size = { width: 1120, height: 700, scale: 1 };
/** Of 0 to 100: letters stay sharp, and a picture takes 30 to 60 KB. */
const QUALITY = 82;
const STEPS = 16;
/** Early enough for a look at those that are being finished. */
const SCOUTED_TO = 6;
const LIMIT = 240_000;

export async function picturesOfSeeds(running: RunningApp, folder: string): Promise<void> {
  const { page, dataFolder } = running;
  await mkdir(folder, { recursive: true });
  const shoot = async (name: string, of = page) => writeFile(join(folder, `${name}.webp`), await halves(of));
  await resize(page, SIZE);
  await fillSteps(page, STEPS);
  await page.getByRole("textbox", { name: "Seeds" }).fill("1-6");
  await page.keyboard.press("Enter");
  const step = page.getByRole("spinbutton", { name: "Step to scout to" });
  await step.fill(String(SCOUTED_TO));
  await step.press("Enter");
  await step.blur();
  await page.keyboard.press("Alt+Enter");
  await drawn(page, 6);
  await mode(page, "Results");
  await page.locator("[data-result]").first().click();
  await shoot("scouting");

  const scouts = page.getByRole("group", { name: "Scouted pictures" });
  await scouts.getByRole("button", { name: "Finish" }).click();
  await scouts.getByText(/^[345] scouted$/).waitFor({ timeout: LIMIT });
  await shoot("finishing");
  await idle(page);

  await mode(page, "Compose");
  await page.getByRole("option", { name: /red circle/ }).click();
  await finished(page).first().click();
  await page.keyboard.press("Shift+D");
  await page.getByRole("region", { name: "Goes on from" }).waitFor();
  const before = await page.locator("[data-result]").count();
  await draw(page, "2", before + 2); // new ones every time
  await shoot("redraw");
  await page.getByRole("button", { name: "Begin from noise" }).click();

  await mode(page, "Grids");
  const aside = page.getByRole("complementary", { name: "Rows and columns" });
  await aside.getByRole("checkbox", { name: "Injection", exact: true }).check();
  await aside.getByRole("textbox", { name: "Values of the columns" }).fill("1-3");
  await aside.getByRole("button", { name: /^Draw \d pictures$/ }).click();
  await page.locator("[data-cell][data-result]").nth(4).waitFor({ timeout: LIMIT });
  await page.locator('[data-cell="2 0"]').focus();
  await shoot("grid");
  await idle(page);

  await mode(page, "Compose");
  await page.getByRole("radio", { name: "Fixed" }).click();
  await page.getByRole("textbox", { name: "Seeds" }).fill("31-36");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Enter");
  const second = page.getByText(/[2-5] of 6/).first();
  await second.waitFor({ timeout: LIMIT });
  const { project } = await apiOf(page).windowState();
  await running.kill();
  await using again = await launch({ dataFolder, files: [project.path] });
  await again.page.emulateMedia({ reducedMotion: "reduce" });
  await resize(again.page, SIZE);
  await again.page.getByText(/^Diorama ended before/).waitFor({ timeout: LIMIT });
  await shoot("resuming", again.page);
}

const finished = (page: Page): Locator =>
  page.locator("[data-result]").and(page.locator(':not([aria-label*="only scouted"])'));
const idle = (page: Page) =>
  page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: LIMIT });

/** The window in both themes, as WebP. */
async function halves(page: Page): Promise<Buffer> {
  const canvas = createCanvas(SIZE.width, SIZE.height);
  const context = canvas.getContext("2d");
  for (const [theme, from] of [
    ["dark", 0],
    ["light", SIZE.width / 2],
  ] as const) {
    await setTheme(page, theme);
    await painted(page);
    const picture = await loadImage(await page.screenshot());
    const width = SIZE.width - from;
    context.drawImage(picture, from, 0, width, SIZE.height, from, 0, width, SIZE.height);
  }
  return canvas.encode("webp", QUALITY);
}
