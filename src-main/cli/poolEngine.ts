/**
 * `render --queue`: a pool's workers in the engine's place. All that is wanted is asked for at once, so that it is drawn side by side, and
 * fetched in the order in which the command wants it. What a run is called follows from what is asked for, so that the same command again,
 * after Ctrl-C or a lost connection, fetches what was drawn meanwhile.
 */
import { createHash } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { EngineEvents, GenerateRequest, Pixels } from "../api/engine.ts";
import type { Urgency } from "../api/pool.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { type KnownCheckpoint, knownCheckpoint } from "../pool/checkpoints.ts";
import { PoolClient } from "../pool/client.ts";
import { type CollectedPicture, Collection } from "../pool/collection.ts";
import { type Access, checkPool, openConnection } from "../pool/connection.ts";
import { HashMemory } from "../pool/hashMemory.ts";
import { AppError } from "../wire/errors.ts";
import { dataFolder } from "./dataFolder.ts";
import type { DrawingEngine } from "./drawing.ts";
import type { Progress } from "./progress.ts";
import type { RenderOptions } from "./renderOptions.ts";
import { appVersion, type Terminal } from "./terminal.ts";

export interface PoolEngineOptions {
  access: Access;
  urgency: Urgency;
  user: string | undefined;
  /** The checkpoint, on this machine. */
  checkpoint: string;
  prediction: RenderOptions["parts"]["prediction"];
  /** Where the pictures go: other folders are other runs, as whoever asks for the same elsewhere wants the pictures there, too. */
  folder: string;
  progress: Progress;
  env: Terminal["env"];
}

/** Pictures of a scene. */
export interface Asked {
  scene: Scene;
  seeds: readonly Seed[];
  start?: Pixels | undefined;
}

/** Looks at the pool; rejects with `pool-failed`, which says what to do. */
export async function openPool(options: PoolEngineOptions): Promise<PoolEngine> {
  const { access, checkpoint, progress, env } = options;
  const { notes } = await checkPool(access);
  for (const note of notes) progress.note(note);
  return new PoolEngine(options, await knownCheckpoint(checkpoint, new HashMemory(join(dataFolder(env), "pool-hashes.json")))); // prettier-ignore
}

export class PoolEngine {
  readonly #options: PoolEngineOptions;
  readonly #user: string;
  readonly #model: KnownCheckpoint & { prediction?: NonNullable<PoolEngineOptions["prediction"]> };
  readonly #redis;
  readonly #client: PoolClient;
  readonly #listeners = new Map<keyof EngineEvents, Set<(event: never) => void | Promise<void>>>();
  readonly #left = Promise.withResolvers<undefined>();
  #hasLeft = false;
  #owed = 0;

  constructor(options: PoolEngineOptions, checkpoint: KnownCheckpoint) {
    const { access, prediction, progress, user } = options;
    this.#options = options;
    this.#user = user ?? `${userInfo().username}@${hostname()}`;
    this.#model = { ...checkpoint, ...(prediction ? { prediction } : {}) };
    this.#redis = openConnection(access, (problem) => progress.warning(problem));
    this.#client = new PoolClient(this.#redis, appVersion());
  }

  /** Puts all of it into the queue, and says who is there to draw it. */
  async askFor(all: readonly Asked[]): Promise<void> {
    const { progress } = this.#options;
    const { hash, name } = this.#model;
    let known = 0;
    for (const asked of all) {
      if (asked.seeds.length === 0) continue;
      const { added } = await this.#submit(asked);
      this.#owed += asked.seeds.length;
      known += asked.seeds.length - added;
    }
    if (known > 0) progress.note(`${known} of ${this.#owed} pictures were asked for already.`);
    const { workers } = await this.#client.state();
    const has = workers.filter(({ models, isReadable }) => isReadable && models.some((one) => one.hash === hash));
    progress.note(`${has.length} of ${workers.length} workers have ${name}.`);
    for (const { name: who, app } of workers.filter(({ isReadable }) => !isReadable))
      progress.note(`${who} (Diorama ${app}) cannot read jobs of ${appVersion()}.`);
  }

