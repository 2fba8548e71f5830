/** The process that asks a pool, here without one, and main's end of it. */
import { onTestFinished } from "vitest";
import type { Pool } from "../../src-main/api/poolCalls.ts";
import { DEMO_FOLDER } from "../../src-main/cli/render.ts";
import { PoolHost } from "../../src-main/pool/host.ts";
import { runService } from "../../src-main/pool/service.ts";
import type { Exit, Fork } from "../../src-main/service/child.ts";
import { memoryPorts } from "./memoryPorts.ts";

/** The service without a process, which can be ended as a process is. */
function hereFork(folder: string): { fork: Fork; kill: () => void } {
  let kill: () => void = () => undefined;
  const fork: Fork = () => {
    const { near, far, close } = memoryPorts();
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    runService(far, { folder, app: "0.1.0", demo: DEMO_FOLDER, lookEvery: 200 }, () => undefined);
    kill = () => {
      close();
      resolve({ code: null, signal: "SIGKILL", lastWords: "" });
    };
    return { pid: 1, port: near, exited, kill };
  };
  return { fork, kill: () => kill() };
}

/** A pool as main has it, with its data in a folder. */
export function hostIn(folder: string) {
  const { fork, kill } = hereFork(folder);
  const host = new PoolHost({ dataFolder: folder, app: "0.1.0", fork, entry: "pool", again: 50 });
  const told: (Pool | null)[] = [];
  const logs: string[] = [];
  host.on("pool", ({ pool }) => told.push(pool));
  host.on("log", ({ message }) => logs.push(message));
  onTestFinished(() => host.stop(100));
  return { host, told, logs, kill };
}
