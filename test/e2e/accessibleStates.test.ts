/** axe-core over the states that one comes by less often: empty, failed, half done, and each dialog as it can be. */
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { answer, drop } from "./dialogs.ts";
import { servicePid } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { box, boxes, card, choice, compose, draw, mark, prompt, results, shelf, view } from "./window.ts";

describe.skipIf(!electron)("axe finds nothing, dark and light,", { timeout: 240_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  /** Goes from state to state; what was found in all of them is told together. */
  async function look(through: (audit: (state: string) => Promise<void>) => Promise<void>): Promise<void> {
    const { page } = running();
    await page.emulateMedia({ reducedMotion: "reduce" });
    const found: string[] = [];
    await through(async (state) => void found.push(...(await findings(page, state))));
    expect(found).toEqual([]);
  }

  test("while composing: words marked, all numbers shown, a prompt that is too long", () =>
    look(async (audit) => {
      const { page } = running();
      await compose(page, { boxes: [["red circle", [0.1, 0.3, 0.3, 0.3]]] });
      await mark(page, "blue square");
      await audit("words marked");
      await box(page, "red circle").click();
      await page.getByRole("button", { name: "Advanced" }).click();
      await audit("a box and all numbers");
      await page.getByRole("option", { name: /^red circle/ }).dblclick();
      await page.getByLabel("Name of the box").waitFor();
      await audit("a box renamed");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Advanced" }).click();
      await page.getByRole("radio", { name: "Random" }).click();
      await prompt(page).fill(`a red circle ${"and a very blue square ".repeat(30)}`);
      await page.getByText("The model will not see the greyed words").waitFor();
      await page.getByRole("textbox", { name: "Leave out" }).fill("fog");
      await page.getByRole("textbox", { name: "Guidance scale" }).fill("1");
      await page.keyboard.press("Enter");
      await page.getByText("At guidance scale 1 this does nothing").waitFor();
      await audit("a prompt too long, and something left out for nothing");
      await compose(page, { prompt: "a {red|blue} circle", boxes: [] });
      await expect.poll(() => boxes(page).count()).toBe(0);
      await audit("alternatives, and no box");
    }));

  test("in Results and History: nothing found, an empty shelf, a full bin, what was drawn already, the last picture judged", () =>
    look(async (audit) => {
      const { page } = running();
      await compose(page, { seeds: "1-3", steps: 4, boxes: [["red circle", [0.1, 0.3, 0.3, 0.3]]] });
      await draw(page, 3);
      await page.keyboard.press("Control+Enter");
      await page.getByText("All 3 seeds are drawn already").waitFor();
      await audit("drawn already");
      await view(page, "Results").click();
      await card(page, 1).click();
      await page.keyboard.press("x");
      await page.keyboard.press("Control+a");
      await audit("several chosen");
      await shelf(page, "Starred").click();
      await page.getByText("No stars yet").waitFor();
      await audit("no stars");
      await shelf(page, "Rejected").click();
      await results(page).first().click();
      await audit("rejected");
      await page.keyboard.press("Delete");
      await shelf(page, "Bin").click();
      await page.getByRole("button", { name: "Empty the bin" }).waitFor();
      await audit("the bin");
      await shelf(page, "All").click();
      await page.getByLabel("Search prompts and seeds").fill("zebra");
      await page.getByText("Nothing found").waitFor();
      await audit("nothing found");
      await page.getByRole("button", { name: "Show all pictures" }).click();
      await results(page).first().click();
      await page.keyboard.press("Space");
      await page.keyboard.press("x");
      await page.keyboard.press("x");
      await page.getByText("Nothing is left here").waitFor();
      await audit("all judged");
      await page.keyboard.press("Escape");
      await view(page, "History").click();
      await page.getByLabel("Search prompts").fill("zebra");
      await page.getByText("No prompt has all of these words.").waitFor();
      await audit("no run found");
    }));

  test("in Compare and in the dialogs: wiped, blinking, one alone, a sheet, a wrong pattern, a version renamed", () =>
    look(async (audit) => {
      const { app, page } = running();
      await compose(page, { seeds: "1,2", steps: 4, boxes: [["red circle", [0.1, 0.3, 0.3, 0.3]]] });
      await draw(page, 2);
      await view(page, "Compare").click();
      await page.getByRole("button", { name: /^Compare the first/ }).click();
      await page.getByRole("figure").nth(1).waitFor();
      await page.getByRole("button", { name: "Wipe" }).click();
      await audit("wiped");
      await page.getByRole("button", { name: "Blink" }).click();
      await audit("blinking");
      await page.getByRole("button", { name: /^Export the 2 compared/ }).click();
      await page.getByRole("dialog").waitFor();
      await audit("export of a sheet");
      await page.getByRole("radio", { name: "Pictures" }).click();
      await page.getByRole("textbox", { name: "Names" }).fill("{nothing}");
      await audit("a wrong pattern");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Clear" }).click();
      await audit("nothing to compare");
      await page.getByRole("button", { name: /^Project: / }).click();
      await page.getByRole("menuitem", { name: /^Versions/ }).click();
      await answer(app, "showSaveDialog", [folder("one.diorama")]);
      const dialog = page.getByRole("dialog", { name: "Versions" });
      await dialog.getByRole("textbox", { name: "Name of a new version" }).fill("one");
      await page.keyboard.press("Enter");
      await dialog.getByRole("button", { name: "Rename “one”" }).click();
      await audit("a version renamed");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await page.keyboard.press("Control+k");
      await page.getByPlaceholder("What do you want to do?").fill("zebra");
      await page.getByText("No command is called that.").waitFor();
      await audit("no such command");
      await page.keyboard.press("Escape");
    }));

  test("when something is wrong: files refused, a checkpoint that does not open, an engine that ended", () =>
    look(async (audit) => {
      const { app, page } = running();
      await compose(page);
      writeFileSync(folder("poster.png"), "no picture");
      writeFileSync(folder("notes.txt"), "hello");
      await drop(page, folder("poster.png"));
      await drop(page, folder("notes.txt"));
      await page.getByText("2 of 2").waitFor();
      await audit("files refused");
      await page.getByRole("button", { name: "Dismiss all" }).click();
      mkdirSync(folder("half"));
      await answer(app, "showOpenDialog", [folder("half")]);
      await page.keyboard.press("Control+k");
      await page.getByPlaceholder("What do you want to do?").fill("Add checkpoint folder");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "half" }).waitFor();
      await audit("no checkpoint");
      process.kill(servicePid(app, "engine"), "SIGKILL");
      await page.locator(".banner").first().waitFor();
      await audit("the engine ended");
      await choice(page, "Method").click();
      await page.getByRole("option", { name: /^Injection/ }).waitFor();
      await audit("a list to choose from");
      await page.keyboard.press("Escape");
    }));
});
