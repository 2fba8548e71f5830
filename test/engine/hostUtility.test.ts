/** Services as Electron utility processes: the same promises as under Node. Needs an Electron and a (virtual) display. */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { expect, test } from "vitest";
import { ROOT } from "../support/imports.ts";
import { ensureBuilt } from "../e2e/built.ts";
import { findElectron } from "../../tools/electron/runtime.ts";
import { temporaryFolder } from "../support/projects.ts";

const electron = await findElectron();
const isRunnable = electron !== undefined && existsSync("/usr/bin/xvfb-run");

interface Outcome {
  drawn: unknown;
  previews: number;
  cancelled: unknown;
  stepsAfterCancel: number;
  aborted: unknown;
  killed: unknown;
  after: unknown;
  stopping: number;
}

/** Bundles these entries of the support folder as an app, runs it, and gives what it prints. */
async function runApp<Result>(entries: Record<string, string>, args: string[] = []): Promise<Result> {
  const folder = temporaryFolder();
  const support = join(import.meta.dirname, "../support");
  const input = Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(support, file)]));
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true }, // the folder has no packages beside it
    build: {
      ssr: true,
      target: "node20", // what that Electron has inside
      outDir: folder,
      rolldownOptions: {
        input,
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
      },
    },
  });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "utility-app", main: "main.mjs" }));
  const { stdout } = await promisify(execFile)(
    "xvfb-run",
    ["--auto-servernum", electron!.executable, "--no-sandbox", folder, ...args],
    { env: { ...process.env, DIORAMA_NODE: undefined }, timeout: 50_000 },
  );
  const line = stdout.split("\n").find((text) => text.startsWith("OUTCOME "));
  expect(line, stdout).toBeDefined();
  return JSON.parse(line!.slice("OUTCOME ".length)) as Result;
}

test.runIf(isRunnable)("a utility process draws, cancels within a step, survives crashes and stops", async () => {
  const outcome = await runApp<Outcome>({ main: "utilityApp/main.ts", fakeEngine: "fakeEngine.ts" });
  expect(outcome.drawn).toEqual({ value: { finished: 1 } });
  expect(outcome.previews).toBeGreaterThanOrEqual(6); // bytes arrive as bytes
  expect(outcome.cancelled).toMatchObject({ code: "cancelled" });
  expect(outcome.stepsAfterCancel).toBeLessThanOrEqual(2);
  expect(outcome.aborted).toMatchObject({ code: "service-crashed", details: { signal: "SIGABRT" } });
  expect(outcome.killed).toMatchObject({ code: "cancelled" });
  expect(outcome.after).toEqual({ value: { finished: 1 } });
  expect(outcome.stopping).toBeLessThan(5_000);
});

interface RealOutcome {
  /** Version of Node-API in this Electron. */
  napi: number;
  drawn: { width: number; height: number; obedience: number };
  /** Results kept by the store; null where this Electron is too old for its database. */
  kept: number | null;
}

/** better-sqlite3 13 needs it; an Electron of 36 or later has it. */
const NODE_API_OF_STORE = 10;

test.runIf(isRunnable)(
  "the native modules load in utility processes: ONNX Runtime draws, and SQLite keeps, where its Node-API is there",
  { timeout: 120_000 },
  async () => {
    await ensureBuilt();
    const outcome = await runApp<RealOutcome>({ main: "utilityApp/real.ts" }, [ROOT]);
    expect(outcome.drawn).toMatchObject({ width: 64, height: 64 });
    expect(outcome.drawn.obedience).toBeGreaterThan(0);
    expect(outcome.kept).toBe(outcome.napi >= NODE_API_OF_STORE ? 1 : null);
  },
);
