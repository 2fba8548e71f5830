/** Makes the window's world fail: a part of it, as by a fault of the program, or the file of its project. */
import { mkdirSync, rmSync } from "node:fs";
import type { Page } from "playwright-core";
import { answer } from "./dialogs.ts";
import type { RunningApp } from "./harness.ts";
import { prompt } from "./window.ts";

interface PageOf {
  Element: { prototype: object };
  Node: { prototype: object };
  document: { querySelector(selector: string): unknown };
  didThrow?: boolean;
  /** Where the next write fails. */
  breaks?: string;
}

/** From now on the next thing that the window writes inside this part fails, once. */
export async function breakNextWrite(page: Page, selector: string): Promise<void> {
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

/** Whether it has failed since. */
export const didThrow = (page: Page) => page.evaluate(() => (globalThis as unknown as PageOf).didThrow);

/** Saves the project at `path` and takes the file away; resolves when the window says so. A folder is there instead, where no file can be written anew. */
export async function loseFile({ app, page }: Pick<RunningApp, "app" | "page">, path: string): Promise<void> {
  await answer(app, "showSaveDialog", [path]);
  await page.keyboard.press("Control+Shift+s");
  await page
    .getByRole("status")
    .filter({ hasText: /^Saved$/ })
    .waitFor();
  rmSync(path);
  mkdirSync(path);
  await prompt(page).fill("an hour of work");
  await page.getByRole("button", { name: "Save a copy as…" }).waitFor();
}
