/** The models at home as the main process and the command line see them: a process that is started when there is something to ask. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "../wire/rpc.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor } from "../service/supervisor.ts";
import { modelsSchemas, type ModelsApi, type ModelsEvents } from "./api.ts";

export type { ModelsApi, ModelsEvents } from "./api.ts";

export interface ModelsAtHome {
  readonly api: Client<ModelsApi>;
  on<Name extends keyof ModelsEvents>(name: Name, listener: (payload: ModelsEvents[Name]) => void): () => void;
  stop(patience?: number): Promise<void>;
}

export interface ModelsOptions {
  /** The app's own data, where folders, favourites and what was seen are kept. */
  dataFolder: string;
  /** Folders are watched and hashes computed for as long as it runs; a command asks once. */
  lasting: boolean;
  /** How to start the process; by default as Node. */
  fork?: Fork;
  /** The script of the service; by default the one beside this file. */
  entry?: string;
  env?: Record<string, string | undefined>;
  onLine?: (line: string) => void;
}

/** The process starts with the first call, and another one after a crash. */
export function openModels({
  dataFolder,
  lasting,
  fork = forkNode(),
  entry,
  env,
  onLine,
}: ModelsOptions): ModelsAtHome {
  const supervisor = new Supervisor<ModelsApi, ModelsEvents>({
    name: "models",
    entry: entry ?? fileURLToPath(new URL(`process${extname(import.meta.url)}`, import.meta.url)),
    fork,
    env: { ...process.env, ...env, DIORAMA_DATA: dataFolder, DIORAMA_LASTING: lasting ? "1" : "" },
    onLine,
    onExit: () => undefined, // each call is on its own: the next one starts another
  });
  const entries = (Object.keys(modelsSchemas) as (keyof ModelsApi)[]).map((name) => {
    return [name, (...call: never) => (supervisor.connection().api[name] as AnyCall)(...(call as unknown[]))] as const;
  });
  return {
    api: Object.fromEntries(entries) as unknown as Client<ModelsApi>,
    on: (name, listener) => supervisor.on(name, listener),
    stop: (patience) => supervisor.stop(patience),
  };
}

type AnyCall = (...call: unknown[]) => Promise<unknown>;
