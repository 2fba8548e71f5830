/**
 * `npm run screenshots [folder] [--dark | --light] [--readme]`: pictures of the window's main states, of the real app with the demo
 * model, into `dist/screenshots` or the folder named. Each state in light and dark and in three sizes of window; `--readme` makes only
 * the picture of the README.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ElectronApplication, Page } from "playwright-core";
import { setTheme } from "../test/e2e/driver.ts";
import { launch } from "../test/e2e/harness.ts";

const args = process.argv.slice(2);
const root = join(import.meta.dirname, "..");
const folder = args.find((one) => !one.startsWith("--")) ?? join(root, "dist", "screenshots");
const readme = args.includes("--readme");
const themes = (["dark", "light"] as const).filter((theme) => {
  if (readme) return theme === "dark";
  return args.includes(`--${theme}`) || !(args.includes("--dark") || args.includes("--light"));
});
const SIZES = [
  [1280, 800],
  [1600, 1000],
  [1024, 700],
] as const;
const DRAWING_LIMIT = 240_000;

/** Phrases of the scene in the README, with left, top, width and height of their boxes in percent, and their colours. */
const THINGS: [string, number[], string][] = [
  ["yellow moon", [50, 5, 45, 42], "Amber"],
  ["red house", [7, 42, 44, 50], "Red"],
  ["green tree", [58, 50, 36, 44], "Green"],
];

await mkdir(folder, { recursive: true });
// The display of the tests does not keep a process alive.
const alive = setInterval(() => undefined, 60_000);
for (const theme of themes) {
  await using running = await launch();
  const { app, page, problems } = running;
  // No tooltip in the picture, and nothing half way through a movement.
  await page.emulateMedia({ reducedMotion: "reduce" });
  await setTheme(page, theme);
  if (readme) await pictureOfReadme(app, page);
  else {
    await states(page, async (name) => {
      for (const [width, height] of SIZES) {
        await resize(app, page, width, height);
        await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
      }
      await resize(app, page, ...SIZES[0]);
    });
  }
  for (const problem of problems) process.stderr.write(`${theme}: ${problem}\n`);
}
clearInterval(alive);

/** Waits until the page has its new size and has painted it. */
async function resize(app: ElectronApplication, page: Page, width: number, height: number): Promise<void> {
  await app.evaluate(
    ({ BrowserWindow }, size) => {
      BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height);
    },
    { width, height },
  );
  await page.waitForFunction(
    ([wide, high]) => {
      const here = globalThis as unknown as { innerWidth: number; innerHeight: number };
      return here.innerWidth === wide && here.innerHeight === high;
    },
    [width, height],
    { polling: 50 },
  );
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const here = globalThis as unknown as { requestAnimationFrame(then: (time: number) => void): void };
        here.requestAnimationFrame(() => here.requestAnimationFrame(resolve));
      }),
  );
}

async function draw(page: Page, seeds: string, count: number): Promise<void> {
  await page.getByRole("textbox", { name: "Seeds" }).fill(seeds);
  await page.getByRole("button", { name: /^(Generate|Add to queue)/ }).click();
  await page
    .locator("[data-result]")
    .nth(count - 1)
    .waitFor({ timeout: DRAWING_LIMIT });
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: DRAWING_LIMIT });
}

async function start(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  await page.getByText(/ MB of memory/).waitFor();
  await page
    .getByRole("status")
    .filter({ hasText: /^(Draft saved|Saved)$/ })
    .waitFor();
}

