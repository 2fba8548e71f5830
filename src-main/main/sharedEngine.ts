/**
 * One engine for all windows. Each window works with a checkpoint of its own choice, and the engine has one open at a time: before a
 * window's request is sent, its checkpoint is opened where it is not.
 */
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { EngineEvents, LoadRequest, ModelSummary } from "../api/engine.ts";
import { DEMO_MODEL } from "../api/main.ts";
import { Turns } from "../api/turns.ts";
import type { Engine } from "../engine/host.ts";

/** Who is told what comes of a call while it lasts: the window that made it, and no other. */
export interface Listener {
  onLoading?: (loading: EngineEvents["loading"]) => void;
  /** The jobs that the call asks for. */
  jobs?: readonly string[];
  onStep?: (step: EngineEvents["step"]) => void;
  onImage?: (image: EngineEvents["image"]) => void;
}

export class SharedEngine {
  readonly #engine: Pick<Engine, "api" | "kill" | "on">;
  /** Of the call that last needed a checkpoint: it is told when one is being opened. */
  #onLoading: Listener["onLoading"];
  readonly #listeners = new Map<string, Listener>();
  readonly #demoFolder: string;
  /** What was opened last, as it was asked for. */
  #open: { request: LoadRequest; summary: ModelSummary } | undefined;
  readonly #turns = new Turns();
  #killed = false;

  constructor(engine: Pick<Engine, "api" | "kill" | "on">, demoFolder: string) {
    this.#engine = engine;
    this.#demoFolder = demoFolder;
    engine.on("loading", (loading) => this.#onLoading?.(loading));
    engine.on("step", (step) => this.#listeners.get(step.jobId)?.onStep?.(step));
    engine.on("image", (image) => this.#listeners.get(image.jobId)?.onImage?.(image));
  }

  /** The summary of a checkpoint, if it is the one that is open. */
  summaryOf(request: LoadRequest): ModelSummary | undefined {
    return isDeepStrictEqual(this.#open?.request, request) ? this.#open?.summary : undefined;
  }

  /** Opens a checkpoint, unless it is open: another window may be using it. */
  load(request: LoadRequest, { onLoading }: Listener = {}): Promise<ModelSummary> {
    return this.#inOrder(async () => {
      this.#onLoading = onLoading;
      const summary = this.summaryOf(request) ?? (await this.#load(request));
      return { reply: Promise.resolve(summary) };
    });
  }

  /** Sends a request while `model` is open. The reply may come after those of later requests. */
  with<T>(model: LoadRequest, send: (api: Engine["api"]) => Promise<T>, listener: Listener = {}): Promise<T> {
    return this.#inOrder(async () => {
      this.#onLoading = listener.onLoading;
      if (!this.summaryOf(model)) await this.#load(model);
      return { reply: this.#listening(listener, () => send(this.#engine.api)) };
    });
  }

  async #listening<T>(listener: Listener, send: () => Promise<T>): Promise<T> {
    const { jobs = [] } = listener;
    for (const id of jobs) this.#listeners.set(id, listener);
    try {
      return await send();
    } finally {
      for (const id of jobs) this.#listeners.delete(id); // its last event came before its reply
    }
  }

  /** What people call a checkpoint; by its folder while it has not been opened. */
  nameOf(request: LoadRequest): string {
    return this.summaryOf(request)?.name ?? (request.path === DEMO_MODEL ? "demo" : basename(request.path));
  }

  /** Stops a job, or one seed of it. What is done already stays done. */
  cancel(target: { jobId: string; index?: number }): void {
    this.#engine.api.cancel(target).catch(() => undefined); // an engine that died has cancelled everything
  }

  /** Starts the process again after it ended, with the checkpoint it had. */
  async wake(listener: Listener): Promise<ModelSummary | undefined> {
    if (!this.#open) return undefined;
    const { request } = this.#open;
    await this.with(request, (api) => api.tokenize(""), listener);
    return this.summaryOf(request);
  }

  /** Ends the process at once, because the person said so. */
  kill(): void {
    this.#killed = true;
    this.#engine.kill();
  }

  /** Whether the end of a process was the person's wish; each is asked about once. */
  wasKilled(): boolean {
    const killed = this.#killed;
    this.#killed = false;
    return killed;
  }

  async #load(request: LoadRequest): Promise<ModelSummary> {
    this.#open = undefined;
    const isDemo = request.path === DEMO_MODEL;
    const summary = await this.#engine.api.load(isDemo ? { ...request, path: this.#demoFolder } : request);
    const told = isDemo ? { ...summary, path: DEMO_MODEL } : summary;
    this.#open = { request, summary: told };
    return told;
  }

  async #inOrder<T>(send: () => Promise<{ reply: Promise<T> }>): Promise<T> {
    const { reply } = await this.#turns.take(send);
    return reply;
  }
}
