/** The editor for people who use keys, a screen reader, a large zoom or few colours: axe-core over its main states (the others: accessibleStates.test.ts), and what axe cannot see. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { electron, launch } from "./harness.ts";

const DRAWING_LIMIT = 180_000;

/** Of the DOM in the page, what is asked here. */
interface Here {
  document: { documentElement: { scrollWidth: number }; activeElement: Stop };
  innerWidth: number;
  getComputedStyle(element: Stop): { outlineStyle: string; outlineWidth: string };
}
interface Stop {
  tagName: string;
  textContent: string;
  parentElement: Stop | null;
  getAttribute(name: string): string | null;
  matches(selector: string): boolean;
}

async function open(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  await page.getByText(/ of memory/).waitFor();
}

/** The focused element in words, and whether it can be seen that it has the focus. */
async function focused(page: Page): Promise<{ name: string; isVisible: boolean }> {
  return page.evaluate(() => {
    const here = globalThis as unknown as Here;
    const element = here.document.activeElement;
    const isRinged = (one: Stop | null) => {
      if (!one) return false;
      const { outlineStyle, outlineWidth } = here.getComputedStyle(one);
      return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
    };
    const inWords = element.getAttribute("aria-label") ?? element.textContent.trim();
    const name = inWords || element.getAttribute("id");
    // A text field may leave its ring to the frame around it.
    return { name: `${element.tagName} ${name}`, isVisible: isRinged(element) || isRinged(element.parentElement) };
  });
}

