/** The smallest window that is meant to be worked in, with long words and with words that are read from the right: nothing is cut off. */
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { writeRandomLora } from "../support/randomLora.ts";
import { drop } from "./dialogs.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { box, compose, draw, prompt, results, view, type Composition } from "./window.ts";

const GERMAN: Composition = {
  prompt: "rotes Fachwerkhaus mit Sonnenblumenfensterläden neben einem jahrhundertealten grünen Kastanienbaum",
  boxes: [
    ["rotes Fachwerkhaus mit Sonnenblumenfensterläden", [0.05, 0.4, 0.4, 0.5]],
    ["jahrhundertealten grünen Kastanienbaum", [0.6, 0.3, 0.35, 0.6]],
  ],
  steps: 12,
};
const ARABIC: Composition = {
  prompt: "بيت أحمر صغير على ضفة بحيرة يلفها الضباب، وقمر أصفر مكتمل، وشجرة خضراء قديمة في فجر هادئ.",
  boxes: [["بيت أحمر صغير على ضفة بحيرة يلفها الضباب", [0.05, 0.4, 0.4, 0.5]]],
};

interface Here {
  document: { querySelectorAll(selector: string): Iterable<Element>; documentElement: Element };
  getComputedStyle(element: Element): { overflowX: string; visibility: string };
  innerWidth: number;
}
interface Element {
  className: unknown;
  tagName: string;
  scrollWidth: number;
  clientWidth: number;
  closest(selector: string): unknown;
  getBoundingClientRect(): { width: number; height: number; left: number; right: number };
}

/** What is wider than the window or than the part that it stands in, but for strips and tables, which scroll to the side. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const here = globalThis as unknown as Here;
    return [...here.document.querySelectorAll("body *")].flatMap((one) => {
      const { width, height, left, right } = one.getBoundingClientRect();
      if (width < 2 || height < 2 || one.closest("[role=listbox], .strip .scroll, table, svg, .visually-hidden"))
        return [];
      const name = `${one.tagName}.${String(one.className)}`;
      if (left < -1 || right > here.innerWidth + 1) return [`${name} ends at ${Math.round(right)}`];
      const scrolls = ["auto", "scroll"].includes(here.getComputedStyle(one).overflowX);
      const isText = ["INPUT", "TEXTAREA"].includes(one.tagName);
      const isOver = scrolls && !isText && one.scrollWidth > one.clientWidth + 1;
      return isOver && !one.closest(".strip") ? [`${name} scrolls to ${one.scrollWidth}`] : [];
    });
  });
}

interface Box {
  left: number;
  right: number;
}
interface Texts {
  document: {
    createTreeWalker(root: unknown, what: number): { nextNode(): { data: string } | null };
    createRange(): {
      setStart(node: unknown, at: number): void;
      setEnd(node: unknown, at: number): void;
      getBoundingClientRect(): Box;
    };
  };
}

/** Whether the first letter of a text is to be seen in the element that may cut it. */
function beginsInside(element: Locator): Promise<boolean> {
  return element.evaluate((node) => {
    const { document } = globalThis as unknown as Texts;
    const texts = document.createTreeWalker(node, 4);
    let text = texts.nextNode();
    while (text && text.data.trim() === "") text = texts.nextNode();
    const range = document.createRange();
    range.setStart(text, 0);
    range.setEnd(text, 1);
    const letter = range.getBoundingClientRect();
    const frame = (node as unknown as { getBoundingClientRect(): Box }).getBoundingClientRect();
    return letter.left >= frame.left - 1 && letter.right <= frame.right + 1;
  });
}

describe.skipIf(!electron)("a window of 1024 x 640", { timeout: 180_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  beforeAll(() =>
    running().app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1024, 640)),
  );

  test("shows all of the inspector beside a box, of a LoRA's long name, and of what is told while it draws", async () => {
    const { page } = running();
    await compose(page, { ...GERMAN, seeds: "1-30" });
    await box(page, "jahrhundertealten grünen Kastanienbaum").click();
    await page.getByRole("textbox", { name: "To percent of the run" }).fill("60");
    await page.keyboard.press("Enter");
    await page.getByText("steps 1–7").waitFor();
    expect(await tooWide(page)).toEqual([]);
    const name = "Aquarellpinselstrichzeichnungen-der-Landschaftsmalerei-v2";
    await writeRandomLora(folder(`${name}.safetensors`), "resources/models/demo");
    await drop(page, folder(`${name}.safetensors`));
    await page.getByRole("region", { name: "LoRAs" }).getByRole("listitem", { name }).waitFor();
    expect(await tooWide(page)).toEqual([]);
    // The row of a selected box says where it lies and how large it is, wholly.
    const place = box(page, "jahrhundertealten grünen Kastanienbaum").locator(".place");
    await page.mouse.move(500, 20);
    expect(
      await place.evaluate((one) => (one as unknown as Element).scrollWidth - (one as unknown as Element).clientWidth),
    ).toBe(0);

    await page.keyboard.press("Control+Enter");
    await page.getByText(/Picture 3 of 30/).waitFor({ timeout: 120_000 });
    expect(await tooWide(page)).toEqual([]);
    await view(page, "Results").click();
    await results(page).first().click();
    await page.keyboard.press("Control+a");
    await page
      .getByText(/ of \d+/)
      .first()
      .waitFor();
    expect(await tooWide(page)).toEqual([]);
    const bar = page.getByRole("radiogroup", { name: "Which results" }).locator("..");
    expect((await bar.boundingBox())!.height, "one line").toBeLessThan(60);
    await page.keyboard.press("Control+.");
    await page.getByRole("group", { name: "To be drawn" }).waitFor({ state: "detached" });
    await view(page, "Compose").click();
    await page.getByText(/^Cancelled: /).waitFor();
    await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });
  });

  test("cuts what is read from the right at its end, and begins it on the right in its field", async () => {
    const { page } = running();
    await view(page, "Compose").click();
    await compose(page, { ...ARABIC, seeds: "7", steps: 2 });
    await box(page, ARABIC.boxes![0]![0]).click();
    const title = page.getByRole("heading", { level: 1 }).locator(".words");
    expect(await title.textContent()).toMatch(/^بيت/);
    expect(await beginsInside(title)).toBe(true);
    expect(await beginsInside(box(page, ARABIC.boxes![0]![0]).locator(".title"))).toBe(true);
    const direction = await prompt(page).evaluate(
      (field) =>
        (globalThis as unknown as { getComputedStyle(one: unknown): { direction: string } }).getComputedStyle(field)
          .direction,
    );
    expect(direction).toBe("rtl");
    await draw(page, 1);
    await page.keyboard.press("Control+4");
    const row = page.getByRole("listbox", { name: "Runs" }).getByRole("option").first();
    await row.waitFor();
    expect(await beginsInside(row.locator(".prompt"))).toBe(true);
    expect(await tooWide(page)).toEqual([]);
  });
});
