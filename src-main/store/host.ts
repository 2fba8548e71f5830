/**
 * The store as the rest of the app sees it: its process is started when needed, and after a crash opens the project again. A call that
 * the crash cut off is made again where that does no harm (policy.ts).
 */
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, isAppError } from "../wire/errors.ts";
import type { CallOptions, Client, Connection } from "../wire/rpc.ts";
import type { ProjectInfo, StoreApi, StoreEvents } from "../api/store.ts";
import { storeSchemas } from "../api/storeMessages.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor, type ServiceExit } from "../service/supervisor.ts";
import { Watchdog } from "../service/watchdog.ts";
import { is } from "./policy.ts";

export interface StoreOptions {
  /** Folder for the app's own data; made when missing. */
  dataFolder: string;
  /** How to start a process: `forkNode()` by default; inside Electron `forkUtility(utilityProcess.fork)`, or DIORAMA_NODE. */
  fork?: Fork;
  /** The script of the service; by default the one beside this file. */
  entry?: string;
  onExit?: (exit: ServiceExit) => void;
  onLine?: (line: string) => void;
  /** Called when a project does not answer; without it, calls wait for ever. */
  onSilence?: (silence: StoreSilence) => void;
  /** Milliseconds that each call may take before that; for tests. */
  patienceOf?: (method: string) => number;
}

/** A project that does not answer: its disk has gone to sleep for good, or it was made to keep SQLite busy. */
export interface StoreSilence {
  /** File name without its ending. */
  name: string;
  /** It is being opened; otherwise it is open. */
  isOpening: boolean;
  /** Aborts when it has answered after all, or its process has ended. */
  over: AbortSignal;
  /** Ends the process. What waits for it fails with a reason that names the project, and the next call starts another. */
  giveUp: () => void;
}

export interface Store {
  readonly api: Client<StoreApi>;
  on<Name extends keyof StoreEvents>(name: Name, listener: (payload: StoreEvents[Name]) => void): () => void;
  /** Closes the project and ends the process. No call is served after. */
  stop(patience?: number): Promise<void>;
  readonly pid: number | undefined;
}

type Method = keyof StoreApi;
/** Milliseconds after which a person would ask what is going on. SQLite cannot be interrupted here, so that the process is watched instead. */
const PATIENCE = 10_000;
const LONG_PATIENCE = 60_000;

/** How often a call is made again to another process. */
const RETRIES = 2;

function usualPatience(method: string): number {
  return is(method as Method, "long") ? LONG_PATIENCE : PATIENCE;
}

type AnyCall = (request: unknown, options?: CallOptions) => Promise<unknown>;

/** Makes a store. Its process starts with the first call. */
export function startStore(options: StoreOptions): Store {
  const { dataFolder, fork = forkNode(), entry, onExit, onLine, onSilence, patienceOf = usualPatience } = options;
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
  const watchdog = new Watchdog(patienceOf, ({ name: method, request, over }) => {
    const isOpening = method === "openProject" || method === "createProject";
    const path = isOpening ? (request as { path: string }).path : wanted?.path;
    if (path === undefined) return;
    const name = basename(path, extname(path));
    const message = `${path} did not answer and was given up. Its disk may be gone, or it is damaged; open it again, or a copy from a backup.`;
    const giveUp = () => supervisor.kill(new AppError("project-invalid", message, { path }));
    onSilence?.({ name, isOpening: isOpening && path !== wanted?.path, over, giveUp });
  });
  let toldTo: unknown;
  let reopening: Promise<unknown> = Promise.resolve();

  const reopen = ({ api }: Pick<Connection<StoreApi, StoreEvents>, "api">, project: NonNullable<typeof wanted>) =>
    watchdog.watch("openProject", project, () => api.openProject(project));
  const call = async (method: Method, request: unknown, options?: CallOptions) => {
    const connection = supervisor.connection();
    if (toldTo !== connection) {
      toldTo = connection;
      reopening = wanted === undefined ? Promise.resolve() : reopen(connection, wanted);
    }
    await reopening.catch((error: unknown) => {
      if (is(method, "alone")) return;
      toldTo = undefined; // the next call tries again
      throw error;
    });
    const send = connection.api[method] as AnyCall;
    const value = await watchdog.watch(method, request, () => send(request, options));
    if (method === "openProject" || method === "createProject") remember(value as ProjectInfo);
    if (method === "closeProject") wanted = undefined;
    return value;
  };
  /** Callers need not know that a process may die where a call can be made again. */
  const patiently = async (method: Method, request: unknown, options?: CallOptions) => {
    for (let tries = 0; ; tries++) {
      try {
        return await call(method, request, options);
      } catch (error) {
        if (!is(method, "again") || !isAppError(error, "service-crashed") || tries === RETRIES) throw error;
      }
    }
  };
  const methods = Object.keys(storeSchemas) as Method[];
  const entries = methods.map((method) => [
    method,
    (request: unknown, options?: CallOptions) => patiently(method, request, options),
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
