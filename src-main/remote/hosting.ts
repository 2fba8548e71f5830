/**
 * What this machine does for others that draw on it: one engine for all of them, a picture each in turn, with the models that it has
 * itself. What one of them stops, or leaves, stops nothing of the others.
 */
import type { Engine, Listener } from "../engine/host.ts";
import type { GenerateRequest, LoadRequest } from "../api/engine.ts";
import type { MachineInfo } from "../api/machines.ts";
import { DrawingTurns } from "../service/drawingTurns.ts";
import { AppError } from "../wire/errors.ts";
import { type Port, serve, type Server } from "../wire/rpc.ts";
import { Turns } from "../wire/turns.ts";
import type { ModelsAtHome } from "../models/host.ts";
import { type DrawThere, MOST_AT_ONCE, type RemoteApi, type RemoteEvents, remoteSchemas } from "./contract.ts";
import { deviceName, preferredProvider } from "./device.ts";
import { Offered } from "./offered.ts";
import { packImage, packStep, pixelsOf } from "./pack.ts";

export interface HostingOptions {
  engine: Pick<Engine, "with" | "load" | "cancel" | "summaryOf" | "api">;
  models: Pick<ModelsAtHome, "api" | "on">;
  name: string;
  app: string;
}

/** What of a session the work for it needs. */
export interface Guest {
  port: Port;
  /** Names the person's machine: its sessions share a turn. */
  machine: string;
  /** Names the session. */
  id: string;
  /** Resolves when the other side has taken most of what it was sent. */
  room: () => Promise<void>;
}

/** A picture that somebody waits for, or several side by side. */
interface Asked {
  jobId: string;
  /** Until it is in work or cancelled: what waits cancelled keeps its place, and should keep no pictures. */
  request: DrawThere | undefined;
  isSent: boolean;
  isStopped: boolean;
  /** Those among several that nobody wants any more. */
  dropped: Set<number>;
  /** Rejects what waits for its turn. */
  stop: (why: AppError) => void;
}

/** Pictures and questions that one session may have asked for at a time. */
const MOST_ASKED = 64;
/** Of one machine, what was cancelled but still has its place in the line among them. */
const MOST_WAITING = 2 * MOST_ASKED;
/** Changes in the models come in swarms. */
const SETTLE = 300;

