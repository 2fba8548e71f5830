/** The engine as an Electron utility process: the same promises as under Node. Needs an Electron and a (virtual) display. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { expect, test } from "vitest";
import { findElectron } from "../../tools/electron/runtime.ts";
import { displayForTests } from "../e2e/display.ts";
import { temporaryFolder } from "../support/projects.ts";

const electron = await findElectron();

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

async function runApp(): Promise<Outcome> {
  const folder = temporaryFolder();
  const support = join(import.meta.dirname, "../support");
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true }, // the folder has no packages beside it
    build: {
      ssr: true,
      target: "node20", // what that Electron has inside
      outDir: folder,
      rolldownOptions: {
        input: { main: join(support, "utilityApp/main.ts"), fakeEngine: join(support, "fakeEngine.ts") },
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
      },
    },
  });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "utility-app", main: "main.mjs" }));
  const display = await displayForTests();
  const { stdout } = await promisify(execFile)(electron!.executable, ["--no-sandbox", folder], {
    env: { ...process.env, ...(display === undefined ? {} : { DISPLAY: display }), DIORAMA_NODE: undefined },
    timeout: 50_000,
  });
  const line = stdout.split("\n").find((text) => text.startsWith("OUTCOME "));
  expect(line, stdout).toBeDefined();
  return JSON.parse(line!.slice("OUTCOME ".length)) as Outcome;
}

test.runIf(electron)("a utility process draws, cancels within a step, survives crashes and stops", async () => {
  const outcome = await runApp();
  expect(outcome.drawn).toEqual({ value: { finished: 1 } });
  expect(outcome.previews).toBeGreaterThanOrEqual(6); // bytes arrive as bytes
  expect(outcome.cancelled).toMatchObject({ code: "cancelled" });
  expect(outcome.stepsAfterCancel).toBeLessThanOrEqual(2);
  expect(outcome.aborted).toMatchObject({ code: "service-crashed", details: { signal: "SIGABRT" } });
  expect(outcome.killed).toMatchObject({ code: "cancelled" });
  expect(outcome.after).toEqual({ value: { finished: 1 } });
  expect(outcome.stopping).toBeLessThan(5_000);
});
