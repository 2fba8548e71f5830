/** What is done in the window for its pictures. */
import type { Locator, Page } from "playwright-core";
import { mark, prompt, saved } from "../../test/e2e/window.ts";

export { mark, prompt, saved };

const DRAWING_LIMIT = 240_000;

/** Photographs the window; where `inView` is given, scrolled so far that it is seen. */
export type Shoot = (name: string, inView?: Locator) => Promise<void>;

/** The shape of the window, in pixels of the page, and how many of the screen each of those is. */
export interface Size {
  width: number;
  height: number;
  scale: number;
}

/** Waits until the page has this size and has painted it. */
export async function resize(page: Page, { width, height, scale }: Size): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: false });
  await page.waitForFunction(
    ([wide, high]) => {
      const here = globalThis as unknown as { innerWidth: number; innerHeight: number };
      return here.innerWidth === wide && here.innerHeight === high;
    },
    [width, height],
    { polling: 50 },
  );
  await painted(page);
}

/** Two frames later: layout follows an observer, and the canvas that. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const here = globalThis as unknown as { requestAnimationFrame(then: (time: number) => void): void };
        here.requestAnimationFrame(() => here.requestAnimationFrame(resolve));
      }),
  );
}

export async function mode(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation").getByRole("button", { name }).click();
}

export async function draw(page: Page, seeds: string, count: number): Promise<void> {
  await page.getByRole("textbox", { name: "Seeds" }).fill(seeds);
  await page.getByRole("button", { name: /^(Generate|Add to queue)/ }).click();
  await drawn(page, count);
}

export async function fillSteps(page: Page, steps: number): Promise<void> {
  await page.getByRole("textbox", { name: "Steps", exact: true }).fill(String(steps));
  await page.keyboard.press("Enter");
}

export async function drawn(page: Page, count: number): Promise<void> {
  const last = page.locator("[data-result]").nth(count - 1);
  await last.waitFor({ timeout: DRAWING_LIMIT });
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached", timeout: DRAWING_LIMIT });
}

/** A new project beside what was done. */
export async function fresh(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await saved(page).waitFor();
  await page.keyboard.press("Control+n");
  await page.getByText("No boxes yet").waitFor();
}

export async function start(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  await page.getByText(/ MB of memory/).waitFor();
  await saved(page).waitFor();
}
