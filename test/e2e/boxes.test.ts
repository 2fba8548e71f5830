/** Boxes in bulk and by keyboard: the list says and does whatever the canvas can. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  box,
  boxes,
  canvas,
  compose,
  nameOf,
  placeOf,
  prompt,
  rowNames,
  selectedBoxes,
  undo,
  type Composition,
} from "./window.ts";

const THREE: Composition = {
  prompt: "a red circle and a blue square and a green star",
  boxes: [
    ["red circle", [0.1, 0.1, 0.2, 0.2]],
    ["blue square", [0.32, 0.3, 0.1, 0.3]],
    ["green star", [0.7, 0.6, 0.2, 0.1]],
  ],
};
async function places(page: Page, ...wanted: string[]): Promise<number[][]> {
  const found: number[][] = [];
  for (const name of wanted) {
    await box(page, name).click();
    found.push(await placeOf(page));
  }
  return found;
}

describe.skipIf(!electron)("boxes", { timeout: 60_000 }, () => {
  const running = sharedApp();

  test("are copied, cut, pasted and duplicated, also into another project, where they find their words again", async () => {
    const { page } = running();
    await compose(page, THREE);
    await box(page, "red circle").click();
    await page.keyboard.press("Control+c");
    await page.keyboard.press("Control+v");
    await expect.poll(() => boxes(page).count()).toBe(4);
    // The copy is selected, a little off the original, and tied to the same words.
    expect(await placeOf(page)).toEqual([14, 14, 20, 20]);
    expect(await nameOf(selectedBoxes(page).first())).toMatch(/^red circle: /);
    await undo(page).click();
    await expect.poll(() => boxes(page).count()).toBe(3);

    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+d");
    await expect.poll(() => boxes(page).count()).toBe(6);
    expect(await selectedBoxes(page).count()).toBe(3);
    await undo(page).click();
    await expect.poll(() => boxes(page).count()).toBe(3);

    await box(page, "blue square").click();
    await page.keyboard.press("Control+x");
    await expect.poll(() => rowNames(page)).toEqual(["green star", "red circle"]);
    await compose(page, { prompt: "one blue square, nothing else", boxes: [] });
    await canvas(page).focus();
    await page.keyboard.press("Control+v");
    await expect.poll(() => rowNames(page)).toEqual(["blue square"]);
    expect(await placeOf(page)).toEqual([36, 34, 10, 30]);

    // In a text, the same keys are about text.
    await prompt(page).fill("red");
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    await page.keyboard.press("End");
    await page.keyboard.press("Control+v");
    await expect.poll(() => prompt(page).inputValue()).toBe("redred");
    expect(await boxes(page).count()).toBe(1);
  });

  test("are aligned and distributed, by button and by key, in one step each", async () => {
    const { page } = running();
    await compose(page, THREE);
    const all = ["red circle", "blue square", "green star"];
    const tool = (name: string) =>
      page.getByRole("toolbar", { name: "Align and distribute" }).getByRole("button", { name, exact: true });
    const selectAll = async () => {
      await canvas(page).focus();
      await page.keyboard.press("Control+a");
    };
    await selectAll();
    await tool("Align left").click();
    expect((await places(page, ...all)).map(([left]) => left)).toEqual([10, 10, 10]);
    await undo(page).click();

    await selectAll();
    await page.keyboard.press("Alt+s");
    expect((await places(page, ...all)).map(([, top, , height]) => top! + height!)).toEqual([70, 70, 70]);
    await undo(page).click();

    await selectAll();
    await tool("Distribute horizontally").click();
    // 80 percent from end to end, 50 of them boxes: gaps of 15.
    expect((await places(page, ...all)).map(([left]) => left)).toEqual([10, 45, 70]);
    await undo(page).click();
    expect((await places(page, ...all)).map(([left]) => left)).toEqual([10, 32, 70]);

    // Alone, a box is aligned to the picture, and there is nothing to distribute.
    await box(page, "green star").click();
    await page.keyboard.press("Alt+h");
    await expect.poll(() => placeOf(page)).toEqual([40, 60, 20, 10]);
    expect(await tool("Distribute vertically").isDisabled()).toBe(true);
  });

  test("change their order by dragging rows, and by keys", async () => {
    const { page } = running();
    await compose(page, THREE);
    await expect.poll(() => rowNames(page)).toEqual(["green star", "blue square", "red circle"]);
    await box(page, "red circle").dragTo(box(page, "green star"), { targetPosition: { x: 60, y: 4 } });
    await expect.poll(() => rowNames(page)).toEqual(["red circle", "green star", "blue square"]);
    await undo(page).click();
    await expect.poll(() => rowNames(page)).toEqual(["green star", "blue square", "red circle"]);

    await box(page, "green star").focus();
    await page.keyboard.press("Alt+ArrowDown");
    await expect.poll(() => rowNames(page)).toEqual(["blue square", "green star", "red circle"]);
    await box(page, "green star").click();
    await page.keyboard.press("Control+]");
    await expect.poll(() => rowNames(page)).toEqual(["green star", "blue square", "red circle"]);
  });

  test("can be made, tied to words, named, moved, sized, locked, hidden and deleted without a pointer", async () => {
    const { page } = running();
    await compose(page, { prompt: "a red circle", boxes: [] });
    const focused = async () => ((await page.locator(":focus").count()) === 0 ? "" : nameOf(page.locator(":focus")));
    const tabTo = async (name: string) => {
      for (let n = 0; n < 60 && !(await focused())?.startsWith(name); n++) await page.keyboard.press("Tab");
      expect(await focused()).toContain(name);
    };
    await prompt(page).focus();
    await page.keyboard.press("End");
    for (let i = 0; i < "red circle".length; i++) await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Control+b");
    await expect.poll(() => rowNames(page)).toEqual(["red circle"]);

    await tabTo("Add a box");
    await page.keyboard.press("Enter");
    await expect.poll(() => boxes(page).count()).toBe(2);
    const first = boxes(page).first();
    expect(await nameOf(first)).toMatch(/^Box 2: .*no words yet/);
    await tabTo("Box 2: ");

    const before = await placeOf(page);
    for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Control+ArrowRight");
    await expect.poll(() => placeOf(page)).not.toEqual(before);
    await page.keyboard.press("l");
    await expect.poll(() => nameOf(first)).toContain("locked");
    await page.keyboard.press("l");
    await page.keyboard.press("Control+Shift+h");
    await expect.poll(() => nameOf(first)).toContain("hidden");
    await page.keyboard.press("Control+Shift+h");
    await page.keyboard.press("F2");
    await page.keyboard.insertText("backdrop");
    await page.keyboard.press("Enter");
    await expect.poll(() => nameOf(first)).toMatch(/^backdrop: /);

    await page.keyboard.press("F2");
    await page.keyboard.insertText("something else");
    await page.keyboard.press("Escape");
    await expect.poll(() => nameOf(first)).toMatch(/^backdrop: /);

    // Renaming gives the focus back, and the list goes on from there.
    await expect.poll(focused).toMatch(/^backdrop: /);
    await page.keyboard.press("ArrowDown");
    await expect.poll(focused).toMatch(/^red circle: /);
    expect(await nameOf(selectedBoxes(page).first())).toMatch(/^red circle: /);
    await page.keyboard.press("Delete");
    await expect.poll(() => rowNames(page)).toEqual(["backdrop"]);
    await expect.poll(focused).toMatch(/^backdrop: /);
    await page.keyboard.press("Control+z");
    await expect.poll(() => rowNames(page)).toEqual(["backdrop", "red circle"]);

    // On the canvas, Tab goes from box to box and then on.
    await canvas(page).focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    await expect.poll(() => nameOf(selectedBoxes(page).first())).toMatch(/^red circle: /);
    await page.keyboard.press("Tab");
    await expect.poll(() => nameOf(selectedBoxes(page).first())).toMatch(/^backdrop: /);
    await page.keyboard.press("Tab");
    await expect.poll(focused).not.toBe("Canvas");
  });
});
