/** Speaks to the app through its page, as the window's own code does. */
import { execFileSync } from "node:child_process";
import type { ElectronApplication, Page } from "playwright-core";
import { fromWire } from "../../src-main/wire/errors.ts";
import type { AppBridge, MainApi, MainEvents } from "../../src-main/api/main.ts";
import type { Client } from "../../src-main/wire/rpc.ts";

interface Spied {
  app: AppBridge;
  heard?: { name: string; payload: unknown }[];
}

/** The calls of the contract, made in the page. */
export function apiOf(page: Page): Client<MainApi> {
  return new Proxy(Object.create(null) as Client<MainApi>, {
    get: (_target, method) => async (request?: unknown) => {
      const reply = await page.evaluate(
        ([name, argument]) => (globalThis as unknown as Spied).app.call(name as string, argument),
        [method, request],
      );
      if (reply.ok) return reply.value;
      throw fromWire(reply.error);
    },
  });
}

/** Shows the window in these colours. */
export async function setTheme(page: Page, theme: "dark" | "light"): Promise<void> {
  await apiOf(page).setTheme(theme);
  await page.locator(`html[data-theme="${theme}"]`).waitFor();
}

/** Writes down, in the page, the events of these names. Pixels stay out of it. */
export async function listen(page: Page, names: (keyof MainEvents)[]): Promise<void> {
  await page.evaluate((wanted) => {
    const here = globalThis as unknown as Spied;
    const heard = (here.heard ??= []);
    for (const name of wanted) {
      here.app.on(name, (payload) => {
        heard.push({ name, payload: { ...(payload as object), preview: undefined, attention: undefined } });
      });
    }
  }, names);
}

export async function heardBy<Name extends keyof MainEvents>(page: Page, name: Name): Promise<MainEvents[Name][]> {
  const heard = await page.evaluate(() => (globalThis as unknown as Spied).heard ?? []);
  return heard.filter((event) => event.name === name).map(({ payload }) => payload as MainEvents[Name]);
}

/** Waits until an event of this name has these fields, for `timeout` milliseconds. */
export async function hear<Name extends keyof MainEvents>(
  page: Page,
  name: Name,
  fields: Partial<MainEvents[Name]> = {},
  timeout = 60_000,
): Promise<void> {
  await page.waitForFunction(
    ([wanted, text]) => {
      const like = Object.entries(JSON.parse(text as string) as Record<string, unknown>);
      const matches = (payload: unknown) =>
        like.every(([key, value]) => (payload as Record<string, unknown>)[key] === value);
      return (globalThis as unknown as Spied).heard?.some((event) => event.name === wanted && matches(event.payload));
    },
    [name, JSON.stringify(fields)],
    { timeout },
  );
}

/** Process id of a service of this app, by the title that it gives itself. */
export function servicePid(app: ElectronApplication, service: "engine" | "store"): number {
  const parent = String(app.process().pid);
  const lines = execFileSync("ps", ["-o", "pid=,args=", "--ppid", parent], { encoding: "utf8" }).split("\n");
  const line = lines.find((text) => text.includes(`diorama-${service}`));
  if (!line) throw new Error(`no ${service} process among ${lines.join("; ")}`);
  return Number(line.trim().split(/\s+/)[0]);
}
