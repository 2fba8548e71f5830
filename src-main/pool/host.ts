/**
 * A pool as the main process sees it: checkpoints that can be composed for, and many pictures that are asked for at once. The process that
 * speaks with it is started with the first question, and not at all where no pool was ever entered. Should that process die, what is owed is
 * asked for again by the one that takes its place.
 */
import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AttentionMaps, LoadRequest, ModelSummary, Pixels, RunRecord } from "../api/engine.ts";
import { type Pool, readPoolPath } from "../api/poolCalls.ts";
import type { OpenedApi } from "../engine/host.ts";
import { forkNode, type Fork } from "../service/child.ts";
import { Supervisor } from "../service/supervisor.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import type { Client } from "../wire/rpc.ts";
import type { ModelAbout } from "./about.ts";
import type { PoolAsk, PoolServiceApi, PoolServiceEvents } from "./api.ts";

export interface PoolHostOptions {
  /** The app's own data. */
  dataFolder: string;
  /** Version of the program. */
  app: string;
  demoModel?: string;
  fork?: Fork;
  /** The script of the service; by default the one beside this file. */
  entry?: string;
  onLine?: (line: string) => void;
  /** After its process has died, until another one is started, in milliseconds. */
  again?: number;
}

/** Pictures of one scene. */
export interface PoolRun {
  /** What the pool calls it. */
  name: string;
  model: LoadRequest;
  scene: Scene;
  seeds: readonly Seed[];
  previewEvery: number;
  attention: boolean;
  start?: Pixels;
}

export interface PoolListener {
  onStep: (step: Omit<PoolServiceEvents["step"], "run">) => void;
  /** Resolves to whether it is in the project; it stays in the pool where it is not. */
  onPicture: (picture: PoolPicture) => Promise<boolean>;
  onFailed: (seed: Seed, error: AppError) => void;
}

export interface PoolPicture {
  seed: Seed;
  pixels: Pixels;
  record: RunRecord;
  seconds: number;
  attention?: AttentionMaps;
}

interface Owed {
  run: PoolRun;
  listener: PoolListener;
}

const AGAIN = 5_000;

export class PoolHost {
  readonly #supervisor: Supervisor<PoolServiceApi, PoolServiceEvents>;
  readonly #file: string;
  readonly #summaries = new Map<string, ModelSummary>();
  /** By what the pool calls the run, and seed. */
  readonly #owed = new Map<string, Owed>();
  #told: Pool | null = null;

