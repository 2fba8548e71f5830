/**
 * The engine as the rest of the app sees it: a client whose process is started when needed, may crash or be killed, and then
 * comes back with the checkpoint it had.
 */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineApi, EngineEvents, LoadRequest, ModelSummary } from "../api/engine.ts";
import { AppError } from "../api/errors.ts";
import type { CallOptions, Client, Connection } from "../api/rpc.ts";
import { Turns } from "../api/turns.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor, type ServiceExit } from "../service/supervisor.ts";
import { providerUnavailable, reportProvider, reportProviders } from "./providers.ts";
import type { EngineProcessApi } from "./service.ts";
import { TIMINGS } from "./timings.ts";

export interface EngineOptions {
  /** The Node binary to run under; by default DIORAMA_NODE or, outside Electron, this process's own. */
  node?: string;
  /** How to start a process, in place of `node`: inside Electron `forkUtility(utilityProcess.fork)`. */
  fork?: Fork;
  /** More environment variables for the process. */
  env?: Record<string, string | undefined>;
  /** The file in which the process keeps what drawing takes on this machine; by default it keeps nothing. */
  timings?: string;
  /** The scripts of the service and of the probe; by default the ones beside this file. */
  entry?: string;
  probeEntry?: string;
  onExit?: (exit: ServiceExit) => void;
  /** Gets what the process writes; by default it goes to stderr. */
  onLine?: (line: string) => void;
}

export interface EngineHostEvents extends EngineEvents {
  /** The process has ended; the next request starts another. */
  exit: ServiceExit;
}

export interface Engine {
  readonly api: Client<EngineApi>;
  on<Name extends keyof EngineHostEvents>(name: Name, listener: (payload: EngineHostEvents[Name]) => void): () => void;
  /** Hard cancel: ends the process at once. What waits for it rejects with `cancelled`. */
  kill(): void;
  /** Ends the process after what it is doing, or by force after a time limit. No call is served after. */
  stop(patience?: number): Promise<void>;
  /** Undefined while no process runs. */
  readonly pid: number | undefined;
}

type EngineConnection = Connection<EngineProcessApi, EngineEvents>;
type Target = Parameters<EngineApi["cancel"]>[0];

/** glibc keeps freed memory unless told otherwise; a dropped checkpoint would stay resident. */
const GIVE_MEMORY_BACK = { MALLOC_TRIM_THRESHOLD_: "0", MALLOC_MMAP_THRESHOLD_: "65536" };

/** Makes an engine. Its process starts with the first call that needs it. */
export function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const fork = options.fork ?? forkNode(options.node);
  const kept = options.timings === undefined ? {} : { [TIMINGS]: options.timings };
  const env = { ...(process.platform === "linux" ? GIVE_MEMORY_BACK : {}), ...process.env, ...kept, ...options.env };
  const probe = { fork, env, entry: options.probeEntry ?? besideThis("probe") };
  const exitListeners = new Set<(exit: ServiceExit) => void>(options.onExit ? [options.onExit] : []);

  /** The checkpoint to have open, and the process that has it. */
  let wanted: LoadRequest | undefined;
  let opening: { at: EngineConnection; summary: Promise<ModelSummary> } | undefined;

  const supervisor = new Supervisor<EngineProcessApi, EngineEvents>({
    name: "engine",
    entry: options.entry ?? besideThis("process"),
    fork,
    env,
    onLine: options.onLine,
    onExit: (exit) => {
      for (const listener of exitListeners) listener(exit);
    },
  });

  const turns = new Turns();
  /** Sends in the order of the calls, whatever has to be done before sending; the replies may overtake each other. */
  const inOrder = async <T>(send: () => Promise<{ reply: Promise<T> }>): Promise<T> => {
    const { reply } = await turns.take(send);
    return reply;
  };
  const open = (request: LoadRequest, callOptions?: CallOptions): Promise<ModelSummary> => {
    const at = supervisor.connection();
    const attempt = { at, summary: at.api.load(request, callOptions) };
    opening = attempt;
    const settle = (opened: boolean) => {
      if (opening !== attempt) return; // another checkpoint, or none, has been asked for since
      if (opened) wanted = request;
      else opening = undefined;
    };
    attempt.summary.then(
      () => settle(true),
      () => settle(false),
    );
    return attempt.summary;
  };
  /**
   * Ends the process once its jobs are done, if it has opened a checkpoint. ONNX Runtime does not give back all memory (measured: 12 to
   * 25 MB stay of each demo model), so every checkpoint gets a process of its own.
   */
  const endProcess = async () => {
    if (opening === undefined || opening.at !== supervisor.current) return;
    const { at } = opening;
    opening = undefined;
    // A process that ends meanwhile has done what is wanted.
    await at.api.unload().then(
      () => supervisor.retire(),
      () => undefined,
    );
  };
  /** The running process, with the checkpoint open: again, if it was lost or another failed to open. */
  const withModel = async () => {
    const isOpening = () => opening !== undefined && opening.at === supervisor.current;
    if (isOpening()) await opening?.summary.catch(() => undefined);
    if (wanted && !isOpening()) await open(wanted);
    return supervisor.connection().api;
  };

  /** Cancellations of jobs that wait for the checkpoint and so are not known to the process yet. */
  const early = new Map<string, Target[]>();
  const generate: Client<EngineApi>["generate"] = (request, callOptions) => {
    const { jobId } = request;
    const cancelled: Target[] = [];
    early.set(jobId, cancelled);
    return inOrder(async () => {
      const process = await withModel().finally(() => early.delete(jobId));
      if (cancelled.some(({ index }) => index === undefined)) {
        throw new AppError("cancelled", "Cancelled before the first picture.", {});
      }
      const reply = process.generate(request, callOptions);
      for (const target of cancelled) void process.cancel(target);
      return { reply };
    });
  };
  const cancel: Client<EngineApi>["cancel"] = async (target, callOptions) => {
    const waiting = early.get(target.jobId);
    if (waiting) waiting.push(target);
    else await supervisor.current?.api.cancel(target, callOptions);
  };

  const api: Client<EngineApi> = {
    providers: () => reportProviders(probe),
    load: (request, callOptions) =>
      inOrder(async () => {
        // A driver may abort the process it is loaded into: let that be a process nobody needs.
        if (request.provider !== "cpu") {
          const report = await reportProvider(probe, request.provider, request.deviceId);
          if (!report.available) throw await providerUnavailable(probe, report);
        }
        await endProcess();
        return { reply: open(request, callOptions) };
      }),
    tokenize: (prompt, callOptions) =>
      inOrder(async () => ({ reply: (await withModel()).tokenize(prompt, callOptions) })),
    check: (scene, callOptions) => inOrder(async () => ({ reply: (await withModel()).check(scene, callOptions) })),
    generate,
    cancel,
  };

  return Promise.resolve({
    api,
    on: (name, listener) => {
      if (name !== "exit") return supervisor.on(name, listener as (payload: EngineEvents[keyof EngineEvents]) => void);
      const own = (exit: ServiceExit) => (listener as (exit: ServiceExit) => void)(exit);
      exitListeners.add(own);
      return () => exitListeners.delete(own);
    },
    kill: () => supervisor.kill(new AppError("cancelled", "The engine was stopped by force.", {})),
    stop: (patience) => supervisor.stop(patience),
    get pid() {
      return supervisor.pid;
    },
  });
}

/** A script in this folder, with this file's own ending: `.ts` as written, `.js` as built. */
function besideThis(name: string): string {
  return fileURLToPath(new URL(name + extname(import.meta.url), import.meta.url));
}
