/**
 * The engine as the rest of the app sees it, windows and command line alike: the one owner of the open checkpoint. Its process is
 * started when needed, may crash or be killed, and then comes back with the checkpoint it had. Callers may each work with a
 * checkpoint of their own choice; one is open at a time, and before a request is sent its checkpoint is opened where it is not.
 */
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { EngineApi, EngineEvents, LoadRequest, ModelSummary } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { DEMO_MODEL } from "../api/main.ts";
import type { CallOptions, Client, Connection } from "../wire/rpc.ts";
import { Turns } from "../wire/turns.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor, type ServiceExit } from "../service/supervisor.ts";
import { ALLOCATOR } from "./allocator.ts";
import { Callers, type Listener } from "./callers.ts";
import { providerUnavailable, reportProvider, reportProviders, type ProbeOptions } from "./providers.ts";
import type { EngineProcessApi } from "./service.ts";
import { TIMINGS } from "./timings.ts";
import { UsedForms } from "./usedForms.ts";

export interface EngineOptions {
  /** Whether a list of the providers says which of their own operators are right, too, which takes seconds; not by default. */
  triesForms?: boolean;
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
  /** The folder of the checkpoint that requests call `DEMO_MODEL`. */
  demoModel?: string;
  /** Gets what the process writes; by default it goes to stderr. */
  onLine?: (line: string) => void;
}

export type { Listener } from "./callers.ts";

export interface EngineExit extends ServiceExit {
  /** A person wished it: by `kill`. A process also ends, as expected, when another checkpoint takes its place. */
  killed: boolean;
}

export interface EngineHostEvents extends EngineEvents {
  /** The process has ended; the next request starts another. */
  exit: EngineExit;
}

/** What can be asked of an open checkpoint. */
export type OpenedApi = Pick<Client<EngineApi>, "tokenize" | "check" | "atOnce" | "generate" | "cancel" | "estimate">;

type EngineConnection = Connection<EngineProcessApi, EngineEvents>;
type Target = Parameters<EngineApi["cancel"]>[0];

/** A checkpoint that is open, is being opened, or was open when its process ended. */
interface Opened {
  /** As it was asked for. */
  request: LoadRequest;
  /** Of the last time that it was opened. */
  summary?: ModelSummary;
  /** The process that has it. */
  at?: EngineConnection;
}

/** Makes an engine. Its process starts with the first call that needs it. */
export function startEngine(options: EngineOptions = {}): Promise<Engine> {
  return Promise.resolve(new Engine(options));
}

export class Engine {
  readonly #supervisor: Supervisor<EngineProcessApi, EngineEvents>;
  readonly #probe: ProbeOptions;
  readonly #demoModel: string | undefined;
  readonly #callers: Callers;
  readonly #turns = new Turns();
  readonly #exitListeners = new Set<(exit: EngineExit) => void>();
  /** Cancellations of jobs that wait for the checkpoint and so are not known to the process yet. */
  readonly #early = new Map<string, Target[]>();
  #opened: Opened | undefined;
  #killed = false;
  readonly #forms = new UsedForms();
  readonly #triesForms: boolean;

