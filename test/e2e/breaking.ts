/** Makes a part of the window fail, as by a fault of the program. */
import type { Page } from "playwright-core";

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
