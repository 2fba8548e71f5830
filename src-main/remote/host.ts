/**
 * Other machines as the main process sees them: an engine like the one here, as far as windows draw with it. The process that speaks
 * with them is started with the first question, and not at all where none was ever paired.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineApi, LoadRequest, ModelSummary } from "../api/engine.ts";
import { type Machine, nameOfKey, readMachinePath } from "../api/machines.ts";
import type { Listener, OpenedApi } from "../engine/host.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor } from "../service/supervisor.ts";
import type { Seed } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import type { Client } from "../wire/rpc.ts";
import type { MachinesApi, MachinesEvents } from "./api.ts";

export interface MachinesOptions {
  /** The app's own data. */
  dataFolder: string;
  /** Version of the program. */
  app: string;
  fork?: Fork;
  /** The script of the service; by default the one beside this file. */
  entry?: string;
  onLine?: (line: string) => void;
}

/** After its process has died, until another one is started, in milliseconds. */
const AGAIN = 5_000;

/** The folder of what is known of other machines, in that of the app's data. */
export const machinesFolder = (dataFolder: string) => join(dataFolder, "machines");

export class Machines {
  readonly #supervisor: Supervisor<MachinesApi, MachinesEvents>;
  readonly #folder: string;
  readonly #summaries = new Map<string, ModelSummary>();
  readonly #callers = new Map<string, Listener & { seeds?: readonly Seed[] }>();
  #told: readonly Machine[] = [];