  constructor({ dataFolder, app, demoModel, fork = forkNode(), entry, onLine, again = AGAIN }: PoolHostOptions) {
    this.#file = join(dataFolder, "pool.json");
    const demo = demoModel === undefined ? {} : { DIORAMA_DEMO_MODEL: demoModel };
    this.#supervisor = new Supervisor<PoolServiceApi, PoolServiceEvents>({
      name: "pool",
      entry: entry ?? fileURLToPath(new URL(`process${extname(import.meta.url)}`, import.meta.url)),
      fork,
      env: { ...process.env, DIORAMA_POOL: dataFolder, DIORAMA_APP: app, ...demo },
      onLine,
      onExit: ({ expected }) => {
        if (!expected) setTimeout(() => this.#askAgain(), again).unref();
      },
    });
    this.on("pool", ({ pool }) => (this.#told = pool));
    this.on("step", ({ run, ...step }) => this.#owed.get(keyOf(run, step.seed))?.listener.onStep(step));
    this.on("picture", ({ run, ...picture }) => void this.#take(run, picture));
    this.on("failed", ({ run, seed, why }) => {
      this.#fail(run, [seed], new AppError("pool-failed", why, { address: this.#told?.address ?? "" }));
    });
  }

  /** Its calls about the pool; the others are below. */
  get api(): Client<PoolServiceApi> {
    return this.#supervisor.connection().api;
  }

  on<Name extends keyof PoolServiceEvents>(name: Name, listener: (event: PoolServiceEvents[Name]) => void): () => void {
    return this.#supervisor.on(name, listener);
  }

  /** The one that is known; begins to connect to it. */
  async read(): Promise<Pool | null> {
    if (!existsSync(this.#file)) return (this.#told = null);
    return (this.#told = await this.api.readPool());
  }

  /** Puts pictures into the queue; what comes of them the listener hears, also after a restart of anything. */
  draw(run: PoolRun, listener: PoolListener): void {
    for (const seed of run.seeds) this.#owed.set(keyOf(run.name, seed), { run, listener });
    this.#ask(run, run.seeds);
  }

  /** Nobody waits for these here any more; with `cancel` they are not drawn there either. */
  drop(name: string, seeds: readonly Seed[], cancel: boolean): void {
    for (const seed of seeds) this.#owed.delete(keyOf(name, seed));
    this.#supervisor.current?.api.drop({ run: name, seeds: [...seeds], cancel }).catch(() => undefined); // who died waits for nothing
  }

  async load(model: LoadRequest): Promise<ModelSummary> {
    const { pool, hash } = placeOf(model);
    for (const [part, words] of [
      ["vae", "autoencoder"],
      ["tiny", "tiny autoencoder"],
    ] as const) {
      if (model[part] === undefined) continue;
      const message = `The ${words} ${model[part]} is a file of this machine, which a pool's workers cannot open. Take the checkpoint's own there.`;
      throw new AppError("bad-request", message, { method: "load" });
    }
    const { name, about } = await this.api.describe({ pool, hash });
    const summary = summaryOf(model, name, about);
    this.#summaries.set(JSON.stringify(model), summary);
    return summary;
  }

  /** Sends a question about a checkpoint of the pool; many pictures are asked for by `draw`. */
  async with<T>(model: LoadRequest, send: (api: OpenedApi) => Promise<T>): Promise<T> {
    const { pool, hash } = placeOf(model);
    return send({
      tokenize: (text, options) => this.api.tokenize({ pool, hash, text }, options),
      check: (scene, options) => this.api.check({ pool, hash, scene }, options),
      estimate: ({ scenes }) => Promise.resolve(scenes.map(() => null)), // each worker takes its own time
      atOnce: () => Promise.resolve(1),
      generate: () => {
        const message =
          "A pool draws pictures that are kept, and no passing ones: choose this machine or another one for those.";
        return Promise.reject(new AppError("bad-request", message, { method: "generate" }));
      },
      cancel: () => Promise.resolve(),
    });
  }

  /** The summary of a checkpoint that was described since this program runs: also while the pool is cut off, as what is asked waits. */
  summaryOf(model: LoadRequest): ModelSummary | undefined {
    return this.#summaries.get(JSON.stringify(model));
  }

  /** What people call a checkpoint there: the same as here, so that its pictures count as drawn with it. */
  nameOf(model: LoadRequest): string {
    const { hash } = placeOf(model);
    const known = this.#told?.models.find((one) => one.hash === hash)?.name;
    const own = this.#summaries.get(JSON.stringify(model))?.name ?? known ?? `${hash.slice(0, 8)}…`;
    return model.prediction ? `${own}, ${model.prediction === "epsilon" ? "as noise" : "as velocity"}` : own;
  }

  /** Whether this checkpoint's pool is the one that is known here. */
  isKnown(model: LoadRequest): boolean {
    return readPoolPath(model.path)?.id === this.#told?.id;
  }

  stop(patience?: number): Promise<void> {
    return this.#supervisor.stop(patience);
  }

  async #take(run: string, picture: PoolPicture): Promise<void> {
    const { seed } = picture;
    const key = keyOf(run, seed);
    const owed = this.#owed.get(key);
    const isKept = owed !== undefined && (await owed.listener.onPicture(picture));
    if (this.#owed.get(key) === owed) this.#owed.delete(key);
    const { api } = this.#supervisor.current ?? {};
    const answer = isKept ? api?.kept({ run, seed }) : api?.drop({ run, seeds: [seed], cancel: false });
    answer?.catch(() => undefined); // who died asks again
  }

  #ask({ name, model, scene, previewEvery, attention, start }: PoolRun, seeds: readonly Seed[]): void {
    const { pool, hash } = placeOf(model);
    const { prediction } = model;
    const ask: PoolAsk = {
      ...{ pool, hash, run: name, scene, seeds: [...seeds], previewEvery, attention },
      ...(prediction ? { prediction } : {}),
      ...(start ? { start } : {}),
    };
    this.api.ask(ask).catch((error: unknown) => {
      if (isAppError(error, "service-crashed")) return; // it is asked for again
      const why = isAppError(error) ? error : new AppError("pool-failed", String(error), { address: "" });
      this.#fail(name, seeds, why);
    });
  }

  #askAgain(): void {
    for (const [run, owed] of Map.groupBy(this.#owed, ([, one]) => one.run)) {
      this.#ask(
        run,
        run.seeds.filter((seed) => owed.some(([key]) => key === keyOf(run.name, seed))),
      );
    }
  }

  #fail(run: string, seeds: readonly Seed[], why: AppError): void {
    for (const seed of seeds) {
      const key = keyOf(run, seed);
      const owed = this.#owed.get(key);
      this.#owed.delete(key);
      owed?.listener.onFailed(seed, why);
    }
  }
}

const keyOf = (run: string, seed: Seed) => `${run} ${seed}`;

function placeOf({ path }: Pick<LoadRequest, "path">): { pool: string; hash: string } {
  const place = readPoolPath(path);
  if (place) return { pool: place.id, hash: place.hash };
  throw new AppError("bad-request", `${path} is no checkpoint of a pool.`, { method: "load" });
}

function summaryOf({ path, provider }: LoadRequest, name: string, about: ModelAbout): ModelSummary {
  const { family, prediction, isPredictionGuessed, distilled, weightBytes, parameters } = about;
  const { maxTokens, pixelsPerLatent, notes, defaults } = about;
  return {
    ...{ path, name, provider, memory: "fast", precision: "float32", weightBytes, parameters, family, prediction },
    ...(isPredictionGuessed ? { isPredictionGuessed } : {}),
    ...(distilled === undefined ? {} : { distilled }),
    ...{ notes, maxTokens, pixelsPerLatent, defaults },
  };
}
