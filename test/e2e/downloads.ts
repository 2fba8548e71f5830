/** Models that are on their way from the hub of test/support/slowHub.ts. */
import type { Page } from "playwright-core";
import { OTHER } from "../support/slowHub.ts";

/** Where the first model is offered: begins to fetch it and another one, and asks for one that the hub does not know. */
export async function beginDownloads(page: Page): Promise<void> {
  const download = page.getByRole("button", { name: /^Download / }).first();
  await download.click();
  await page.getByRole("progressbar", { name: "Stable Diffusion 1.5" }).waitFor();
  const name = page.getByRole("textbox", { name: "Name at the hub" });
  await name.fill(OTHER);
  await page.keyboard.press("Enter");
  await download.click();
  await page.getByRole("progressbar", { name: OTHER }).waitFor();
  await name.fill("nobody/nothing");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
}
