/** `npm run worker`: this machine draws for a pool (workerCommand.ts), with the engine and the models under Node. */
import { startEngine } from "../engine/host.ts";
import { openModels } from "../models/host.ts";
import { dataFolder } from "./dataFolder.ts";
import { deafToInterrupts, DEMO_FOLDER } from "./render.ts";
import { appVersion, type ExitCode, runCommand, type Terminal } from "./terminal.ts";
import { worker as drawForPool } from "./workerCommand.ts";

/** Runs the command line `argv` and returns the exit code. Never throws. */
export function worker(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { env } = terminal;
  const data = dataFolder(env);
  return drawForPool(argv, terminal, {
    ...{ dataFolder: data, app: appVersion(), demoFolder: DEMO_FOLDER },
    startEngine: (onLine) => startEngine({ env: { NODE_OPTIONS: deafToInterrupts(env["NODE_OPTIONS"]) }, onLine }),
    openModels: (onLine) => openModels({ dataFolder: data, lasting: false, env, onLine }),
  });
}

if (import.meta.main) await runCommand(worker);
