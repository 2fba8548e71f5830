/** What axe-core finds in the window as it is now. */
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { setTheme } from "./driver.ts";

interface Here {
  axe?: { run(context: unknown, options: unknown): Promise<AxeResults> };
  document: unknown;
}

/** Anything at all, in dark and in light, one line for each element: `state, theme: rule: element: what is wrong`. */
export async function findings(page: Page, state: string): Promise<string[]> {
  if (!(await page.evaluate(() => (globalThis as unknown as Here).axe !== undefined))) await page.evaluate(axe.source);
  const lines: string[] = [];
  for (const theme of ["dark", "light"] as const) {
    await setTheme(page, theme);
    await transitionsEnd(page);
    const { violations } = await page.evaluate(() => {
      const here = globalThis as unknown as Here;
      return here.axe!.run(here.document, { resultTypes: ["violations"] });
    });
    for (const { id, nodes } of violations) {
      for (const { target, any, all, none, html } of nodes) {
        // A popup hangs at the page's end while it is open; it belongs to the control that has opened it, and is no part of a landmark.
        if (id === "region" && /bits-|floating|menu/.test(`${target.join(" ")} ${html}`)) continue;
        lines.push(`${state}, ${theme}: ${id}: ${target.join(" ")}: ${[...any, ...all, ...none][0]?.message ?? ""}`);
      }
    }
  }
  return lines;
}

/** Colours on their way from one theme to the other are nobody's. */
async function transitionsEnd(page: Page): Promise<void> {
  await page.evaluate(async () => {
    interface Moving {
      finished: Promise<unknown>;
    }
    const here = globalThis as unknown as { document: { getAnimations(): Moving[] }; CSSTransition: new () => Moving };
    const moving = here.document.getAnimations().filter((one) => one instanceof here.CSSTransition);
    await Promise.allSettled(moving.map(({ finished }) => finished));
  });
}
