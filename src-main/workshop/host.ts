/** The workshop as the main process sees it: a process for short work, started when there is some. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "../wire/rpc.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor } from "../service/supervisor.ts";
import type { WorkshopApi } from "./api.ts";

export type { SheetEntry } from "./api.ts";

export interface Workshop {
  readonly api: Client<WorkshopApi>;
  stop(patience?: number): Promise<void>;
}

export interface WorkshopOptions {
  /** How to start the process; by default as Node. */
  fork?: Fork;
  /** The script of the service; by default the one beside this file. */
  entry?: string;
}

/** Makes a workshop. Its process starts with the first call. */
export function openWorkshop({ fork = forkNode(), entry }: WorkshopOptions = {}): Workshop {
  const supervisor = new Supervisor<WorkshopApi, Record<string, never>>({
    name: "workshop",
    entry: entry ?? fileURLToPath(new URL(`process${extname(import.meta.url)}`, import.meta.url)),
    fork,
    env: process.env,
    onExit: () => undefined, // each call is on its own: the next one starts another
  });
  return {
    api: {
      inspectModel: (request) => supervisor.connection().api.inspectModel(request),
      inspectLora: (request) => supervisor.connection().api.inspectLora(request),
      isLora: (request) => supervisor.connection().api.isLora(request),
      networkFile: (request) => supervisor.connection().api.networkFile(request),
      hashFile: (request) => supervisor.connection().api.hashFile(request),
      shrink: (request) => supervisor.connection().api.shrink(request),
      bare: (request) => supervisor.connection().api.bare(request),
      contactSheet: (request) => supervisor.connection().api.contactSheet(request),
      writePicture: (request) => supervisor.connection().api.writePicture(request),
      writeFile: (request) => supervisor.connection().api.writeFile(request),
      lookAt: (request) => supervisor.connection().api.lookAt(request),
      pictureAt: (request) => supervisor.connection().api.pictureAt(request),
      pictureFrom: (request) => supervisor.connection().api.pictureFrom(request),
    },
    stop: (patience) => supervisor.stop(patience),
  };
}
