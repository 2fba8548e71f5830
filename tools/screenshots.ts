/**
 * `npm run screenshots`: pictures of the window's main states, of the real app with the demo model, into `dist/screenshots` or the folder
 * named. Light and dark, 1280 x 800; `--large` makes them 1600 x 1000.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launch } from "../test/e2e/harness.ts";

const args = process.argv.slice(2);
const folder = args.find((one) => !one.startsWith("--")) ?? join(import.meta.dirname, "..", "dist", "screenshots");
const size = args.includes("--large") ? { width: 1600, height: 1000 } : { width: 1280, height: 800 };
const themes = args.includes("--dark") ? (["dark"] as const) : (["dark", "light"] as const);

await mkdir(folder, { recursive: true });
// The display of the tests does not keep a process alive.
const alive = setInterval(() => undefined, 60_000);
for (const theme of themes) {
  await using running = await launch();
  const { app, page, problems } = running;
  await app.evaluate(({ BrowserWindow }, { width, height }) => {
    BrowserWindow.getAllWindows()[0]?.setContentSize(width, height);
  }, size);
  await page.evaluate((wanted) => {
    const bridge = (globalThis as unknown as { app: { call(method: string, request: unknown): Promise<unknown> } }).app;
    return bridge.call("setTheme", wanted);
  }, theme);
  await states(page, (name) => page.screenshot({ path: join(folder, `${name}-${theme}.png`) }).then(() => undefined));
  for (const problem of problems) process.stderr.write(`${theme}: ${problem}\n`);
}
clearInterval(alive);

async function states(page: Page, shoot: (name: string) => Promise<void>): Promise<void> {
  const generate = page.getByRole("button", { name: /^Generate/ });
  await generate.waitFor();
  await page.getByText(/ MB/).first().waitFor();
  await shoot("1-first-start");

  await page.getByRole("option", { name: /red circle/ }).click();
  await shoot("2-composing");

  await generate.click();
  await page.getByText(/ left$/).waitFor();
  await page.getByText(/Picture 2 of 4/).waitFor({ timeout: 120_000 });
  await shoot("3-generating");
  await page.locator("[data-result]").nth(3).waitFor({ timeout: 240_000 });
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: 120_000 });
  await shoot("4-done");

  await page.getByRole("button", { name: "Results", exact: true }).click();
  await page.locator("[data-result]").first().click();
  await shoot("5-results");

  await page.getByRole("button", { name: "Compare", exact: true }).first().click();
  await page.getByRole("button", { name: /Compare the first/ }).click();
  await page.getByRole("figure").nth(3).waitFor();
  await shoot("6-compare");

  await page.getByRole("button", { name: "Compose", exact: true }).click();
  await page.locator("[data-row]").first().focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press("Shift+ArrowUp");
  await page.getByRole("textbox", { name: "Prompt" }).fill("a red circle and a green square on a white background");
  await page.getByRole("button", { name: "History", exact: true }).click();
  await page.getByRole("img", { name: /Boxes of this run/ }).waitFor();
  await shoot("7-history");

  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("What do you want to do?").waitFor();
  await shoot("8-palette");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Compose", exact: true }).click();
  await page.getByRole("textbox", { name: "Seeds" }).fill("7-3");
  await generate.click();
  await page.getByRole("alert").first().waitFor();
  await shoot("9-error");
}
