/** axe-core over the states that one comes by less often: empty, failed, half done, and each dialog as it can be. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeRandomLora } from "../support/randomLora.ts";
import { slowHub } from "../support/slowHub.ts";
import { findings } from "./axe.ts";
import { breakNextWrite, loseFile } from "./breaking.ts";
import { beginDownloads } from "./downloads.ts";
import { answer, drop } from "./dialogs.ts";
import { apiOf, servicePid } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { box, boxes, canvas, card, choice, compose, draw, mark, open, prompt, results, shelf, view } from "./window.ts";

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

  test("in presets and the reference picture: none yet, some, one renamed, the menus", () =>
    look(async (audit) => {
      const { page } = running();
      await compose(page, { boxes: [["red circle", [0.1, 0.3, 0.3, 0.3]]] });
      const presets = page.getByRole("button", { name: "Presets of settings" });
      await presets.click();
      await page.getByRole("menuitem", { name: "Use as default for new projects" }).waitFor();
      await audit("the menu of presets");
      await page.getByRole("menuitem", { name: /^Save these settings as a preset/ }).click();
      const dialog = page.getByRole("dialog", { name: "Presets" });
      await audit("no presets");
      await dialog.getByRole("textbox", { name: "Name of a new preset" }).fill("quick");
      await page.keyboard.press("Enter");
      await dialog.getByRole("button", { name: "Rename “quick”" }).waitFor();
      await audit("presets");
      await dialog.getByRole("button", { name: "Rename “quick”" }).click();
      await audit("a preset renamed");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Reference picture", exact: true }).click();
      const panel = page.getByRole("group", { name: "Reference picture" });
      await panel.getByRole("button", { name: "Choose a picture…" }).waitFor();
      await audit("no reference picture");
      await panel.locator("input[type=file]").setInputFiles("resources/readme/methods.png");
      await panel.getByText("methods.png").waitFor();
      await audit("a reference picture");
      await page.keyboard.press("Escape");
      await canvas(page).focus();
      await page.keyboard.press("Shift+R");
      await audit("rulers over a reference picture");
      await page.keyboard.press("Shift+R");
      await page.getByRole("button", { name: "Lay out boxes" }).click();
      await page.getByRole("menuitem", { name: "Triptych" }).waitFor();
      await audit("the menu of compositions");
      await page.keyboard.press("Escape");
    }));

  test("when parts fail, when the project has lost its file, and when messages stand beneath a dialog", () =>
    look(async (audit) => {
      const { app, page } = running();
      await compose(page, { boxes: [["red circle", [0.1, 0.3, 0.3, 0.3]]] });
      const path = folder("lost.diorama");
      await loseFile({ app, page }, path);
      await audit("a project without a file");
      rmSync(path, { recursive: true });
      writeFileSync(folder("notes.txt"), "hello");
      await drop(page, folder("notes.txt"));
      const told = page.getByRole("alert").filter({ hasText: "notes.txt" });
      await told.waitFor();
      await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
      await page.getByRole("dialog").waitFor();
      await audit("a message beneath a dialog");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await told.getByRole("button", { name: "Dismiss", exact: true }).click();
      const changes = {
        Boxes: () => page.keyboard.press("Control+z"),
        Canvas: () => page.keyboard.press("Control+="),
        Inspector: () => page.getByRole("button", { name: "Advanced" }).click(),
        Results: async () => {
          await view(page, "Results").click();
          await page.getByText("No pictures yet").waitFor();
          await shelf(page, "Starred").click();
        },
      };
      for (const [pane, change] of Object.entries(changes)) {
        if (pane === "Results") await audit("three parts that failed");
        await breakNextWrite(page, `[data-pane="${pane}"]`);
        await change();
        await page.getByText(`${pane} could not be shown`).waitFor();
      }
      await audit("a whole view that failed");
    }));

  test("in Models: a list, one of them, one that does not open, what is asked for, on its way and stopped", async () => {
    const hub = await slowHub();
    onTestFinished(() => hub.close());
    const home = folder("home");
    const mine = folder("home", "mine");
    mkdirSync(mine, { recursive: true });
    await writeRandomLora(folder("home", "mine", "ink.safetensors"), "resources/models/demo");
    writeFileSync(folder("home", "mine", "old.ckpt"), "a pickle");
    const env = { HOME: home, USERPROFILE: home, HF_HUB_CACHE: folder("home", "hub") };
    await using own = await launch({ env });
    const { app, page } = own;
    await page.emulateMedia({ reducedMotion: "reduce" });
    await open(page);
    const found: string[] = [];
    const audit = async (state: string) => void found.push(...(await findings(page, state)));
    await apiOf(page).setHub({ mirror: hub.url });
    await page.getByRole("navigation", { name: "Views" }).getByRole("button", { name: "Models" }).click();
    await answer(app, "showOpenDialog", [mine]);
    await page.getByRole("button", { name: "Add a folder", exact: true }).click();
    const list = page.getByRole("listbox", { name: "Models" });
    await list.getByRole("option", { name: "ink" }).click();
    await page.getByRole("button", { name: "Add to the scene" }).waitFor();
    await page.locator("summary").filter({ hasText: "folder" }).click();
    await audit("a model and its folder");
    await choice(page, "Kind").click();
    await page.getByRole("option", { name: /^Not supported/ }).click();
    await page.getByText("is a pickle").waitFor();
    await audit("a file that does not open");
    await page.getByRole("textbox", { name: "Search models" }).fill("zebra");
    await expect.poll(() => list.getByRole("option").count()).toBe(0);
    await audit("no model found");
    await page.getByRole("button", { name: "Get a model", exact: true }).click();
    await page.getByRole("button", { name: /^Get Stable Diffusion 1\.5/ }).click();
    await beginDownloads(page);
    await audit("downloads, and a name that the hub does not know");
    await page.getByRole("button", { name: "Pause" }).first().click();
    await page.getByText(/^Paused at/).waitFor();
    await audit("a download that is paused");
    expect(found).toEqual([]);
  });
});
