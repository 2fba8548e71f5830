/** The store as the rest of the app sees it: its process is started when needed, and after a crash opens the project again. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { CallOptions, Client } from "../api/rpc.ts";
import type { ProjectInfo, StoreApi, StoreEvents } from "../api/store.ts";
import { storeSchemas } from "../api/storeMessages.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor, type ServiceExit } from "../service/supervisor.ts";

export interface StoreOptions {
  /** Folder for the app's own data; made when missing. */
  dataFolder: string;
  /** How to start a process: `forkNode()` by default; inside Electron `forkUtility(utilityProcess.fork)`, or DIORAMA_NODE. */
  fork?: Fork;
  /** The script of the service; by default the one beside this file. */
  entry?: string;
  onExit?: (exit: ServiceExit) => void;
  onLine?: (line: string) => void;
}

export interface Store {
  readonly api: Client<StoreApi>;
  on<Name extends keyof StoreEvents>(name: Name, listener: (payload: StoreEvents[Name]) => void): () => void;
  /** Closes the project and ends the process. No call is served after. */
  stop(patience?: number): Promise<void>;
  readonly pid: number | undefined;
}

type Method = keyof StoreApi;
/** Calls that make sense without the project, and so must not fail when it cannot be opened again. */
const INDEPENDENT: readonly Method[] = [
  "createProject",
  "openProject",
  "closeProject",
  "recentProjects",
  "forgetProject",
  "knownModels",
  "rememberModel",
  "forgetModel",
  "readPreferences",
  "writePreferences",
];
type AnyCall = (request: unknown, options?: CallOptions) => Promise<unknown>;

/** Makes a store. Its process starts with the first call. */
export function startStore({ dataFolder, fork = forkNode(), entry, onExit, onLine }: StoreOptions): Store {
  const supervisor = new Supervisor<StoreApi, StoreEvents>({
    name: "store",
    entry: entry ?? fileURLToPath(new URL(`process${extname(import.meta.url)}`, import.meta.url)),
    fork,
    env: { ...process.env, DIORAMA_DATA: dataFolder },
    onLine,
    onExit: (exit) => onExit?.(exit),
  });

  /** The project to have open, and the process that was told so. */
  let wanted: { path: string; identity: string } | undefined;
  const remember = ({ path, identity }: ProjectInfo) => (wanted = { path, identity });
  supervisor.on("place", ({ project }) => void remember(project));
  let toldTo: unknown;
  let reopening: Promise<unknown> = Promise.resolve();

  const call = async (method: Method, request: unknown, options?: CallOptions) => {
    const connection = supervisor.connection();
    if (toldTo !== connection) {
      toldTo = connection;
      reopening = wanted === undefined ? Promise.resolve() : connection.api.openProject(wanted);
    }
    await reopening.catch((error: unknown) => {
      if (INDEPENDENT.includes(method)) return;
      toldTo = undefined; // the next call tries again
      throw error;
    });
    const value = await (connection.api[method] as AnyCall)(request, options);
    if (method === "openProject" || method === "createProject") remember(value as ProjectInfo);
    if (method === "closeProject") wanted = undefined;
    return value;
  };
  const methods = Object.keys(storeSchemas) as Method[];
  const entries = methods.map((method) => [
    method,
    (request: unknown, options?: CallOptions) => call(method, request, options),
  ]);

  return {
    api: Object.fromEntries(entries) as Client<StoreApi>,
    on: (name, listener) => supervisor.on(name, listener),
    stop: (patience) => supervisor.stop(patience),
    get pid() {
      return supervisor.pid;
    },
  };
}
