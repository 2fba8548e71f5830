/** Projects without a name of their own are known by what is written in them, wherever they are listed. */
import type { ElectronApplication, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { compose, prompt, saved } from "./window.ts";

const DOG = /^Untitled( \d+)?: a dog on a mat$/;

/** What the menu of the system offers under "Open recent". */
const offered = (app: ElectronApplication) =>
  app.evaluate(({ Menu }) => {
    const file = Menu.getApplicationMenu()?.items.find(({ label }) => label === "&File");
    const recent = file?.submenu?.items.find(({ label }) => label === "Open recent");
    return (recent?.submenu?.items ?? []).map(({ label }) => label);
  });
const heading = (page: Page) => page.getByRole("button", { name: /^Project: / }).textContent();

describe.skipIf(!electron)("a project without a name", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("is called by its prompt in the title, the header, under “Opened last”, in the menu and in the palette", async () => {
    const { app, page } = running();
    await compose(page, { prompt: "a cat" });
    await prompt(page).fill("a very small cat");
    await saved(page).waitFor();
    const titles = () =>
      app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((one) => one.getTitle()));
    await expect.poll(titles).toEqual([expect.stringMatching(/^Untitled( \d+)?: a very small cat – Diorama$/)]);
    expect(await heading(page)).toMatch(/^Untitled( \d+)?: a very small cat$/);

    await compose(page, { prompt: "a dog on a mat" });
    await expect.poll(() => heading(page)).toMatch(DOG);
    const last = page.getByText("Opened last:").getByRole("button");
    await expect.poll(() => last.allTextContents()).toContainEqual(expect.stringMatching(/: a very small cat$/));
    await expect.poll(() => offered(app)).toContainEqual(expect.stringMatching(/: a very small cat$/));
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("combobox").fill("very small");
    await page.getByRole("option", { name: /^Open Untitled.*: a very small cat$/ }).click();
    await expect.poll(() => prompt(page).inputValue()).toBe("a very small cat");
    await expect.poll(titles).toEqual([expect.stringContaining(": a very small cat")]);
  });
});
