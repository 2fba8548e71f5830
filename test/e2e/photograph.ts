/** Pictures of the window for whoever wants to look at it: DIORAMA_SHOTS names the folder they go to; without it none are taken. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { setTheme } from "./driver.ts";

/** The window as it is. */
export async function photograph(page: Page, name: string): Promise<void> {
  const folder = process.env["DIORAMA_SHOTS"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** The window in each theme. */
export async function photographThemes(page: Page, name: string): Promise<void> {
  if (process.env["DIORAMA_SHOTS"] === undefined) return;
  for (const theme of ["dark", "light"] as const) {
    await setTheme(page, theme);
    await photograph(page, `${name}-${theme}`);
  }
}