async function states(page: Page, shoot: (name: string) => Promise<void>): Promise<void> {
  const mode = (name: string) => page.getByRole("navigation").getByRole("button", { name }).click();
  await start(page);
  await shoot("01-first-start");
  for (const name of ["Results", "Compare", "History", "Models"]) {
    await mode(name);
    await shoot(`02-nothing-in-${name.toLowerCase()}`);
  }

  await mode("Compose");
  await page.getByRole("option", { name: /red circle/ }).click();
  await shoot("03-composing");

  await page.getByRole("textbox", { name: "Seeds" }).fill("1-6");
  await page.getByRole("button", { name: /^Generate/ }).click();
  await page.getByText(/Picture 3 of 6/).waitFor({ timeout: DRAWING_LIMIT });
  await shoot("04-generating");
  await page.locator("[data-result]").nth(5).waitFor({ timeout: DRAWING_LIMIT });
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: DRAWING_LIMIT });
  await shoot("05-done");

  await mode("Results");
  await page.locator("[data-result]").first().click();
  await page.keyboard.press("s");
  await shoot("06-results");
  await page.keyboard.press("Control+e");
  await page.getByRole("dialog").waitFor();
  await shoot("07-export");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.locator("[data-result]").first().press("Space");
  await page.getByRole("dialog", { name: /^Seed/ }).waitFor();
  await page.keyboard.press("i");
  await shoot("16-large");
  await page.keyboard.press("Escape");

  await mode("Compare");
  await page.getByRole("button", { name: /Compare the first/ }).click();
  await page.getByRole("figure").nth(3).waitFor();
  await shoot("08-compare");
  await page.keyboard.press("w");
  await shoot("09-compare-wipe");

  await mode("Compose");
  await page.locator("[data-row]").first().focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press("Shift+ArrowUp");
  await page.getByRole("textbox", { name: "Prompt" }).fill("a red circle and a green square on a white background");
  await mode("History");
  await page.getByRole("img", { name: /Boxes of this run/ }).waitFor();
  await shoot("10-history");

  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("What do you want to do?").waitFor();
  await shoot("11-palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+,");
  await page.getByRole("dialog").waitFor();
  await shoot("12-preferences");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await page.getByRole("dialog").waitFor();
  await shoot("13-shortcuts");
  await page.keyboard.press("Escape");

  await mode("Compose");
  await page.getByRole("textbox", { name: "Seeds" }).fill("7-");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("alert").first().waitFor();
  await shoot("14-error");
  await page.getByRole("textbox", { name: "Seeds" }).fill("1-4");
  await page.getByRole("button", { name: "Add a box" }).click();
  await page.getByRole("list", { name: "Before you generate" }).waitFor();
  await shoot("15-warning");
}

/** A scene of three things, composed as a person does it, with the best obeyed of six pictures. */
async function pictureOfReadme(app: ElectronApplication, page: Page): Promise<void> {
  await start(page);
  await resize(app, page, 1280, 800);
  await page.getByRole("option", { name: /red circle/ }).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  const prompt = page.getByRole("textbox", { name: "Prompt" });
  await prompt.fill("a yellow moon, a red house and a green tree on a navy background");
  for (const [phrase, place, color] of THINGS) {
    await prompt.evaluate((area, words) => {
      const field = area as unknown as { value: string; focus(): void; setSelectionRange(a: number, b: number): void };
      field.focus();
      field.setSelectionRange(field.value.indexOf(words), field.value.indexOf(words) + words.length);
    }, phrase);
    await page.keyboard.press("Control+b");
    const fields = page.getByRole("region", { name: "Selected boxes" });
    // Small first: a box cannot be moved to where it would not fit.
    for (const [i, name] of [
      [2, /^Width/],
      [3, /^Height/],
      [0, /^Left/],
      [1, /^Top/],
    ] as const) {
      await fields.getByRole("textbox", { name }).fill(String(place[i]));
      await page.keyboard.press("Enter");
    }
    await fields.getByRole("radio", { name: color }).click();
  }
  await draw(page, "1-6", 6);
  const cards = await page.locator("[data-result]").all();
  const labels = await Promise.all(cards.map((card) => card.getAttribute("aria-label")));
  const obeyed = labels.map((label) => Number(/obeyed to (\d+)/.exec(label ?? "")?.[1] ?? 0));
  await page
    .locator("[data-result]")
    .nth(obeyed.indexOf(Math.max(...obeyed)))
    .click();
  await page.getByRole("option", { name: /^red house/ }).click();
  await prompt.evaluate((area) => {
    (area as unknown as { setSelectionRange(a: number, b: number): void }).setSelectionRange(0, 0);
  });
  await page.mouse.move(640, 10);
  await page.screenshot({ path: join(root, "resources", "readme", "editor.png") });
}
