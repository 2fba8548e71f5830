/** Nothing is written in the console, nothing is refused and nothing is asked for in vain, wherever one goes in the window. */
import type { ElectronApplication, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answer } from "./dialogs.ts";
import { electron, launch, type RunningApp } from "./harness.ts";
import { sharedFolder } from "./shared.ts";
import { card, compose, draw, nameOf, open, prompt, results, saved, view } from "./window.ts";

/** Every message of the console, of any level but one, every uncaught error, every request that failed or was answered with an error. */
function hearAll({ app, page }: RunningApp): string[] {
  const heard: string[] = [];
  const listen = (one: Page) => {
    one.on("console", (message) => {
      // Svelte's word, on a busy machine, on a value that a view was asked for once more while it was taken away; nothing of it is seen.
      if (message.text().includes("svelte.dev/e/derived_inert")) return;
      heard.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    one.on("pageerror", (error) => heard.push(`uncaught: ${error.message}`));
    one.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") heard.push(`failed: ${request.url()} ${why}`); // taken back by the window itself
    });
    one.on("response", (reply) => {
      if (reply.status() >= 400) heard.push(`${reply.status()}: ${reply.url()}`);
    });
  };
  listen(page);
  app.on("window", listen);
  return heard;
}

const title = (page: Page) => page.getByRole("heading", { level: 1 });

async function saveAs(app: ElectronApplication, page: Page, path: string): Promise<void> {
  await answer(app, "showSaveDialog", [path]);
  await page.keyboard.press("Control+Shift+s");
  await saved(page).waitFor();
}

describe.skipIf(!electron)("the console", { timeout: 240_000 }, () => {
  const folder = sharedFolder();

  test("stays empty through Compose, Results, Compare, History, Preferences, Save as, New and Open", async () => {
    await using running = await launch();
    const { app, page } = running;
    const heard = hearAll(running);
    const nothingAfter = (what: string) => expect(heard, `after ${what}`).toEqual([]);
    await page.reload(); // what the page says while it starts is heard as well
    await open(page);
    nothingAfter("the start");

    await compose(page, {
      prompt: "a red circle and a blue square on a white background",
      boxes: [["a red circle", [0.1, 0.1, 0.4, 0.4]]],
      seeds: "1, 2",
    });
    await draw(page, 2).catch((error: unknown) => {
      throw new Error(`nothing was drawn; the console: ${heard.join("; ")}`, { cause: error });
    });
    await prompt(page).focus();
    await page.keyboard.press("Escape");
    nothingAfter("Compose");
    await saveAs(app, page, folder("first.diorama"));
    await expect.poll(() => title(page).textContent()).toContain("first");
    nothingAfter("the first Save as");

    await view(page, "Results").click();
    await card(page, 1).click();
    await page.keyboard.press("Control+a");
    await expect.poll(() => page.getByRole("option", { selected: true }).count()).toBe(2);
    nothingAfter("Results");
    await page.keyboard.press("Control+c");
    await card(page, 1).press("c");
    await expect.poll(async () => nameOf(card(page, 1))).toContain("in the comparison");
    await view(page, "Compare").click();
    await page.locator("figure").first().waitFor();
    nothingAfter("Compare");
    await view(page, "History").click();
    await page.getByRole("listbox", { name: "Runs" }).getByRole("option").first().waitFor();
    nothingAfter("History");

    await page.keyboard.press("Control+,");
    await page.getByRole("dialog").waitFor();
    for (const name of ["Light", "Dark"]) await page.getByRole("dialog").getByRole("radio", { name }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    nothingAfter("Preferences");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    nothingAfter("the palette of commands");
    await page.getByRole("button", { name: /^Project: / }).click();
    await page.getByRole("menuitem", { name: "Check for damage" }).waitFor();
    await page.keyboard.press("Escape");
    nothingAfter("the menu of projects");

    await view(page, "Results").click();
    await saveAs(app, page, folder("second.diorama"));
    await expect.poll(() => title(page).textContent()).toContain("second");
    expect(await results(page).count()).toBe(2);
    nothingAfter("Save as over Results");
    for (const place of ["Compose", "Results", "Compare", "History"] as const) {
      await view(page, place).click();
      await page.keyboard.press("Control+n");
      await expect.poll(() => title(page).textContent()).not.toContain("second");
      await saved(page).waitFor();
      nothingAfter(`New in ${place}`);
      await answer(app, "showOpenDialog", [folder("second.diorama")]);
      await page.keyboard.press("Control+o");
      await expect.poll(() => title(page).textContent()).toContain("second");
      await view(page, "Results").click();
      await expect.poll(() => results(page).count()).toBe(2);
      nothingAfter(`Open in ${place}`);
    }
  });
});
