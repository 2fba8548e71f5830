/** The engine that a checkpoint is drawn with: the one here, that of another machine, or a pool's, by the checkpoint's path. */
import type { LoadRequest, ModelSummary } from "../api/engine.ts";
import { placeOfModel, readMachinePath } from "../api/machines.ts";
import { isInPool } from "../api/poolCalls.ts";
import type { Engine, Listener, OpenedApi } from "../engine/host.ts";
import type { PoolHost } from "../pool/host.ts";
import type { Machines } from "../remote/host.ts";

export class Engines {
  readonly #here: Engine;
  readonly #elsewhere: Machines;
  readonly #pool: PoolHost;

  constructor(here: Engine, elsewhere: Machines, pool: PoolHost) {
    this.#here = here;
    this.#elsewhere = elsewhere;
    this.#pool = pool;
  }

  /** What this machine can run. */
  get api(): Pick<Engine["api"], "providers"> {
    return this.#here.api;
  }

  load(model: LoadRequest, listener?: Listener): Promise<ModelSummary> {
    return this.#of(model).load(model, listener);
  }

  with<T>(model: LoadRequest, send: (api: OpenedApi) => Promise<T>, listener?: Listener): Promise<T> {
    return this.#of(model).with(model, send, listener);
  }

  summaryOf(model: LoadRequest): ModelSummary | undefined {
    return this.#of(model).summaryOf(model);
  }

  nameOf(model: LoadRequest): string {
    return this.#of(model).nameOf(model);
  }

  cancel(target: Parameters<Engine["cancel"]>[0]): void {
    (this.#elsewhere.has(target.jobId) ? this.#elsewhere : this.#here).cancel(target);
  }

  /** Of a checkpoint of another machine, as far as it says. */
  sha256Of(model: LoadRequest): string | undefined {
    return readMachinePath(model.path) ? this.#elsewhere.sha256Of(model) : undefined;
  }

  /** What people call the machine that has the checkpoint; undefined for this one. */
  machineOf(model: LoadRequest): string | undefined {
    if (isInPool(model)) return "each worker of the pool";
    return placeOfModel(model) === "" ? undefined : this.#elsewhere.machineOf(model);
  }

  #of(model: LoadRequest): Pick<Engine, "load" | "with" | "summaryOf" | "nameOf"> {
    if (isInPool(model)) return this.#pool;
    return placeOfModel(model) === "" ? this.#here : this.#elsewhere;
  }
}