export class Hosting {
  readonly #options: HostingOptions;
  readonly #offered: Offered;
  readonly #turns = new DrawingTurns();
  /** By machine: one picture of each waits at a time, so that nobody gains by asking for many. */
  readonly #ofMachine = new Map<string, { turns: Turns; waiting: number }>();
  readonly #servers = new Set<Server<RemoteEvents>>();
  #what: Promise<Pick<MachineInfo, "device" | "provider">> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HostingOptions) {
    this.#options = options;
    this.#offered = new Offered(options.models.api, options.name);
    options.models.on("changed", () => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        if (this.#servers.size > 0)
          void this.info().then(
            (info) => this.#tell(info),
            () => undefined,
          );
      }, SETTLE);
      this.#timer.unref();
    });
  }

  async info(): Promise<MachineInfo> {
    this.#what ??= this.#look();
    const { name, app } = this.#options;
    return { name, app, ...(await this.#what), models: await this.#offered.list() };
  }

  /** Answers the calls of a session until it ends. */
  serve(guest: Guest): void {
    const asked = new Map<string, Asked>();
    const server: Server<RemoteEvents> = serve<RemoteApi, RemoteEvents>(
      guest.port,
      {
        info: () => this.info(),
        load: async ({ call, model }, { signal }) => {
          const request = await this.#offered.resolve(model);
          const onLoading = loadingTo(server, call);
          const { engine } = this.#options;
          const summary = await this.#whenOpen(guest, request, signal, () => engine.load(request, { onLoading }));
          return { ...summary, path: model.key };
        },
        tokenize: async ({ call, model, text }, { signal }) => {
          const request = await this.#offered.resolve(model);
          const { embeddings: listed = [], ...rest } = text;
          const embeddings = await this.#offered.embeddings([text.prompt], listed, request.path);
          const prompt = { ...rest, ...(embeddings.length > 0 ? { embeddings } : {}) };
          const listener = { onLoading: loadingTo(server, call) };
          return this.#whenOpen(guest, request, signal, () =>
            this.#options.engine.with(request, (api) => api.tokenize(prompt), listener),
          );
        },
        check: async ({ call, model, scene }, { signal }) => {
          const request = await this.#offered.resolve(model);
          const resolved = await this.#offered.resolveScene(scene, request.path);
          const listener = { onLoading: loadingTo(server, call) };
          return this.#whenOpen(guest, request, signal, () =>
            this.#options.engine.with(request, (api) => api.check(resolved), listener),
          );
        },
        estimate: async ({ model, scenes }) => {
          const request = await this.#offered.resolve(model);
          const { engine } = this.#options;
          if (!engine.summaryOf(request)) return scenes.map(() => null); // no checkpoint is opened to be asked
          return engine.with(request, (api) => api.estimate({ scenes }));
        },
        atOnce: async ({ model, scene }) => {
          const request = await this.#offered.resolve(model);
          const { engine } = this.#options;
          if (!engine.summaryOf(request)) return 1; // no checkpoint is opened to be asked
          const resolved = await this.#offered.resolveScene(scene, request.path);
          return Math.min(MOST_AT_ONCE, await engine.with(request, (api) => api.atOnce(resolved)));
        },
        draw: (request, { signal }) => this.#draw(guest, server, asked, request, signal),
        cancel: ({ call, index, keep }) => this.#cancel(asked.get(call), keep, index),
      },
      remoteSchemas,
    );
    this.#servers.add(server);
    server.closed.addEventListener("abort", () => {
      this.#servers.delete(server);
      for (const job of asked.values()) this.#cancel(job, false);
    });
  }

  async #draw(
    guest: Guest,
    server: Server<RemoteEvents>,
    asked: Map<string, Asked>,
    request: DrawThere,
    signal: AbortSignal,
  ): Promise<{ finished: number }> {
    const { call } = request;
    if (asked.has(call) || asked.size >= MOST_ASKED) {
      const message = asked.has(call)
        ? "This picture is asked for already."
        : `${MOST_ASKED} pictures are asked for already.`;
      throw new AppError("bad-request", message, { method: "draw" });
    }
    const { promise: ended, reject: stop } = Promise.withResolvers<never>();
    ended.catch(() => undefined);
    const job: Asked = {
      jobId: `${guest.id}/${call}`,
      request,
      isSent: false,
      isStopped: false,
      dropped: new Set(),
      stop,
    };
    asked.set(call, job);
    signal.addEventListener("abort", () => this.#cancel(job, false));
    let finished = { finished: 0 };
    const inTurn = async (asked: DrawThere) => {
      const model = await this.#offered.resolve(asked.model);
      await guest.room();
      await this.#turns.take(
        () => model,
        async () => {
          if (!job.isStopped) finished = await this.#drawNow(server, job, asked, model);
        },
      );
    };
    try {
      await Promise.race([ended, this.#inLine(guest.machine, async () => job.request && inTurn(job.request))]);
      return finished;
    } finally {
      asked.delete(call);
    }
  }

  async #drawNow(
    server: Server<RemoteEvents>,
    job: Asked,
    { call, scene: asked, seeds, previewEvery, attention, until, keepEvery, start, from, sharesBeginning }: DrawThere,
    model: LoadRequest,
  ): Promise<{ finished: number }> {
    const scene = await this.#offered.resolveScene(asked, model.path);
    const request: GenerateRequest & { jobId: string } = {
      ...{ jobId: job.jobId, scene, seeds, previewEvery, attention },
      ...(until === undefined ? {} : { until }),
      ...(keepEvery === undefined ? {} : { keepEvery }),
      ...(from ? { from } : {}),
      ...(start ? { start: pixelsOf(start) } : {}),
      ...(sharesBeginning ? { sharesBeginning } : {}),
    };
    const listener: Listener = {
      onLoading: loadingTo(server, call),
      jobs: [job.jobId],
      onStep: (step) => server.emit("step", packStep(call, step)),
      onImage: (image) => server.emit("image", packImage(call, image)),
      onState: ({ index, step, state }) => server.emit("state", { call, index, step, state }),
    };
    return this.#options.engine.with(
      model,
      async (api) => {
        // One after another they would keep others from their turns.
        if (seeds.length > 1 && seeds.length > (await api.atOnce(scene))) {
          const message = `${seeds.length} pictures are not drawn side by side here. Ask for one at a time.`;
          throw new AppError("bad-request", message, { method: "draw" });
        }
        if (job.isStopped) throw stopped(); // while its checkpoint was opened
        job.isSent = true;
        const reply = api.generate(request);
        for (const index of job.dropped) this.#options.engine.cancel({ jobId: job.jobId, index });
        return reply;
      },
      listener,
    );
  }

  /** What is in work stops within one step, and its reply says so; what waits is off the list at once. With `index` one of several. */
  #cancel(job: Asked | undefined, keep: boolean, index?: number): void {
    if (!job || (job.isStopped && !job.isSent)) return;
    if (index !== undefined) {
      job.dropped.add(index);
      const isAll = job.request?.seeds.every((_, i) => job.dropped.has(i)) ?? false;
      if (job.isSent) this.#options.engine.cancel({ jobId: job.jobId, index, keep });
      if (job.isSent || !isAll) return;
    }
    job.isStopped = true;
    job.request = undefined;
    if (job.isSent) this.#options.engine.cancel({ jobId: job.jobId, keep });
    else job.stop(stopped());
  }

  /** A question about a checkpoint that is not open waits for a turn like a picture: it must not close another's in between. */
  async #whenOpen<T>(guest: Guest, model: LoadRequest, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    if (this.#options.engine.summaryOf(model)) return ask();
    let answer: { value: T } | undefined;
    await this.#inLine(guest.machine, async () => {
      await this.#turns.take(
        () => model,
        async () => {
          signal.throwIfAborted();
          answer = { value: await ask() };
        },
      );
    });
    return answer!.value;
  }

  /** Does `work` when all that this machine asked for before has ended. */
  async #inLine(machine: string, work: () => Promise<void>): Promise<void> {
    const line = this.#ofMachine.get(machine) ?? { turns: new Turns(), waiting: 0 };
    if (line.waiting >= MOST_WAITING) {
      const message = `${MOST_WAITING} pictures and questions of this machine wait already. Ask again when some are done.`;
      throw new AppError("bad-request", message, { method: "draw" });
    }
    this.#ofMachine.set(machine, line);
    line.waiting++;
    try {
      await line.turns.take(work);
    } finally {
      if (--line.waiting === 0) this.#ofMachine.delete(machine);
    }
  }

  #tell(info: MachineInfo): void {
    for (const server of this.#servers) server.emit("info", info);
  }

  async #look(): Promise<Pick<MachineInfo, "device" | "provider">> {
    const provider = preferredProvider(await this.#options.engine.api.providers());
    return { provider, device: await deviceName(provider) };
  }
}

function stopped(): AppError {
  return new AppError("cancelled", "Cancelled before the picture.", {});
}

function loadingTo(server: Server<RemoteEvents>, call: string): NonNullable<Listener["onLoading"]> {
  return (loading) => server.emit("loading", { call, ...loading });
}