  constructor({ dataFolder, app, fork = forkNode(), entry, onLine }: MachinesOptions) {
    this.#folder = machinesFolder(dataFolder);
    this.#supervisor = new Supervisor<MachinesApi, MachinesEvents>({
      name: "machines",
      entry: entry ?? fileURLToPath(new URL(`process${extname(import.meta.url)}`, import.meta.url)),
      fork,
      env: { ...process.env, DIORAMA_MACHINES: this.#folder, DIORAMA_APP: app },
      onLine,
      // Those who wait for a picture hear it themselves; the connections are made again.
      onExit: ({ expected }) => {
        if (!expected) setTimeout(() => void this.list().catch(() => undefined), AGAIN).unref();
      },
    });
    this.#supervisor.on("machines", ({ machines }) => this.#tell(machines));
    this.#supervisor.on("loading", ({ call, ...loading }) => this.#callers.get(call)?.onLoading?.(loading));
    this.#supervisor.on("step", (event) => {
      const at = this.#callers.get(event.jobId);
      const told = { seed: at?.seeds?.[event.index] ?? "0", queueSecondsLeft: event.pictureSecondsLeft };
      at?.onStep?.({ ...event, ...told, pictureSecondsLeft: event.pictureSecondsLeft });
    });
    this.#supervisor.on("image", (event) => {
      const at = this.#callers.get(event.jobId);
      at?.onImage?.({ ...event, seed: at.seeds?.[event.index] ?? "0" });
    });
    this.#supervisor.on("state", (event) => {
      const at = this.#callers.get(event.jobId);
      at?.onState?.({ ...event, seed: at.seeds?.[event.index] ?? "0" });
    });
  }

  /** Its calls about machines; the others are below. */
  get api(): Client<MachinesApi> {
    return this.#supervisor.connection().api;
  }

  on<Name extends keyof MachinesEvents>(name: Name, listener: (event: MachinesEvents[Name]) => void): () => void {
    return this.#supervisor.on(name, listener);
  }

  /** Those that were paired; begins to connect to them. */
  async list(): Promise<Machine[]> {
    if (!existsSync(join(this.#folder, "machines.json"))) return [];
    const machines = await this.api.listMachines();
    this.#tell(machines);
    return machines;
  }

  /** Looks on the local network, or stops that. */
  async look(on: boolean): Promise<void> {
    if (on || this.#supervisor.current) await this.api.lookForMachines({ on });
  }

  async load(model: LoadRequest, { onLoading }: Listener = {}): Promise<ModelSummary> {
    const summary = await this.#asked({ ...(onLoading ? { onLoading } : {}) }, (call) =>
      this.api.load({ call, model }),
    );
    this.#summaries.set(JSON.stringify(model), summary);
    return summary;
  }

  /** Sends a request about a checkpoint of another machine, which opens it in its turn. */
  async with<T>(model: LoadRequest, send: (api: OpenedApi) => Promise<T>, listener: Listener = {}): Promise<T> {
    const { onLoading } = listener;
    const asking = <Reply>(ask: (call: string) => Promise<Reply>) => this.#asked(onLoading ? { onLoading } : {}, ask);
    const draw: EngineApi["generate"] = async (request) => {
      this.#callers.set(request.jobId, { ...listener, seeds: request.seeds });
      try {
        return await this.api.draw({ model, request });
      } finally {
        this.#callers.delete(request.jobId);
      }
    };
    return send({
      tokenize: (text, options) => asking((call) => this.api.tokenize({ call, model, text }, options)),
      check: (scene, options) => asking((call) => this.api.check({ call, model, scene }, options)),
      estimate: (request, options) => asking((call) => this.api.estimate({ call, model, ...request }, options)),
      atOnce: (scene, options) => asking((call) => this.api.atOnce({ call, model, scene }, options)),
      generate: (request) => draw(request),
      cancel: (target) => {
        this.cancel(target);
        return Promise.resolve();
      },
    });
  }

  /** Whether a picture of this name is being drawn elsewhere. */
  has(jobId: string): boolean {
    return this.#callers.has(jobId);
  }

  cancel({ jobId, index, keep = false }: Parameters<EngineApi["cancel"]>[0]): void {
    const target = { jobId, keep, ...(index === undefined ? {} : { index }) };
    this.#supervisor.current?.api.cancel(target).catch(() => undefined); // who died has cancelled everything
  }

  /** The summary of a checkpoint that was opened there since this program runs, while the machine can be reached. */
  summaryOf(model: LoadRequest): ModelSummary | undefined {
    const place = readMachinePath(model.path);
    const machine = this.#told.find(({ id }) => id === place?.id);
    return machine?.state === "connected" ? this.#summaries.get(JSON.stringify(model)) : undefined;
  }

  /** What people call a checkpoint there: the same as here, so that its pictures count as drawn with it. */
  nameOf(model: LoadRequest): string {
    const { id, key } = this.#placeOf(model);
    const machine = this.#told.find((one) => one.id === id);
    const known = machine?.info?.models.find((one) => one.key === key)?.name;
    const own = this.#summaries.get(JSON.stringify(model))?.name ?? known ?? nameOfKey(key);
    return model.prediction ? `${own}, ${model.prediction === "epsilon" ? "as noise" : "as velocity"}` : own;
  }

  /** What people call the machine that has a checkpoint. */
  machineOf(model: Pick<LoadRequest, "path">): string {
    const { id } = this.#placeOf(model);
    return this.#told.find((one) => one.id === id)?.name ?? "the other machine";
  }

  /** SHA-256 of a checkpoint's file there, where it is known. */
  sha256Of(model: Pick<LoadRequest, "path">): string | undefined {
    const { id, key } = this.#placeOf(model);
    const found = this.#told.find((one) => one.id === id)?.info?.models.find((one) => one.key === key)?.sha256;
    return found ?? /^sha256-([0-9a-f]{64})$/.exec(key)?.[1];
  }

  stop(patience?: number): Promise<void> {
    return this.#supervisor.stop(patience);
  }

  async #asked<T>(listener: Listener, ask: (call: string) => Promise<T>): Promise<T> {
    const call = randomUUID();
    this.#callers.set(call, listener);
    try {
      return await ask(call);
    } finally {
      this.#callers.delete(call);
    }
  }

  /** What is known of checkpoints that are not there any more, or of machines that were forgotten, is true no longer. */
  #tell(machines: readonly Machine[]): void {
    this.#told = machines;
    for (const request of this.#summaries.keys()) {
      const place = readMachinePath((JSON.parse(request) as LoadRequest).path);
      const machine = machines.find(({ id }) => id === place?.id);
      const isThere = machine && (!machine.info || machine.info.models.some(({ key }) => key === place!.key));
      if (!isThere) this.#summaries.delete(request);
    }
  }

  #placeOf({ path }: Pick<LoadRequest, "path">): { id: string; key: string } {
    const place = readMachinePath(path);
    if (place) return place;
    throw new AppError("bad-request", `${path} is no checkpoint of another machine.`, { method: "load" });
  }
}
