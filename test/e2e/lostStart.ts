/** What is there of an app whose first window did not come: asked of its pages, of main, and of the system, none of which need answer. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { ElectronApplication, Page } from "playwright-core";
import type { AppBridge } from "../../src-main/api/main.ts";

/** How long each may take to answer, in milliseconds. */
const PATIENCE = 5_000;
const LOG_LENGTH = 2_000;
const COMMAND_LENGTH = 140;

interface Here {
  app?: AppBridge;
  location: { href: string };
  document: {
    readyState: string;
    visibilityState: string;
    body: { innerText: string } | null;
    querySelector(selector: string): { childElementCount: number; innerHTML: string } | null;
  };
}

/** One line or more for each thing that was asked. */
export async function lookAt(app: ElectronApplication, dataFolder: string): Promise<string[]> {
  const pages = app
    .windows()
    .flatMap((page) => [ask("A page", () => pageOf(page)), ask("Its call of main", () => callOf(page))]);
  return (await Promise.all([ask("Main", () => mainOf(app)), ...pages, lookFromOutside(dataFolder)])).flat();
}

/** The same of an app that the driver has no hold of. */
export function lookFromOutside(dataFolder: string): Promise<string[]> {
  return Promise.all([
    ask("Its debugger", () => targetsOf(dataFolder)),
    ask("Its processes", () => processesOf(dataFolder)),
    ask("Its log", async () => (await readFile(join(dataFolder, "diorama.log"), "utf8")).slice(-LOG_LENGTH)),
    ask("Its data folder", async () => (await readdir(dataFolder)).toSorted().join(" ")),
  ]);
}

async function ask(what: string, look: () => Promise<string>): Promise<string> {
  const late = pause(PATIENCE, `no answer within ${PATIENCE / 1_000} s`, { ref: false });
  return `${what}: ${await Promise.race([look().catch(String), late])}`;
}

/** Which windows main has, and what it waits for. */
function mainOf(app: ElectronApplication): Promise<string> {
  return app.evaluate(({ app: self, BrowserWindow }) => {
    const windows = BrowserWindow.getAllWindows().map((window) => ({
      title: window.getTitle(),
      shown: window.isVisible(),
      url: window.webContents.getURL(),
      loading: window.webContents.isLoading(),
      waiting: window.webContents.isWaitingForResponse(),
      crashed: window.webContents.isCrashed(),
      pid: window.webContents.getOSProcessId(),
    }));
    const waitsFor: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) waitsFor[name] = (waitsFor[name] ?? 0) + 1;
    const kinds = self.getAppMetrics().map(({ type, pid }) => `${type} ${pid}`);
    return JSON.stringify({ ready: self.isReady(), windows, waitsFor, kinds });
  });
}

/** How far its document is. */
function pageOf(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { app, document, location } = globalThis as unknown as Here;
    const root = document.querySelector("#app");
    const loaded = performance.getEntries().map(({ entryType, name, duration }) => {
      return `${entryType} ${name} ${Math.round(duration)} ms`;
    });
    return JSON.stringify({
      url: location.href,
      readyState: document.readyState,
      visibility: document.visibilityState,
      age: `${Math.round(performance.now())} ms`,
      bridge: typeof app,
      children: root?.childElementCount ?? "no #app",
      html: root?.innerHTML.slice(0, 300),
      text: document.body?.innerText.slice(0, 300),
      loaded,
    });
  });
}

/** Whether main answers it. */
function callOf(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const reply = await (globalThis as unknown as Here).app?.call("windowState");
    return JSON.stringify(reply ?? "there is nobody to call").slice(0, 500);
  });
}

/** Errors and warnings of a page's console, and what nobody caught in it, from before anybody listened. */
export async function saidSoFar(page: Page): Promise<string[]> {
  const [lines, thrown] = await Promise.all([page.consoleMessages(), page.pageErrors()]);
  return [
    ...lines
      .filter((line) => ["error", "warning"].includes(line.type()))
      .map((line) => `${line.type()}: ${line.text()}`),
    ...thrown.map(({ message }) => `uncaught: ${message}`),
  ];
}

/** Which pages there are, as Chromium tells any debugger. */
async function targetsOf(dataFolder: string): Promise<string> {
  const [port] = (await readFile(join(dataFolder, "DevToolsActivePort"), "utf8")).split("\n");
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Record<string, string>[];
  return JSON.stringify(targets.map(({ type, url, title }) => ({ type, url, title })));
}

/** Those that were given this folder, and all that came of them: id, state, age, processor time, where in the system it waits, command. */
async function processesOf(dataFolder: string): Promise<string> {
  const columns = "pid=,ppid=,stat=,etime=,time=,wchan:24=,args=";
  const { stdout } = await promisify(execFile)("ps", ["-e", "-ww", "-o", columns]);
  const all = stdout.split("\n").map((text) => {
    const line = text.trim();
    const [pid, parent] = line.split(/\s+/, 2).map(Number);
    return { line, pid, parent };
  });
  const family = new Set(all.filter(({ line }) => line.includes(dataFolder)).map(({ pid }) => pid));
  // A child may stand before its parent in the list.
  for (let size = 0; size < family.size;) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  const lines = all.filter(({ pid }) => family.has(pid)).map(({ line }) => line.slice(0, COMMAND_LENGTH));
  return ["", ...lines].join("\n  ");
}
