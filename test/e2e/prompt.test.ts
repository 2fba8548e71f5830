/** The prompt under a hand: words dragged out of it, the menu of a text field. Its limit: generate.test.ts. */
import type { ElectronApplication, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { artboard, box, boxes, compose, nameOf, placeOf, prompt, undo } from "./window.ts";

const TEXT = "a red circle and a blue square";

/** Where words of the prompt are on the screen: of the layer that lies under the field and has its text as elements. */
async function placeOfWords(page: Page, words: string) {
  const find = (element: unknown, wanted: string) => {
    const layer = element as { ownerDocument: PageDocument; textContent: string };
    const walker = layer.ownerDocument.createTreeWalker(layer, 4); // text nodes
    let from = layer.textContent.indexOf(wanted);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (from < node.data.length) {
        const range = layer.ownerDocument.createRange();
        range.setStart(node, from);
        range.setEnd(node, Math.min(node.data.length, from + wanted.length));
        const { left, right, top, bottom } = range.getBoundingClientRect();
        return { left, right, y: (top + bottom) / 2 };
      }
      from -= node.data.length;
    }
    throw new Error(`“${wanted}” is not in the prompt`);
  };
  return page.locator(".mirror").evaluate(find, words);
}

interface PageDocument {
  createTreeWalker(root: unknown, what: number): { nextNode(): { data: string } | null };
  createRange(): {
    setStart(node: unknown, at: number): void;
    setEnd(node: unknown, at: number): void;
    getBoundingClientRect(): { left: number; right: number; top: number; bottom: number };
  };
}

/** Marks words by pulling the pointer over them. */
async function pullOver(page: Page, words: string) {
  const place = await placeOfWords(page, words);
  await page.mouse.move(place.left, place.y);
  await page.mouse.down();
  await page.mouse.move(place.right, place.y, { steps: 6 });
  await page.mouse.up();
  const marked = () =>
    prompt(page).evaluate((area) => {
      const { value, selectionStart, selectionEnd } = area as unknown as {
        value: string;
        selectionStart: number;
        selectionEnd: number;
      };
      return value.slice(selectionStart, selectionEnd);
    });
  await expect.poll(marked).toBe(words);
  return place;
}

describe.skipIf(!electron)("the prompt", { timeout: 120_000 }, () => {
  const running = sharedApp();

  test("words marked by pointer are dragged onto the canvas, where they get a box, and onto a box, which they are tied to", async () => {
    const { page } = running();
    await compose(page, { prompt: TEXT, boxes: [] });
    const circle = await pullOver(page, "red circle");
    const { at } = await artboard(page);
    const goal = at(0.7, 0.6);
    await page.mouse.move((circle.left + circle.right) / 2, circle.y);
    await page.mouse.down();
    await page.mouse.move(goal.x - 40, goal.y, { steps: 5 });
    await page.mouse.move(goal.x, goal.y, { steps: 3 });
    await page.mouse.up();
    await expect.poll(() => boxes(page).count()).toBe(1);
    expect(await nameOf(boxes(page).first())).toMatch(/^red circle: /);
    const [left, top, width, height] = await placeOf(page);
    expect(left! + width! / 2).toBeCloseTo(70, -0.5);
    expect(top! + height! / 2).toBeCloseTo(60, -0.5);
    expect(await prompt(page).inputValue()).toBe(TEXT); // a text field would have lost its words

    const square = await pullOver(page, "blue square");
    const row = (await box(page, "red circle").boundingBox())!;
    await page.mouse.move((square.left + square.right) / 2, square.y);
    await page.mouse.down();
    await page.mouse.move(row.x + 60, row.y + row.height / 2, { steps: 6 });
    await page.mouse.up();
    await expect.poll(() => nameOf(boxes(page).first())).toMatch(/^red circle \+ blue square: /);
    expect(await prompt(page).inputValue()).toBe(TEXT);
    await undo(page).click();
    await undo(page).click();
    await expect.poll(() => boxes(page).count()).toBe(0);
  });

  test("a right click in a text field opens the system's menu, which cuts and pastes, and says what cannot be done", async () => {
    const { app, page } = running();
    await compose(page, { prompt: TEXT, boxes: [] });
    await watchMenus(app);
    const { left, right, y } = await pullOver(page, "red circle");
    await page.mouse.click((left + right) / 2, y, { button: "right" });
    await expect.poll(() => menu(app)).toMatchObject({ cut: true, copy: true, selectall: true });
    await press(app, "cut");
    await expect.poll(() => prompt(page).inputValue()).toBe("a  and a blue square");

    const negative = page.locator("#negative");
    await negative.click({ button: "right" });
    await expect.poll(() => menu(app)).toMatchObject({ cut: false, copy: false, paste: true });
    await press(app, "paste");
    await expect.poll(() => negative.inputValue()).toBe("red circle");
  });
});

interface Opened {
  menu?: { items: { role?: string; enabled: boolean; click(event: object, window: unknown, page: unknown): void }[] };
}

/** From now on menus of the system are only kept: they would wait for a hand. */
async function watchMenus(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ Menu }) => {
    Menu.prototype.popup = function popup(this: unknown) {
      (globalThis as Opened).menu = this as NonNullable<Opened["menu"]>;
    };
  });
}

/** What the menu opened last offers: which of it can be done. */
async function menu(app: ElectronApplication): Promise<Record<string, boolean>> {
  return app.evaluate(() => {
    const items = (globalThis as Opened).menu?.items ?? [];
    return Object.fromEntries(items.map(({ role, enabled }) => [role ?? "", enabled]));
  });
}

async function press(app: ElectronApplication, role: string): Promise<void> {
  await app.evaluate(({ BrowserWindow }, wanted) => {
    const here = globalThis as Opened;
    const [window] = BrowserWindow.getAllWindows();
    here.menu?.items.find((item) => item.role === wanted)?.click({}, window, window?.webContents);
    delete here.menu;
  }, role);
}
