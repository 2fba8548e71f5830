/** The pictures of the README. */
import type { Page } from "playwright-core";
import { artboard, click, drag } from "../../test/e2e/window.ts";
import { draw, fresh, mark } from "./window.ts";

/** Phrases of the scene in the README, with left, top, width and height of their boxes in percent, and their colours. */
const THINGS: [string, number[], string][] = [
  ["yellow moon", [50, 5, 45, 42], "Amber"],
  ["red house", [7, 42, 44, 50], "Red"],
  ["green tree", [58, 50, 36, 44], "Green"],
];

/** A scene of three things, composed as a person does it, with the best obeyed of six pictures. */
export async function pictureOfReadme(page: Page, path: string): Promise<void> {
  await page.getByRole("option", { name: /red circle/ }).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  const prompt = page.getByRole("textbox", { name: "Prompt" });
  await prompt.fill("a yellow moon, a red house and a green tree on a navy background");
  for (const [phrase, place, color] of THINGS) {
    await mark(page, phrase);
    await page.keyboard.press("Control+b");
    const fields = page.getByRole("region", { name: "Selected boxes" });
    // Small first: a box cannot be moved to where it would not fit.
    for (const [i, name] of [
      [2, /^Width/],
      [3, /^Height/],
      [0, /^Left/],
      [1, /^Top/],
    ] as const) {
      await fields.getByRole("textbox", { name }).fill(String(place[i]));
      await page.keyboard.press("Enter");
    }
    await fields.getByRole("radio", { name: color }).click();
  }
  await draw(page, "1-6", 6);
  await showBest(page);
  await photograph(page, "red house", path);
}

/** The same three things in an ellipse, a polygon, and a region that is painted, as a hand draws them. */
export async function pictureOfRegions(page: Page, path: string): Promise<void> {
  await fresh(page);
  const prompt = page.getByRole("textbox", { name: "Prompt" });
  await prompt.fill("a yellow moon, a red house and a green tree on a navy background");
  const tool = (name: string | RegExp) => page.getByRole("toolbar", { name: "Tools" }).getByRole("button", { name });
  await mark(page, "yellow moon");
  await tool("Draw an ellipse").click();
  await drag(page, [0.54, 0.06], [0.92, 0.44]);
  await mark(page, "red house");
  await tool(/^Draw a polygon/).click();
  for (const corner of HOUSE) await click(page, corner);
  await page.keyboard.press("Enter");
  await mark(page, "green tree");
  await tool("Paint a region").click();
  for (const way of TREE) {
    const { at } = await artboard(page);
    for (const [i, point] of way.entries()) {
      const { x, y } = at(...point);
      await page.mouse.move(x, y, { steps: 4 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
  await page.keyboard.press("v");
  await draw(page, "1-6", 6);
  await showBest(page);
  await photograph(page, "green tree", path);
}

type Point = [x: number, y: number];
const HOUSE: Point[] = [
  [0.1, 0.92],
  [0.1, 0.64],
  [0.28, 0.44],
  [0.46, 0.64],
  [0.46, 0.92],
];
const ring = (radius: number): Point[] =>
  Array.from({ length: 13 }, (_, i) => {
    const angle = (Math.PI * i) / 6;
    return [0.75 + radius * Math.cos(angle), 0.62 + 0.85 * radius * Math.sin(angle)];
  });
/** A round crown, and a trunk under it. */
const TREE: Point[][] = [
  ring(0.1),
  ring(0.05),
  [
    [0.75, 0.62],
    [0.75, 0.9],
  ],
];

/** Of the pictures that are drawn, the one whose boxes are obeyed best. */
async function showBest(page: Page): Promise<void> {
  const cards = await page.locator("[data-result]").all();
  const labels = await Promise.all(cards.map((card) => card.getAttribute("aria-label")));
  const obeyed = labels.map((label) => Number(/obeyed to (\d+)/.exec(label ?? "")?.[1] ?? 0));
  await page
    .locator("[data-result]")
    .nth(obeyed.indexOf(Math.max(...obeyed)))
    .click();
}

async function photograph(page: Page, selected: string, path: string): Promise<void> {
  await page.getByRole("option", { name: new RegExp(`^${selected}`) }).click();
  await page.getByRole("textbox", { name: "Prompt" }).evaluate((area) => {
    (area as unknown as { setSelectionRange(a: number, b: number): void }).setSelectionRange(0, 0);
  });
  await page.locator("aside .scroll").evaluate((one) => {
    (one as unknown as { scrollTop: number }).scrollTop = 0;
  });
  await page.mouse.move(640, 10);
  await page.screenshot({ path });
}
