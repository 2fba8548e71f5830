/** The window's main states, one after the other, as somebody comes to them who works with it. */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { drawn, mode, type Shoot } from "./window.ts";

/** A picture to compose after. */
const METHODS = join(import.meta.dirname, "..", "..", "resources", "readme", "methods.png");

export async function states(page: Page, shoot: Shoot): Promise<void> {
  await shoot("01-first-start");
  for (const name of ["Results", "Compare", "History", "Models"]) {
    await mode(page, name);
    await shoot(`02-nothing-in-${name.toLowerCase()}`);
  }

  await mode(page, "Compose");
  await page.getByRole("option", { name: /red circle/ }).click();
  await shoot("03-composing");

  await page.getByRole("textbox", { name: "Seeds" }).fill("1-6");
  await page.getByRole("button", { name: /^Generate/ }).click();
  await page.getByText(/Picture 3 of 6/).waitFor({ timeout: 240_000 });
  await shoot("04-generating");
  await drawn(page, 6);
  await shoot("05-done");

  await mode(page, "Results");
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

  await mode(page, "Compare");
  await page.getByRole("button", { name: /Compare the first/ }).click();
  await page.getByRole("figure").nth(3).waitFor();
  await shoot("08-compare");
  await page.keyboard.press("w");
  await shoot("09-compare-wipe");

  await mode(page, "Compose");
  await page.locator("[data-row]").first().focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press("Shift+ArrowUp");
  await page.getByRole("textbox", { name: "Prompt" }).fill("a red circle and a green square on a white background");
  await mode(page, "History");
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

  await mode(page, "Compose");
  await page.getByRole("textbox", { name: "Seeds" }).fill("7-");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("alert").first().waitFor();
  await shoot("14-error");
  await page.getByRole("textbox", { name: "Seeds" }).fill("1-4");
  await page.getByRole("button", { name: "Add a box" }).click();
  await page.getByRole("list", { name: "Before you generate" }).waitFor();
  await shoot("15-warning");
  await arranged(page, shoot);
}

/** Groups, rulers, a reference picture; presets; what is offered, and what is broken. */
async function arranged(page: Page, shoot: Shoot): Promise<void> {
  const escape = () => page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Lay out boxes" }).click();
  await page.getByRole("menuitem", { name: "Triptych" }).waitFor();
  await shoot("17-compositions");
  await page.getByRole("menuitem", { name: "Hero left" }).click();
  await page.getByRole("application", { name: "Canvas" }).focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+g");
  await page.keyboard.press("Shift+R");
  for (const name of ["Add vertical guide", "Add horizontal guide"]) {
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("What do you want to do?").fill(name);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Shift+ArrowRight");
  }
  await page.keyboard.press("u");
  await page.getByRole("button", { name: "Reference picture", exact: true }).click();
  const panel = page.getByRole("group", { name: "Reference picture" });
  await panel.getByRole("button", { name: "Choose a picture…" }).waitFor();
  await shoot("18-reference-none");
  await panel.locator("input[type=file]").setInputFiles(METHODS);
  await panel.getByText("methods.png").waitFor();
  await shoot("19-reference");
  await escape();
  await page.getByRole("button", { name: "Presets of settings" }).click();
  await page.getByRole("menuitem", { name: "Use as default for new projects" }).waitFor();
  await shoot("20-presets-menu");
  await page.getByRole("menuitem", { name: "Save these settings as a preset…" }).click();
  await shoot("21-presets-none");
  const dialog = page.getByRole("dialog");
  for (const name of ["Schnelle Vorschau für die Besprechung mit der Kundschaft", "final"]) {
    await dialog.getByRole("textbox", { name: "Name of a new preset" }).fill(name);
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: `Apply “${name}”` }).waitFor();
  }
  await shoot("22-presets");
  await escape();
  await mode(page, "Compare");
  await page.getByRole("button", { name: /^Export the \d+ compared/ }).click();
  await page.getByRole("dialog", { name: /^Export the/ }).waitFor();
  await shoot("23-export-compared");
  await escape();
  await page.keyboard.press("Control+n");
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  await expectEmpty(page);
  await shoot("24-new-project");
  await page.getByRole("heading", { level: 1 }).getByRole("button").click();
  await page
    .getByRole("menuitem", { name: /^Untitled/ })
    .first()
    .waitFor();
  await shoot("25-opened-last");
  await escape();
  await page.getByRole("application", { name: "Canvas" }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Lay out" }).waitFor();
  await shoot("26-canvas-menu");
  await escape();
}

async function expectEmpty(page: Page): Promise<void> {
  await page.getByText("No boxes yet").waitFor();
}
