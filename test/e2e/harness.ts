/**
 * Starts the real app for a test: the Electron of tools/electron under Xvfb, with a data folder of its own and the services under the
 * Node that runs the tests. `launch` gives the app and its first window; what goes wrong in the page is collected in `problems`.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, type ElectronApplication, errors, type Page } from "playwright-core";
import { ROOT } from "../support/imports.ts";
import { findElectron } from "../../tools/electron/runtime.ts";
import { ensureBuilt } from "./built.ts";
import { displayForTests } from "./display.ts";
import { lookAt, lookFromOutside, saidSoFar } from "./lostStart.ts";

/** Undefined where none could be fetched: the tests that need it are skipped. */
export const electron = await findElectron();

/** A process that is just ending may still write into the folder. */
const GONE = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };

export interface LaunchOptions {
  /** Of an earlier launch: the app finds what that one left. By default a new one, removed at the end. */
  dataFolder?: string;
  /** Files to open, as on a command line. */
  files?: string[];
  env?: Record<string, string>;
}

export interface RunningApp extends AsyncDisposable {
  app: ElectronApplication;
  /** The first window, loaded. */
  page: Page;
  dataFolder: string;
  /** Errors and warnings of the console, uncaught errors, refused loads: of all windows. */
  problems: string[];
  /** What main and services wrote. */
  output: string[];
  /** Ends the app as a person would, and waits. The data folder stays. */
  quit(): Promise<void>;
  /** Ends it as a power cut would, and waits. */
  kill(): Promise<void>;
}

/** How long a start may take on a slow machine, in milliseconds. */
const START_LIMIT = 60_000;
const LOOK_BEFORE = 10_000;

/** The command line that starts the app, and its environment. */
export async function commandOf({ dataFolder, files = [], env = {} }: LaunchOptions & { dataFolder: string }) {
  if (!electron) throw new Error("there is no Electron on this machine: npm run electron:runtime");
  const display = await displayForTests();
  const isRoot = process.platform === "linux" && process.getuid?.() === 0;
  return {
    command: electron.executable,
    args: [...(isRoot ? ["--no-sandbox"] : []), `--user-data-dir=${dataFolder}`, ROOT, ...files],
    env: {
      ...(process.env as Record<string, string>),
      ...electron.vulkan,
      ...(display === undefined ? {} : { DISPLAY: display }),
      DIORAMA_NODE: process.execPath,
      ...env,
    },
  };
}

/**
 * Starts the app, and waits until its first window is complete. A start that the machine lost is told of and made once more; what the
 * app itself does wrong is not.
 */
export async function launch(options: LaunchOptions = {}): Promise<RunningApp> {
  await ensureBuilt();
  try {
    return await start(options);
  } catch (error) {
    if (!(error instanceof LostStart)) throw error;
    console.warn(`${error.message}\nStarting it once more.`);
    return start(options);
  }
}

/** A start after which nothing was wrong, and nothing there. */
class LostStart extends Error {}

async function start({ dataFolder, ...options }: LaunchOptions): Promise<RunningApp> {
  const folder = dataFolder ?? (await mkdtemp(join(tmpdir(), "diorama-e2e-")));
  const { command, args, env } = await commandOf({ ...options, dataFolder: folder });
  const problems: string[] = [];
  const output: string[] = [];
  const before = await sessionOf(folder);
  // A driver that loses an app ends it, so that it has to be looked at before.
  let lastLook: string[] = [];
  const look = async () => void (lastLook = await lookFromOutside(folder));
  const looking = setTimeout(() => void look(), START_LIMIT - LOOK_BEFORE);
  const app = await _electron
    .launch({ executablePath: command, args, env, timeout: START_LIMIT })
    .catch((error: unknown) => {
      // It waits for the first page to be loaded, so that this is seen as well of an app that never comes so far.
      if (!(error instanceof errors.TimeoutError)) throw error;
      throw new LostStart(["The driver lost the app at its start.", ...lastLook].join("\n"), { cause: error });
    })
    .finally(() => clearTimeout(looking));
  for (const stream of [app.process().stdout, app.process().stderr]) {
    stream?.on("data", (bytes: Buffer) => output.push(bytes.toString()));
  }
  const watch = (page: Page) => {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      // What the window itself took back: a picture that another has taken the place of.
      if (why !== "net::ERR_ABORTED") problems.push(`failed: ${request.url()} ${why}`);
    });
  };
  app.on("window", watch);
  for (const page of app.windows()) {
    watch(page);
    problems.push(...(await saidSoFar(page)));
  }
  let isOver = false;
  app.once("close", () => (isOver = true));
  const quit = async () => {
    if (!isOver) await app.close();
  };
  const kill = async () => {
    const gone = new Promise<void>((resolve) => app.once("close", () => resolve()));
    app.process().kill("SIGKILL");
    await gone;
  };
  const firstPage = async () => {
    const page = await app.firstWindow({ timeout: START_LIMIT });
    await ready(page);
    return page;
  };
  const page = await firstPage().catch(async (error: unknown) => {
    const found = await lookAt(app, folder);
    // A start that has opened a project has left something in a folder that is somebody's: the next one would be another.
    const isRepeatable = dataFolder === undefined || (await sessionOf(folder)) === before;
    app.process().kill("SIGKILL");
    if (dataFolder === undefined) await rm(folder, GONE);
    const message = [
      "The app did not start.",
      `It said: ${output.join("").slice(-2_000)}`,
      `Its pages: ${problems.join("; ")}`,
      ...found,
    ].join("\n");
    const isLost = error instanceof errors.TimeoutError && problems.length === 0 && isRepeatable;
    throw new (isLost ? LostStart : Error)(message, { cause: error });
  });
  return {
    app,
    page,
    dataFolder: folder,
    problems,
    output,
    quit,
    kill,
    [Symbol.asyncDispose]: async () => {
      await quit();
      if (dataFolder === undefined) await rm(folder, GONE);
    },
  };
}

/** What main noted of the open projects. */
const sessionOf = (folder: string) => readFile(join(folder, "session.json"), "utf8").catch(() => undefined);

interface Shown {
  document: { readyState: string; querySelector(selector: string): unknown };
}

/** Waits until the page is complete and shows the editor; what it shows instead fails at once. */
async function ready(page: Page): Promise<void> {
  const isComplete = () => {
    const { document } = globalThis as unknown as Shown;
    return document.readyState === "complete" && document.querySelector(".window header, .window > .failed") !== null;
  };
  // Not `waitForLoadState`: a page that was there before the driver has no "load" to tell of any more. Polled by time: an
  // unpainted one has no frames.
  await page.waitForFunction(isComplete, undefined, { timeout: START_LIMIT, polling: 100 });
  if ((await page.locator(".window > .failed").count()) > 0) throw new Error("the window shows why it could not start");
}
