/** The window when something is wrong, half done or in the way of something else: what one comes by less often. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { breakNextWrite, loseFile } from "../../test/e2e/breaking.ts";
import { answer, drop } from "../../test/e2e/dialogs.ts";
import { servicePid } from "../../test/e2e/driver.ts";
import type { RunningApp } from "../../test/e2e/harness.ts";
import { draw, fresh, mode, saved, type Shoot } from "./window.ts";

export async function troubles(running: RunningApp, folder: string, shoot: Shoot): Promise<void> {
  await atTheButton(running.page, shoot);
  await refused(running, folder, shoot);
  await failed(running, folder, shoot);
}

/** What is told beside Generate, in the list of boxes and in the header while it draws. */
async function atTheButton(page: Page, shoot: Shoot): Promise<void> {
  await page.getByRole("option", { name: /red circle/ }).click();
  await page.getByRole("button", { name: "Advanced" }).click();
  await shoot("40-advanced");
  await page.getByRole("button", { name: "Advanced" }).click();
  await draw(page, "1-2", 2);
  await page.keyboard.press("Control+Enter");
  await page.getByText("All 2 seeds are drawn already").waitFor();
  await page.getByRole("application", { name: "Canvas" }).focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+g");
  await page.locator("[data-row]").nth(1).focus();
  await page.keyboard.press("l");
  await page.locator("[data-row]").nth(2).hover();
  await shoot("41-drawn-already-locked-hovered");
  await page
    .getByRole("textbox", { name: "Prompt", exact: true })
    .fill("a {red|blue} circle beside a very large green square");
  await draw(page, "5", 4);
  await mode(page, "Compare");
  await page.getByRole("button", { name: /^Compare the first/ }).click();
  await page.getByRole("figure").nth(3).waitFor();
  await shoot("51-what-differs");
  await mode(page, "Compose");
  await page.getByRole("textbox", { name: "Seeds" }).fill("11-25");
  await page.keyboard.press("Control+Enter");
  await page.getByText(/Picture 2 of 30/).waitFor();
  await mode(page, "Results");
  await page.locator("[data-result]").first().click();
  await page.keyboard.press("Control+a");
  await shoot("42-results-while-drawing");
  await mode(page, "Compose");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText(/^Cancelled: /).waitFor();
  await shoot("43-cancelled");
  await page
    .getByRole("textbox", { name: "Prompt", exact: true })
    .fill(`a red circle ${"and a very blue square ".repeat(30)}`);
  await page.getByText("The model will not see the greyed words").waitFor();
  await page.getByRole("textbox", { name: "Leave out" }).fill("fog");
  await page.getByRole("textbox", { name: "Guidance scale" }).fill("1");
  await page.keyboard.press("Enter");
  await page.getByText("At guidance scale 1 this does nothing").waitFor();
  await shoot("44-too-long-and-nothing-left-out");
}

/** Files that are none, alone and beneath dialogs. */
async function refused({ app, page }: RunningApp, folder: string, shoot: Shoot): Promise<void> {
  await fresh(page);
  for (const name of ["poster.png", "notes.txt"]) {
    writeFileSync(join(folder, name), "no picture");
    await drop(page, join(folder, name));
  }
  await page.getByText("2 of 2").waitFor();
  await shoot("45-files-refused");
  await page.getByRole("button", { name: "Earlier message" }).click();
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await page.getByRole("dialog").waitFor();
  await shoot("46-refused-beneath-a-wide-dialog");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+,");
  await page.getByRole("heading", { name: "Preferences" }).waitFor();
  await shoot("47-refused-beneath-a-dialog");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Dismiss all" }).click();
  mkdirSync(join(folder, "half"), { recursive: true });
  await answer(app, "showOpenDialog", [join(folder, "half")]);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("What do you want to do?").fill("Add checkpoint folder");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "half" }).waitFor();
  await shoot("48-no-checkpoint");
  await page.getByRole("alert").getByRole("button", { name: "Dismiss" }).click();
}

/** Parts that fail, an engine that ends, a file that is gone. */
async function failed({ app, page }: RunningApp, folder: string, shoot: Shoot): Promise<void> {
  await saved(page).waitFor();
  const path = join(folder, "plakat.diorama");
  await loseFile({ app, page }, path);
  process.kill(servicePid(app, "engine"), "SIGKILL");
  await page.locator(".banner").nth(1).waitFor();
  await shoot("49-no-file-and-no-engine");
  rmSync(path, { recursive: true });
  for (const [pane, change] of [
    ["Boxes", () => page.getByRole("button", { name: "Add a box" }).click()],
    ["Canvas", () => page.keyboard.press("Control+=")],
    ["Inspector", () => page.getByRole("button", { name: "Advanced" }).click()],
  ] as const) {
    await breakNextWrite(page, `[data-pane="${pane}"]`);
    await change();
    await page.getByText(`${pane} could not be shown`).waitFor();
  }
  await shoot("50-parts-failed");
}