  /** What of an engine draws. `image` listeners that resolve later keep the picture in the pool until then. */
  get engine(): DrawingEngine {
    return {
      on: (name, listener) => {
        const all = this.#listeners.get(name) ?? new Set();
        this.#listeners.set(name, all.add(listener));
        return () => void all.delete(listener);
      },
      api: {
        generate: (request) => this.#generate(request),
        cancel: () => {
          this.leave();
          return Promise.resolve();
        },
      },
    };
  }

  /** Nothing more is waited for; what was asked for stays in the pool. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#left.resolve(undefined);
    if (this.#owed === 0) return;
    this.#options.progress.note(
      `${this.#owed} pictures are still in the pool, for 7 days. The same command with --resume fetches them.`,
    );
  }

  async close(): Promise<void> {
    await this.#client.close();
    this.#redis.disconnect();
  }

  /** Fetches the pictures of a scene as they come; rejects where some failed, when the others are there. */
  async #generate({
    jobId,
    scene: asked,
    seeds,
    start,
  }: GenerateRequest & { jobId: string }): Promise<{ finished: number }> {
    // prettier-ignore
    const { progress } = this.#options;
    this.#throwIfLeft();
    const { run, scene } = await this.#submit({ scene: asked, seeds, start });
    const failures: string[] = [];
    let finished = 0;
    const place = (seed: Seed) => ({ jobId, seed, index: seeds.indexOf(seed) });
    const collection = new Collection({
      ...{ client: this.#client, run, model: this.#model, scene, seeds },
      onStep: (seed, { step, steps, elapsed, left, obedience }) => {
        const seconds = { pictureSecondsLeft: left ?? undefined, queueSecondsLeft: undefined };
        void this.#emit("step", { ...place(seed), step, steps, elapsed, obedience, ...seconds });
      },
      onPicture: async ({ seed, pixels, record, seconds }: CollectedPicture) => {
        const attention = { width: 1, height: 1, regions: {} };
        await this.#emit("image", { ...place(seed), pixels, obedience: [], attention, seconds, record });
        finished++;
        this.#owed--;
      },
      onFailed: (seed, why) => {
        failures.push(`seed ${seed}: ${why}`);
        progress.warning(`seed ${seed}: ${why}`);
        this.#owed--;
      },
      onProblem: (problem) => progress.warning(problem),
    });
    try {
      await Promise.race([collection.start().then(() => collection.ended), this.#left.promise]);
    } finally {
      await collection.stop();
    }
    this.#throwIfLeft();
    if (failures.length === 0) return { finished };
    const what = failures.length === 1 ? "1 picture" : `${failures.length} pictures`;
    throw new AppError("pool-failed", `${what} could not be drawn: ${failures[0]!}`, { address: "" });
  }

  #throwIfLeft(): void {
    if (this.#hasLeft) throw new AppError("cancelled", "Interrupted.", {});
  }

  async #submit({ scene, seeds, start }: Asked): Promise<{ run: string; scene: Scene; added: number }> {
    const { hash, name, sampled, repo, prediction } = this.#model;
    const model = {
      hash,
      name,
      sampled,
      ...(repo === undefined ? {} : { repo }),
      ...(prediction ? { prediction } : {}),
    };
    const run = runName([this.#options.folder, scene, hash, prediction ?? null, this.#user]);
    const how = { user: this.#user, urgency: this.#options.urgency, previewEvery: 0, attention: false };
    const asked = { ...how, run, model, scene, seeds, ...(start ? { start } : {}) };
    return { run, ...(await this.#client.submit(asked)) };
  }

  async #emit<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): Promise<void> {
    for (const listener of this.#listeners.get(name) ?? []) await listener(event as never);
  }
}

function runName(of: unknown): string {
  return createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
}