  constructor(options: EngineOptions = {}) {
    const fork = options.fork ?? forkNode(options.node);
    const kept = options.timings === undefined ? {} : { [TIMINGS]: options.timings };
    const env = { ...ALLOCATOR, ...process.env, ...kept, ...options.env };
    this.#probe = { fork, env, entry: options.probeEntry ?? besideThis("probe") };
    this.#triesForms = options.triesForms ?? false;
    this.#demoModel = options.demoModel;
    this.#supervisor = new Supervisor<EngineProcessApi, EngineEvents>({
      name: "engine",
      entry: options.entry ?? besideThis("process"),
      fork,
      env,
      onLine: options.onLine,
      onExit: (exit) => this.#onExit(exit),
    });
    this.#callers = new Callers(this.#supervisor);
  }

  /** The contract as a caller sees it that is alone: its calls are about the checkpoint that it opened last. */
  readonly api: Client<EngineApi> = {
    providers: () => reportProviders({ ...this.#probe, triesForms: this.#triesForms }),
    load: (request, options) => this.#turns.take(() => this.#open(request, options)),
    tokenize: (prompt, options) => this.#send((api) => api.tokenize(prompt, options)),
    check: (scene, options) => this.#send((api) => api.check(scene, options)),
    atOnce: (scene, options) => this.#send((api) => api.atOnce(scene, options)),
    generate: (request, options) => this.#generate(request, options),
    estimate: (request, options) => this.#send((api) => api.estimate(request, options)),
    cancel: async (target, options) => {
      const waiting = this.#early.get(target.jobId);
      if (waiting) waiting.push(target);
      else await this.#supervisor.current?.api.cancel(target, options);
    },
  };

  /** Undefined while no process runs. */
  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  on<Name extends keyof EngineHostEvents>(name: Name, listener: (payload: EngineHostEvents[Name]) => void): () => void {
    if (name !== "exit") {
      return this.#supervisor.on(name, listener as (payload: EngineEvents[keyof EngineEvents]) => void);
    }
    const own = (exit: EngineExit) => (listener as (exit: EngineExit) => void)(exit);
    this.#exitListeners.add(own);
    return () => this.#exitListeners.delete(own);
  }

  /** Opens a checkpoint, unless it is open: another caller may be using it. */
  load(request: LoadRequest, listener: Listener = {}): Promise<ModelSummary> {
    return this.#turns.take(async () => {
      this.#callers.turnOf(listener);
      await this.#withModel(request);
      return this.summaryOf(request)!;
    });
  }

  /** Sends a request while `model` is open. The reply may come after those of later requests. */
  with<T>(model: LoadRequest, send: (api: OpenedApi) => Promise<T>, listener: Listener = {}): Promise<T> {
    return this.#send(send, listener, model);
  }

  /** The summary of a checkpoint, if it is the one that is open, or comes back with the next request. */
  summaryOf(request: LoadRequest): ModelSummary | undefined {
    return isDeepStrictEqual(this.#opened?.request, request) ? this.#opened?.summary : undefined;
  }

  /**
   * What people call a checkpoint, with the parts that make its pictures others; by its folder while it has not been opened. Runs are
   * known by it: what was drawn as a draft has not been drawn by the checkpoint's own autoencoder.
   */
  nameOf(request: LoadRequest): string {
    const own = this.summaryOf(request)?.name ?? (request.path === DEMO_MODEL ? "demo" : basename(request.path));
    const { prediction, vae, tiny, draft } = request;
    return [
      own,
      ...(prediction ? [prediction === "epsilon" ? "as noise" : "as velocity"] : []),
      ...(draft && tiny ? [`draft by ${basename(tiny)}`] : vae ? [`VAE ${basename(vae)}`] : []),
    ].join(", ");
  }

  /** Stops a job, or one seed of it. What is done already stays done. */
  cancel(target: Target): void {
    this.api.cancel(target).catch(() => undefined); // an engine that died has cancelled everything
  }

  /** Starts the process again after it ended, with the checkpoint it had. */
  async wake(listener: Listener): Promise<ModelSummary | undefined> {
    if (!this.#opened?.summary) return undefined; // what was being opened was not yet open: it is not tried twice
    const { request } = this.#opened;
    await this.with(request, (api) => api.tokenize({ prompt: "", promptWeights: true }), listener);
    return this.summaryOf(request);
  }

  /** Hard cancel: ends the process at once. What waits for it rejects with `cancelled`. */
  kill(): void {
    this.#killed ||= this.pid !== undefined;
    this.#supervisor.kill(new AppError("cancelled", "The engine was stopped by force.", {}));
  }

  /** Ends the process after what it is doing, or by force after a time limit. No call is served after. */
  stop(patience?: number): Promise<void> {
    return this.#supervisor.stop(patience);
  }

  #onExit(exit: ServiceExit): void {
    const killed = this.#killed;
    this.#killed = false;
    if (this.#opened && !killed && !exit.expected) this.#forms.ended(this.#opened.request);
    for (const listener of this.#exitListeners) listener({ ...exit, killed });
  }

  /** Sends in the order of the calls, whatever has to be done before sending; the replies may overtake each other. */
  async #inOrder<T>(send: () => Promise<{ reply: Promise<T> }>): Promise<T> {
    const { reply } = await this.#turns.take(send);
    return reply;
  }

  #send<T>(send: (api: OpenedApi) => Promise<T>, listener: Listener = {}, model?: LoadRequest): Promise<T> {
    return this.#inOrder(async () => {
      this.#callers.turnOf(listener);
      const api = await this.#withModel(model);
      return { reply: this.#callers.during(listener, () => send(api)) };
    });
  }

  #generate(request: Parameters<EngineApi["generate"]>[0], options?: CallOptions): Promise<{ finished: number }> {
    const { jobId } = request;
    const cancelled: Target[] = [];
    this.#early.set(jobId, cancelled);
    return this.#inOrder(async () => {
      this.#callers.turnOf({});
      const api = await this.#withModel().finally(() => this.#early.delete(jobId));
      if (cancelled.some(({ index }) => index === undefined)) {
        throw new AppError("cancelled", "Cancelled before the first picture.", {});
      }
      const reply = api.generate(request, options);
      for (const target of cancelled) void api.cancel(target);
      return { reply };
    });
  }

  /** The running process with a checkpoint open, by default the last one: again, if it was lost or another failed to open. */
  async #withModel(model = this.#opened?.request): Promise<OpenedApi> {
    if (model !== undefined) {
      const isKnown = isDeepStrictEqual(this.#opened?.request, model);
      const isThere = this.#opened?.at !== undefined && this.#opened.at === this.#supervisor.current;
      if (!isKnown) await this.#open(model);
      else if (!isThere) await this.#openHere(model, this.#opened);
    }
    return this.#supervisor.connection().api;
  }

  /** Opens a checkpoint in a process of its own. */
  async #open(request: LoadRequest, options?: CallOptions): Promise<ModelSummary> {
    // A driver may abort the process it is loaded into: let that be a process nobody needs.
    if (request.provider !== "cpu") {
      const isTried = this.#forms.at(request) !== undefined;
      const report = await reportProvider({ ...this.#probe, triesForms: !isTried }, request.provider, request.deviceId);
      if (!report.available) throw await providerUnavailable(this.#probe, report);
      if (!isTried) this.#forms.found(request, report.forms);
    }
    const before = this.#opened;
    this.#opened = { request };
    await this.#endProcess(before?.at);
    return this.#openHere(request, before, options);
  }

  /** Opens a checkpoint in the process that runs or, where none does, in a new one; `before` is what remains if it does not open. */
  async #openHere(request: LoadRequest, before?: Opened, options?: CallOptions): Promise<ModelSummary> {
    try {
      const at = this.#supervisor.connection();
      const isDemo = request.path === DEMO_MODEL && this.#demoModel !== undefined;
      const forms = this.#forms.at(request);
      const path = isDemo ? this.#demoModel : request.path;
      const found = await at.api.load({ ...request, path, ...(forms ? { forms } : {}) }, options);
      const summary = isDemo ? { ...found, path: DEMO_MODEL } : found;
      this.#opened = { request, summary, at };
      return summary;
    } catch (error) {
      // No process has it any more: it is opened again when it is needed.
      this.#opened = before?.summary && { request: before.request, summary: before.summary };
      throw error;
    }
  }

  /**
   * Ends the process once its jobs are done, if it has opened a checkpoint. ONNX Runtime does not give back all memory (measured: 12 to
   * 25 MB stay of each demo model), so every checkpoint gets a process of its own.
   */
  async #endProcess(at: EngineConnection | undefined): Promise<void> {
    if (at === undefined || at !== this.#supervisor.current) return;
    // A process that ends meanwhile has done what is wanted.
    await at.api.unload().then(
      () => this.#supervisor.retire(),
      () => undefined,
    );
  }
}

/** A script in this folder, with this file's own ending: `.ts` as written, `.js` as built. */
function besideThis(name: string): string {
  return fileURLToPath(new URL(name + extname(import.meta.url), import.meta.url));
}
