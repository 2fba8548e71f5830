/** The picture of the README. */
import type { Page } from "playwright-core";
import { draw, mark } from "./window.ts";

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
  const cards = await page.locator("[data-result]").all();
  const labels = await Promise.all(cards.map((card) => card.getAttribute("aria-label")));
  const obeyed = labels.map((label) => Number(/obeyed to (\d+)/.exec(label ?? "")?.[1] ?? 0));
  await page
    .locator("[data-result]")
    .nth(obeyed.indexOf(Math.max(...obeyed)))
    .click();
  await page.getByRole("option", { name: /^red house/ }).click();
  await prompt.evaluate((area) => {
    (area as unknown as { setSelectionRange(a: number, b: number): void }).setSelectionRange(0, 0);
  });
  await page.mouse.move(640, 10);
  await page.screenshot({ path });
}
