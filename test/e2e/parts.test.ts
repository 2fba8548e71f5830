/** A part of the window that fails: it says so in its place, the others go on, and it can be drawn again. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { box, compose, prompt, saved, type Composition } from "./window.ts";

const TWO: Composition = {
  boxes: [
    ["red circle", [0.05, 0.3, 0.3, 0.3]],
    ["blue square", [0.6, 0.4, 0.3, 0.2]],
  ],
};

interface PageOf {
  Element: { prototype: object };
  Node: { prototype: object };
  document: { querySelector(selector: string): unknown };
  didThrow?: boolean;
  /** Where the next write fails. */
  breaks?: string;
}

/** From now on the next thing that the window writes inside this part fails, once. */
async function breakNextWrite(page: Page, selector: string): Promise<void> {
  await page.evaluate((wanted) => {
    const here = globalThis as unknown as PageOf;
    const isArmed = here.breaks !== undefined;
    here.didThrow = false;
    here.breaks = wanted;
    if (isArmed) return;
    interface Spot {
      parentElement: Spot | null;
      closest?(selector: string): unknown;
    }
    const check = (node: Spot) => {
      const element = node.closest ? node : node.parentElement;
      if (here.didThrow !== false || !element?.closest?.(here.breaks ?? "")) return;
      here.didThrow = true;
      throw new Error("made to fail");
    };
    const wrap = (owner: object, name: string) => {
      const old = Object.getOwnPropertyDescriptor(owner, name);
      if (!old) return;
      const { value, set } = old as { value?: (...rest: unknown[]) => unknown; set?: (value: unknown) => void };
      Object.defineProperty(owner, name, {
        ...old,
        ...(value
          ? {
              value(this: Spot, ...rest: unknown[]) {
                check(this);
                return value.apply(this, rest);
              },
            }
          : {}),
        ...(set
          ? {
              set(this: Spot, next: unknown) {
                check(this);
                set.call(this, next);
              },
            }
          : {}),
      });
    };
    wrap(here.Element.prototype, "setAttribute");
    wrap(here.Element.prototype, "className");
    wrap(here.Node.prototype, "nodeValue");
  }, selector);
}

const didThrow = (page: Page) => page.evaluate(() => (globalThis as unknown as PageOf).didThrow);

describe.skipIf(!electron)("a part of the window that fails", { timeout: 120_000 }, () => {
  const running = sharedApp();

  /** What makes each part write something. */
  const PARTS: [pane: string, change: (page: Page) => Promise<unknown>][] = [
    ["Header", (page) => page.keyboard.press("Control+2")],
    ["Prompt", (page) => prompt(page).fill("a red circle and a green star")],
    ["Boxes", (page) => box(page, "red circle").click()],
    ["Canvas", (page) => page.keyboard.press("Control+=")],
    ["Inspector", (page) => box(page, "red circle").click()],
    ["Latest results", (page) => page.keyboard.press("Control+Enter")],
    ["Results", (page) => page.keyboard.press("Control+2")],
    ["Compare", (page) => page.keyboard.press("Control+3")],
    ["History", (page) => page.keyboard.press("Control+4")],
  ];

  test.for(PARTS)("%s says what happened, leaves the rest alone, and is drawn again", async ([pane, change]) => {
    const { page } = running();
    await compose(page, TWO);
    await saved(page).waitFor();
    await breakNextWrite(page, `[data-pane="${pane}"]`);
    await change(page);
    const told = page.locator(`[data-pane="${pane}"]`).getByRole("alert");
    await told.getByText(`${pane} could not be shown`).waitFor();
    expect(await didThrow(page)).toBe(true);
    expect(await told.textContent()).toContain("made to fail");
    expect(await page.getByRole("alert").filter({ hasText: "could not be shown" }).count()).toBe(1);

    await told.getByRole("button", { name: "Draw it again" }).click();
    await expect.poll(() => page.getByText("could not be shown").count()).toBe(0);
    await page.keyboard.press("Control+1");
    await page.getByRole("button", { name: /^Generate/ }).waitFor();
    await box(page, "red circle").click();
  });
});
