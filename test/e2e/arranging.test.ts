/** Arranging boxes: compositions, groups, rulers and guides, by pointer and by keyboard, and what a project keeps of them. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import {
  artboard,
  box,
  boxes,
  canvas,
  click,
  compose,
  drag,
  nameOf,
  placeOf,
  rowNames,
  runFromPalette,
  saved,
  selectAllBoxes,
  selectedBoxes,
  undo,
  type Composition,
} from "./window.ts";

const THREE: Composition = {
  prompt: "a red circle and a blue square and a green star",
  boxes: [
    ["red circle", [0.1, 0.1, 0.2, 0.2]],
    ["blue square", [0.4, 0.3, 0.2, 0.2]],
    ["green star", [0.7, 0.7, 0.2, 0.2]],
  ],
};
const group = (page: Page) => boxes(page).and(page.getByRole("option", { name: /: group of/ }));
const guides = (page: Page) => page.getByRole("slider", { name: /guide$/ });

describe.skipIf(!electron)("arranging", { timeout: 60_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("a composition lays out the boxes that are there and makes empty ones for the rest, as one step with a name", async () => {
    const { page } = running();
    await compose(page, { ...THREE, boxes: THREE.boxes!.slice(0, 1) });
    await page.getByRole("button", { name: "Lay out boxes" }).click();
    await page.getByRole("menuitem", { name: "Triptych" }).click();
    await expect.poll(() => boxes(page).count()).toBe(3);
    await box(page, "red circle").click();
    expect(await placeOf(page)).toEqual([5, 5, 26.7, 90]);
    expect(await nameOf(boxes(page).first())).toContain("no words yet");
    expect(await undo(page).getAttribute("aria-label")).toBe("Undo Lay out: Triptych");
    await undo(page).click();
    await expect.poll(() => boxes(page).count()).toBe(1);

    // By keyboard, and of those selected alone.
    await compose(page, THREE);
    await box(page, "red circle").click();
    await box(page, "blue square").click({ modifiers: ["Control"] });
    await runFromPalette(page, "Lay out as a pair");
    await box(page, "blue square").click();
    await expect.poll(() => placeOf(page)).toEqual([52.5, 5, 42.5, 90]);
    await box(page, "green star").click();
    await expect.poll(() => placeOf(page)).toEqual([70, 70, 20, 20]);
  });

  test("a group is selected, moved, hidden and named as one; a second click reaches one box of it", async () => {
    const { page } = running();
    await compose(page, THREE);
    await box(page, "red circle").click();
    await box(page, "blue square").click({ modifiers: ["Control"] });
    await page.keyboard.press("Control+g");
    await expect.poll(() => rowNames(page)).toEqual(["green star", "Group 1", "blue square", "red circle"]);

    await box(page, "green star").click();
    await click(page, [0.2, 0.2]);
    await expect.poll(() => selectedBoxes(page).count()).toBe(3); // its two boxes and its own row
    await drag(page, [0.2, 0.2], [0.25, 0.25]);
    await click(page, [0.25, 0.25]);
    await expect.poll(() => selectedBoxes(page).count()).toBe(1);
    const [left, top] = await placeOf(page);
    expect(left).toBeGreaterThan(12);
    expect(top).toBeGreaterThan(12);

    await group(page).focus();
    await page.keyboard.press("F2");
    await page.keyboard.insertText("the pair");
    await page.keyboard.press("Enter");
    await expect.poll(() => nameOf(group(page))).toBe("the pair: group of 2 boxes, open");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => rowNames(page)).toEqual(["green star", "the pair"]);
    await page.keyboard.press("Control+Shift+h");
    await expect.poll(() => nameOf(group(page))).toBe("the pair: group of 2 boxes, folded, hidden");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => boxes(page).count()).toBe(4);

    await page.keyboard.press("Alt+ArrowUp");
    await expect.poll(() => rowNames(page)).toEqual(["the pair", "blue square", "red circle", "green star"]);
    await page.keyboard.press("Control+Shift+g");
    await expect.poll(() => rowNames(page)).toEqual(["blue square", "red circle", "green star"]);
    await undo(page).click();
    await expect.poll(() => group(page).count()).toBe(1);
  });

  test("copies of a group are a group; one box is dragged out of it, and into it", async () => {
    const { page } = running();
    await compose(page, THREE);
    await selectAllBoxes(page);
    await page.keyboard.press("Control+g");
    await page.keyboard.press("Control+c");
    await page.keyboard.press("Control+v");
    await expect.poll(() => group(page).count()).toBe(2);
    await page.keyboard.press("Control+d");
    await expect.poll(() => group(page).count()).toBe(3);
    await undo(page).click();
    await undo(page).click();
    await expect.poll(() => rowNames(page)).toEqual(["Group 1", "green star", "blue square", "red circle"]);

    await box(page, "red circle").click();
    await page.keyboard.press("Control+Shift+g"); // one alone leaves it
    await expect.poll(() => rowNames(page)).toEqual(["red circle", "Group 1", "green star", "blue square"]);
    await box(page, "red circle").dragTo(box(page, "blue square"), { targetPosition: { x: 60, y: 4 } });
    await expect.poll(() => nameOf(group(page))).toBe("Group 1: group of 3 boxes, open");
  });

  test("guides come out of the rulers, attract boxes, are moved and taken away, by pointer and by key", async () => {
    const { page } = running();
    await compose(page, THREE);
    await canvas(page).focus();
    await page.keyboard.press("Shift+R");
    const ruler = page.getByRole("group", { name: "Vertical ruler" });
    await ruler.waitFor();
    const from = (await ruler.boundingBox())!;
    const to = (await artboard(page)).at(0.63, 0.5);
    await page.mouse.move(from.x + 8, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => guides(page).count()).toBe(1);
    const at = Number(await guides(page).getAttribute("aria-valuenow"));
    expect(Math.abs(at - 0.63 * 256)).toBeLessThan(2);
    expect(await undo(page).getAttribute("aria-label")).toBe("Undo Add guide");

    // The left side of a box that comes near falls on it.
    await drag(page, [0.8, 0.8], [0.74, 0.8]);
    await expect.poll(async () => (await placeOf(page))[0]).toBeCloseTo((100 * at) / 256, 0);

    await guides(page).focus();
    await page.keyboard.press("Shift+ArrowRight");
    await expect.poll(() => guides(page).getAttribute("aria-valuenow")).toBe(String(at + 8));
    const on = (at + 8) / 256;
    await drag(page, [on, 0.95], [0.5, 0.95]);
    await expect.poll(() => guides(page).getAttribute("aria-valuenow")).toBe("128");
    await drag(page, [0.5, 0.95], [-0.2, 0.95]);
    await expect.poll(() => guides(page).count()).toBe(0);
    await undo(page).click();
    await expect.poll(() => guides(page).count()).toBe(1);

    await runFromPalette(page, "Add horizontal guide");
    await expect.poll(() => guides(page).count()).toBe(2);
    await expect.poll(() => nameOf(page.locator(":focus"))).toBe("Horizontal guide");
    await page.keyboard.press("Delete");
    await expect.poll(() => guides(page).count()).toBe(1);
    await runFromPalette(page, "Clear guides");
    await expect.poll(() => guides(page).count()).toBe(0);
    await canvas(page).focus();
    await page.keyboard.press("Shift+R");
    await ruler.waitFor({ state: "detached" });
  });

  test("groups and guides are in the project's file, and in a copy of it", async () => {
    const { app, page } = running();
    const file = folder("arranged.diorama");
    await compose(page, THREE);
    await selectAllBoxes(page);
    await page.keyboard.press("Control+g");
    await runFromPalette(page, "Add vertical guide");
    await answer(app, "showSaveDialog", [file]);
    await page.keyboard.press("Control+Shift+s");
    await page.getByRole("button", { name: "Project: arranged" }).waitFor();
    await saved(page).waitFor();
    await compose(page, { boxes: [] });
    expect(await guides(page).count()).toBe(0);
    await apiOf(page).openRecent({ path: file, where: "here" });
    await expect.poll(() => nameOf(group(page))).toBe("Group 1: group of 3 boxes, open");
    await expect.poll(() => guides(page).getAttribute("aria-valuetext")).toBe("128 pixels");
  });

  test("the menu of a box pastes what was copied", async () => {
    const { page } = running();
    await compose(page, THREE);
    await box(page, "red circle").click();
    await page.keyboard.press("Control+c");
    await box(page, "blue square").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Paste" }).click();
    await expect.poll(() => boxes(page).count()).toBe(4);
    expect(await nameOf(selectedBoxes(page).first())).toMatch(/^red circle: /);
  });
});