describe.skipIf(!electron)("the editor is accessible", { timeout: 400_000 }, () => {
  test("axe finds nothing in the main states, dark and light", async () => {
    await using running = await launch();
    const { page } = running;
    await open(page);
    const found: string[] = [];
    const audit = async (state: string) => void found.push(...(await findings(page, state)));
    const mode = (name: string) => page.getByRole("navigation").getByRole("button", { name }).click();

    await audit("first start");
    for (const view of ["Results", "Compare", "History", "Models"]) {
      await mode(view);
      await audit(`no ${view}`);
    }
    await page.getByRole("button", { name: "Get a model", exact: true }).click();
    await page.getByText("Token and mirror").click();
    await audit("getting a model");
    await mode("Compose");
    await page.getByRole("option", { name: /^red circle/ }).click();
    await audit("composing");
    await page.getByRole("option", { name: /^red circle/ }).click({ button: "right" });
    await page.getByRole("menu").waitFor();
    await audit("menu of a box");
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Project: / }).click();
    await page.getByRole("menuitem", { name: /^Open project/ }).waitFor();
    await audit("menu of the project");
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    await page.locator("[aria-haspopup=listbox][aria-label^='Scheduler: ']").click();
    await page.getByRole("option", { name: /^Euler ancestral/ }).waitFor();
    await audit("a list to choose from");
    await page.keyboard.press("Escape");

    await page.getByRole("textbox", { name: "Seeds" }).fill("1-3");
    await page.keyboard.press("Control+Enter");
    await page.locator("[data-result]").first().waitFor({ timeout: DRAWING_LIMIT });
    await audit("generating");
    await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: DRAWING_LIMIT });

    await mode("Results");
    await page.locator("[data-result]").first().click();
    await page.keyboard.press("s");
    await audit("results");
    await page.locator("[data-result]").first().click({ button: "right" });
    await page.getByRole("menu").waitFor();
    await audit("menu of a result");
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    await page.keyboard.press("Control+e");
    await page.getByRole("dialog", { name: /^Export/ }).waitFor();
    await audit("export");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator("[data-result]").first().press("Space");
    await page.getByRole("dialog", { name: /^Seed/ }).waitFor();
    await page.keyboard.press("i");
    await audit("one picture, large");
    await page.keyboard.press("Escape");

    await mode("Compare");
    await page.getByRole("button", { name: /^Compare the first/ }).click();
    await page.getByRole("figure").nth(1).waitFor();
    await audit("compare");
    await mode("History");
    await page.getByRole("img", { name: /Boxes of this run/ }).waitFor();
    await audit("history");

    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("What do you want to do?").waitFor();
    await audit("palette");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+,");
    await page.getByRole("dialog", { name: "Preferences" }).waitFor();
    await audit("preferences");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await audit("shortcuts");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Project: / }).click();
    await page.getByRole("menuitem", { name: /^Versions/ }).click();
    await page.getByRole("dialog", { name: "Versions" }).waitFor();
    await audit("versions");
    await page.keyboard.press("Escape");

    await mode("Compose");
    await page.getByRole("button", { name: "Add a box" }).click();
    await page.getByRole("textbox", { name: "Seeds" }).fill("7-");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("alert").waitFor();
    await audit("an error and a warning");
    expect(found).toEqual([]);
  });

  test("the Tab key reaches everything once, and each stop shows that it has the focus", async () => {
    await using running = await launch();
    const { page } = running;
    await open(page);
    await page.getByRole("textbox", { name: "Prompt" }).focus();
    const stops: string[] = [];
    const unseen: string[] = [];
    for (let i = 0; i < 150; i++) {
      const { name, isVisible } = await focused(page);
      if (i > 0 && name === "TEXTAREA prompt") break;
      if (name !== stops.at(-1)) stops.push(name);
      if (!isVisible && !name.startsWith("BODY")) unseen.push(name);
      await page.keyboard.press("Tab");
    }
    expect(unseen).toEqual([]);
    const at = (pattern: RegExp) => stops.findIndex((stop) => pattern.test(stop));
    // In the order of the panels: what is written, the boxes, the canvas, the settings, the button.
    const order = [
      /^TEXTAREA prompt/,
      /negative/,
      /^DIV blue square: /,
      /Select and move/,
      /^DIV Canvas/,
      /^BUTTON Generate/,
    ];
    const places = order.map(at);
    expect(
      places.every((place) => place >= 0),
      stops.join("\n"),
    ).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    // A toolbar and a list are one stop each; arrows go on inside.
    expect(at(/^BUTTON Pan/)).toBe(-1);
    expect(at(/^DIV red circle: /)).toBe(-1);

    await page.getByRole("button", { name: "Select and move" }).focus();
    await page.keyboard.press("ArrowRight");
    expect((await focused(page)).name).toBe("BUTTON Draw a box");
    await page.keyboard.press("End");
    expect((await focused(page)).name).toMatch(/^BUTTON Reference picture/);
    await page.getByRole("option", { name: /^blue square/ }).focus();
    await page.keyboard.press("ArrowDown");
    await expect
      .poll(async () => (await focused(page)).name)
      .toMatch(/^DIV red circle: left third, \d+ by \d+ percent/);
  });

  test("F6 goes from one part of the window to the next and back; the button that was pressed keeps the focus", async () => {
    await using running = await launch();
    const { page } = running;
    await open(page);
    await page.getByRole("textbox", { name: "Prompt" }).focus();
    const stops: string[] = [];
    do {
      stops.push((await focused(page)).name);
      await page.keyboard.press("F6");
    } while (stops.length < 20 && (await focused(page)).name !== "TEXTAREA prompt");
    const parts = [
      /prompt/,
      /box/i,
      /^DIV Canvas/,
      /hint/,
      /^BUTTON Method/,
      /^BUTTON Add a LoRA/,
      /^BUTTON (Fixed|Range|Random)/,
      /^BUTTON Compose/,
    ];
    expect(stops).toEqual(parts.map((part) => expect.stringMatching(part) as unknown));
    for (const stop of stops.toReversed()) {
      await page.keyboard.press("Shift+F6");
      expect((await focused(page)).name).toBe(stop);
    }
    await page.getByRole("textbox", { name: "Seeds" }).fill("1");
    await page.getByRole("button", { name: /^Generate/ }).focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-result]").first().waitFor({ timeout: DRAWING_LIMIT });
    expect((await focused(page)).name).toMatch(/^BUTTON (Generate|Add to queue)/);
  });

  test("a dialog takes the focus, keeps it, closes with Escape and gives it back", async () => {
    await using running = await launch();
    const { page } = running;
    await open(page);
    const opener = page.getByRole("button", { name: "Keyboard shortcuts" });
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("Tab");
      expect(await page.locator("[role=dialog] :focus, [role=dialog]:focus").count()).toBe(1);
    }
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(async () => (await focused(page)).name).toBe("BUTTON Keyboard shortcuts");

    await page.getByRole("textbox", { name: "Prompt" }).focus();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("What do you want to do?").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(async () => (await focused(page)).name).toBe("TEXTAREA prompt");
  });

  test("at twice the size of everything nothing is lost: the page scrolls down, never sideways", async () => {
    await using running = await launch();
    const { app, page } = running;
    await open(page);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(2));
    await page.waitForFunction(() => (globalThis as unknown as Here).innerWidth < 820, undefined, { polling: 50 });
    for (const view of ["Compose", "Results", "Compare", "History"]) {
      await page.getByRole("navigation").getByRole("button", { name: view }).click();
      const over = await page.evaluate(() => {
        const { document, innerWidth } = globalThis as unknown as Here;
        return document.documentElement.scrollWidth - innerWidth;
      });
      expect(over, view).toBeLessThanOrEqual(0);
    }
    await page.getByRole("navigation").getByRole("button", { name: "Compose" }).click();
    // Playwright scrolls to them and refuses to click what is covered or has no size.
    await page.getByRole("option", { name: /^red circle/ }).click();
    await page.getByRole("textbox", { name: "Prompt" }).click();
    await page.getByRole("button", { name: "Draw a box" }).first().click();
    await page.getByRole("textbox", { name: "Seeds" }).fill("7-");
    await page.getByRole("button", { name: /^Generate/ }).click();
    await page.getByRole("alert").waitFor();
  });
});
