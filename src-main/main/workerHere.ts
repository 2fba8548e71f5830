/** The packaged program with `--worker`: no window, this machine draws for a pool. The same as `npm run worker`. */
import { app } from "electron";
import { worker } from "../cli/workerCommand.ts";
import { startEngine } from "../engine/host.ts";
import { openModels } from "../models/host.ts";
import { DEAF } from "../service/interrupts.ts";
import { findFolders } from "./folders.ts";
import { findServices } from "./services.ts";
import { onInterrupt } from "./terminalHere.ts";

export async function runWorkerHere(words: readonly string[]): Promise<void> {
  await app.whenReady();
  const folders = findFolders();
  const { fork, entry } = findServices();
  const code = await worker(
    words,
    {
      ...{ stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd(), onInterrupt },
      now: () => performance.now(),
      exitNow: (now) => app.exit(now),
    },
    {
      ...{ dataFolder: folders.data, app: app.getVersion(), demoFolder: folders.demoModel },
      startEngine: (onLine) =>
        startEngine({
          ...{ fork, env: { [DEAF]: "1" }, entry: entry("engine"), probeEntry: entry("engineProbe"), onLine },
        }),
      openModels: (onLine) =>
        openModels({ dataFolder: folders.data, lasting: false, fork, entry: entry("models"), onLine }),
    },
  );
  app.exit(code);
}
