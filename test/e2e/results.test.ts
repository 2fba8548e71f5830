/** What becomes of pictures: found again, judged, compared, and their scenes taken back. Five of them, of two runs. */
import type { Page } from "playwright-core";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import {
  attributes,
  boxes,
  card,
  choose,
  column,
  compose,
  draw,
  nameOf,
  prompt,
  results,
  seeds,
  shelf,
  undo,
  view,
} from "./window.ts";

const LARGEST = "18446744073709551615";
const FIRST = "a red circle and a blue square on a white background";
const SECOND = "a green star and a blue square on a white background";

const search = (page: Page) => page.getByRole("textbox", { name: /^Search prompts/ });

describe.skipIf(!electron)("results", { timeout: 120_000 }, () => {
  const running = sharedApp();

  beforeAll(async () => {
    const { page } = running();
    await compose(page, {
      prompt: FIRST,
      boxes: [
        ["red circle", [0.06, 0.3, 0.36, 0.36]],
        ["blue square", [0.56, 0.3, 0.36, 0.36]],
      ],
      seeds: `1-3,${LARGEST}`,
    });
    await draw(page, 4);
    await prompt(page).fill(SECOND);
    await boxes(page).first().click();
    await page.keyboard.press("Shift+ArrowDown");
    await page.getByRole("textbox", { name: "Seeds" }).fill("9");
    await draw(page, 5);
  }, 240_000);

  beforeEach(async () => {
    const { page } = running();
    await page.keyboard.press("Escape");
    await view(page, "Results").click();
    await shelf(page, "All").click();
    await search(page).fill("");
    await choose(page, "Order", "Newest first");
    await expect.poll(() => seeds(page)).toEqual(["9", LARGEST, "3", "2", "1"]);
  }, 60_000);

  test("are searched by the words of their prompts and by seed, and sorted", async () => {
    const { page } = running();
    await search(page).fill("gree star");
    await expect.poll(() => seeds(page)).toEqual(["9"]);
    await search(page).fill("blue");
    await expect.poll(() => results(page).count()).toBe(5);
    await search(page).fill("giraffe");
    await page.getByText(/^No prompt has all of these words/).waitFor();
    await search(page).fill("1844");
    await expect.poll(() => seeds(page)).toEqual([LARGEST]);
    await search(page).fill("");
    await choose(page, "Order", "Oldest first");
    await expect.poll(() => seeds(page)).toEqual(["1", "2", "3", LARGEST, "9"]);
    await choose(page, "Order", "Best obeyed first");
    const obedience = async () =>
      (await attributes(results(page), "aria-label")).map((name) => Number(/obeyed to (\d+)/.exec(name!)![1]));
    await expect.poll(async () => (await seeds(page)).join() === `1,2,3,${LARGEST},9`).toBe(false);
    const shares = await obedience();
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
  });

  test("are starred, rejected and binned, each on its shelf, and every step is undone", async () => {
    const { page } = running();
    await card(page, "2").click();
    await page.keyboard.press("s");
    await expect.poll(() => card(page, "2").getAttribute("aria-label")).toContain("starred");
    await card(page, "3").click();
    await page.keyboard.press("x");
    await expect.poll(() => seeds(page)).toEqual(["9", LARGEST, "2", "1"]);
    await shelf(page, "Rejected").click();
    await expect.poll(() => seeds(page)).toEqual(["3"]);
    await shelf(page, "Starred").click();
    await expect.poll(() => seeds(page)).toEqual(["2"]);
    await shelf(page, "All").click();
    await expect.poll(() => results(page).count()).toBe(4);

    // Several at once, by Shift.
    await card(page, "2").click();
    await card(page, "1").click({ modifiers: ["Shift"] });
    await page.keyboard.press("Delete");
    await expect.poll(() => seeds(page)).toEqual(["9", LARGEST]);
    await shelf(page, "Bin").click();
    await expect.poll(() => seeds(page)).toEqual(["2", "1"]);
    await card(page, "1").click();
    await page.keyboard.press("Delete");
    await expect.poll(() => seeds(page)).toEqual(["2"]);
    await shelf(page, "All").click();
    await expect.poll(() => seeds(page)).toEqual(["9", LARGEST, "1"]);

    const left = [
      ["9", LARGEST],
      ["9", LARGEST, "2", "1"],
      ["9", LARGEST, "3", "2", "1"],
    ];
    for (const after of left) {
      await undo(page).click();
      await expect.poll(() => seeds(page)).toEqual(after);
    }
    expect(await nameOf(card(page, "2"))).toContain("starred");
    await undo(page).click();
    await expect.poll(() => nameOf(card(page, "2"))).not.toContain("starred");
  });

  test("are compared by keyboard alone: chosen, starred, rejected, taken out, wiped, blinked; what differs is listed", async () => {
    const { page } = running();
    await card(page, "9").click();
    await page.keyboard.press("c");
    for (const key of ["ArrowRight", "c", "ArrowRight", "c"]) {
      await page.keyboard.press(key);
      await expect.poll(() => page.locator(":focus").getAttribute("data-result")).not.toBeNull();
    }
    await page.keyboard.press("Control+3");
    const figures = page.getByRole("group", { name: "Pictures" }).getByRole("figure");
    await expect.poll(() => figures.count()).toBe(3);

    await expect.poll(() => column(page, "Seed")).toEqual(["9", LARGEST, "3"]);
    expect(await column(page, "Prompt")).toEqual([SECOND, FIRST, FIRST]);
    expect(await column(page, /^Box \d: blue square/)).toHaveLength(3);
    expect(await column(page, "Steps")).toEqual([]);

    // The one chosen last has the frame. A star keeps the comparison as it is.
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("s");
    await figures.nth(1).getByLabel("starred").waitFor();
    expect(await figures.count()).toBe(3);
    await page.keyboard.press("s");
    await figures.nth(1).getByLabel("starred").waitFor({ state: "detached" });

    await page.keyboard.press("w");
    await expect.poll(() => figures.count()).toBe(2);
    const wipe = page.getByRole("slider", { name: "Where the wipe stands" });
    await wipe.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => wipe.inputValue()).toBe("51");
    await expect.poll(() => page.locator(".over").getAttribute("style")).toContain("51%");
    const images = () => attributes(figures.getByRole("img"), "alt");
    expect(await images()).toEqual([`Seed 9: ${SECOND}`, `Seed ${LARGEST}: ${FIRST}`]);

    await page.keyboard.press("k");
    await expect.poll(() => figures.count()).toBe(1);
    for (const seen of [`Seed ${LARGEST}: ${FIRST}`, `Seed 9: ${SECOND}`]) await expect.poll(images).toEqual([seen]);

    await page.keyboard.press("g");
    await expect.poll(() => figures.count()).toBe(3);
    const frames = figures.first().locator("[title*=square]");
    await expect.poll(() => frames.count()).toBeGreaterThan(0);
    await page.keyboard.press("o");
    await expect.poll(() => frames.count()).toBe(0);
    await page.keyboard.press("o");
    await page.keyboard.press("+");
    await page.keyboard.press("Shift+ArrowRight");
    const looks = async () => {
      const styles = await attributes(figures.locator("div:has(> img)"), "style");
      return styles.map((style) => style!.split("transform")[1]);
    };
    await expect.poll(async () => new Set(await looks()).size, { message: "one zoom and pan for all" }).toBe(1);
    expect((await looks())[0]).toContain("translate(-40px, 0px) scale(1.25)");
    const whole = page.getByRole("button", { name: "Whole pictures" });
    await whole.focus();
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await looks())[0]).toContain("translate(0px, 0px) scale(1)");

    await page.keyboard.press("ArrowRight");
    // X rejects here as anywhere: the picture stays in the comparison, and can be had back.
    await page.keyboard.press("x");
    await expect.poll(() => figures.filter({ hasText: "rejected" }).count()).toBe(1);
    expect(await figures.count()).toBe(3);
    await page.keyboard.press("x");
    await expect.poll(() => figures.filter({ hasText: "rejected" }).count()).toBe(0);
    await page.keyboard.press("c");
    await expect.poll(() => figures.count()).toBe(2);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("heading", { name: "Nothing to compare yet" }).waitFor();
  });

  test("runs are found by words, shown against the editor and each other, and restored without losing the draft", async () => {
    const { page } = running();
    await view(page, "Compose").click();
    const draft = "a green star and a yellow moon";
    await prompt(page).fill(draft);
    await view(page, "History").click();
    const runs = page.getByRole("listbox", { name: "Runs" }).getByRole("option");
    await expect.poll(() => runs.count()).toBe(2);
    await search(page).fill("red");
    await expect.poll(() => runs.count()).toBe(1);
    expect(await runs.first().textContent()).toMatch(/4\s+pictures/);
    await search(page).fill("");
    await expect.poll(() => runs.count()).toBe(2);

    await runs.first().click();
    const changed = (kind: "insertion" | "deletion") => page.getByRole(kind).allTextContents();
    await expect.poll(() => changed("deletion")).toEqual(["yellow", "moon"]);
    expect((await changed("insertion")).join(" ")).toContain("blue square on a white background");
    const drawing = page.getByRole("img", { name: "Boxes of this run; the other's are dashed" });
    await drawing.waitFor();

    await choose(page, "Compared with", "the run before it");
    await expect.poll(() => changed("deletion")).toEqual(["red", "circle"]);
    expect(await changed("insertion")).toEqual(["green", "star"]);
    const table = page.getByRole("table");
    expect(await table.getByRole("rowheader").allTextContents()).toContainEqual(expect.stringMatching(/^Box \d: /));
    expect(await drawing.locator(".ghost").count()).toBe(2);
    // The box that was moved lies lower than its ghost.
    const tops = (kind: string) =>
      drawing
        .locator(kind)
        .evaluateAll((paths) => (paths as unknown as { getBBox(): { y: number } }[]).map((path) => path.getBBox().y));
    expect(Math.max(...(await tops(".box")))).toBeGreaterThan(Math.max(...(await tops(".ghost"))));

    await page.keyboard.press("ArrowDown");
    await runs.last().click();
    await page.getByRole("button", { name: "Use its scene" }).click();
    await expect.poll(() => prompt(page).inputValue()).toBe(FIRST);
    expect(await page.getByRole("textbox", { name: "Seeds" }).inputValue()).toBe(`1-3,${LARGEST}`);
    await page
      .getByRole("status")
      .filter({ hasText: "The scene is back" })
      .getByRole("button", { name: "Undo" })
      .click();
    await expect.poll(() => prompt(page).inputValue()).toBe(draft);
  });
});
