/** One pool as this machine asks it: how the connection stands, which workers and checkpoints are there, and what is asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { PromptText, PromptTokens, SceneCheck } from "../api/engine.ts";
import { type Pool, type PoolConnection, providerOf } from "../api/poolCalls.ts";
import { Reading } from "../engine/reading.ts";
import { createTokenizer } from "../model/tokenizer/tokenizer.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError, messageOf } from "../wire/errors.ts";
import { type ModelAbout, readAbout } from "./about.ts";
import type { PoolServiceEvents } from "./api.ts";
import { AskedRuns } from "./askedRuns.ts";
import { knownCheckpoint, type KnownCheckpoint } from "./checkpoints.ts";
import { PoolClient } from "./client.ts";
import { type Access, openConnection } from "./connection.ts";
import type { HashMemory } from "./hashMemory.ts";
import { idOf, whereIs } from "./knownPool.ts";
import { FORM, type Presence } from "./messages.ts";
import { oneAtATime } from "./oneAtATime.ts";
import { readPresences } from "./presence.ts";

/** Milliseconds between two looks who is there. */
const LOOK_EVERY = 5_000;
/** Milliseconds that a question waits for a pool that is cut off. */
const PATIENCE = 4_000;
const CLIP_WORDS = 49_408;

export interface AskerOptions {
  access: Access;
  app: string;
  user: string;
  /** The folder of the demo model, which every machine has. */
  demo: string | undefined;
  hashes: HashMemory;
  /** Something of `told` is new. */
  onChange: () => void;
  emit: <Name extends "step" | "picture" | "failed" | "log">(name: Name, event: PoolServiceEvents[Name]) => void;
  lookEvery?: number | undefined;
}

export class Asker {
  readonly id: string;
  readonly asked: AskedRuns;
  readonly #options: AskerOptions;
  readonly #redis: Redis;
  readonly #client: PoolClient;
  readonly #timer: NodeJS.Timeout;
  #connection: PoolConnection = "connecting";
  #problem: string | null = null;
  #there: readonly Presence[] = [];
  #names = new Map<string, string>();
  readonly #abouts = new Map<string, ModelAbout>();
  readonly #readings = new Map<string, Promise<Reading>>();
  #demo: Promise<KnownCheckpoint | undefined> | undefined;

  constructor(options: AskerOptions) {
    const { access, app, user, onChange, emit, lookEvery } = options;
    this.#options = options;
    this.id = idOf(access.address);
    const redis = openConnection(access, (problem) => {
      this.#problem = problem;
      this.#connection = "lost";
      onChange();
    });
    this.#redis = redis;
    this.#client = new PoolClient(redis, app);
    const look = oneAtATime(() => this.#look().catch((error: unknown) => emit("log", { message: messageOf(error) })));
    redis.on("ready", () => {
      this.#connection = "connected";
      this.#problem = null;
      onChange();
      look();
    });
    redis.on("close", () => {
      if (this.#connection !== "connected") return;
      this.#connection = "lost";
      onChange();
    });
    this.#timer = setInterval(look, lookEvery ?? LOOK_EVERY);
    const modelOf = async (hash: string) => {
      const demo = await this.#knownDemo();
      return { name: await this.#nameOf(hash), ...(demo?.hash === hash ? { sampled: demo.sampled } : {}) };
    };
    this.asked = new AskedRuns({ client: this.#client, address: access.address, user, modelOf, emit, lookEvery });
  }

  get told(): Pool {
    const readable = this.#there.filter(({ form }) => form === FORM);
    const models = [...new Map(readable.flatMap((one) => one.models.map((model) => [model.hash, model]))).values()];
    return {
      ...{ id: this.id, address: whereIs(this.#options.access), connection: this.#connection, problem: this.#problem },
      ...{ workers: readable.length, provider: providerOf(readable) },
      models: models
        .map(({ hash, name }) => ({
          ...{ hash, name, family: this.#abouts.get(hash)?.family ?? null },
          workers: readable.filter((one) => one.models.some((model) => model.hash === hash)).length,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  /** What a checkpoint is; rejects where nobody has said it. */
  async describe(hash: string): Promise<{ name: string; about: ModelAbout }> {
    await this.#reached();
    const about = this.#abouts.get(hash) ?? (await readAbout(this.#redis, hash));
    const name = await this.#nameOf(hash);
    if (about) {
      this.#abouts.set(hash, about);
      return { name, about };
    }
    const message = `No worker of the pool has said what ${name} is. Start one that has it, or choose another checkpoint.`;
    throw new AppError("not-found", message, { what: "checkpoint", id: hash });
  }

  async tokenize(hash: string, text: PromptText): Promise<PromptTokens> {
    return (await this.#readingOf(hash)).tokenize(text);
  }

  /** Memory and time are its workers'. */
  async check(hash: string, scene: Scene): Promise<SceneCheck> {
    return { warnings: (await this.#readingOf(hash)).warnings(scene), estimatedBytes: 0 };
  }

  async state() {
    await this.#reached();
    return this.#client.state();
  }

  /** What was asked for stays in the pool. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#connection = "lost";
    this.#redis.disconnect();
    await this.asked.stop();
    await this.#client.close();
  }

  async #look(): Promise<void> {
    const before = JSON.stringify(this.told);
    this.#there = await readPresences(this.#redis);
    const hashes = new Set<string>();
    for (const { form, models } of this.#there) {
      for (const { hash, name } of form === FORM ? models : []) {
        hashes.add(hash);
        this.#names.set(hash, name);
      }
    }
    for (const hash of hashes) {
      const about = this.#abouts.has(hash) ? undefined : await readAbout(this.#redis, hash);
      if (about) this.#abouts.set(hash, about);
    }
    if (JSON.stringify(this.told) !== before) this.#options.onChange();
  }

  async #nameOf(hash: string): Promise<string> {
    const known = this.#names.get(hash);
    if (known !== undefined) return known;
    for (const { hash: other, name } of await this.#client.models()) this.#names.set(other, name);
    await this.#look();
    return this.#names.get(hash) ?? `${hash.slice(0, 8)}…`;
  }

  #readingOf(hash: string): Promise<Reading> {
    const known = this.#readings.get(hash);
    if (known) return known;
    const reading = this.#read(hash);
    this.#readings.set(hash, reading);
    reading.catch(() => this.#readings.delete(hash)); // somebody may know it later
    return reading;
  }

  async #read(hash: string): Promise<Reading> {
    const demo = await this.#knownDemo();
    if (demo?.hash === hash) {
      const { text } = await openCheckpoint(demo.path);
      return new Reading(await createTokenizer(text.tokenizer, text.config), demo.about.pixelsPerLatent);
    }
    const { name, about } = await this.describe(hash);
    if (about.ownWords) {
      const message = `${name} has words of its own, which its worker alone knows.`;
      throw new AppError("not-found", message, { what: "vocabulary", id: hash });
    }
    const { marks, maxTokens } = about;
    const files = { path: name, ...marks, added: new Map<string, number>(), maxTokens };
    const tokenizer = await createTokenizer(files, { vocabSize: CLIP_WORDS, maxPositions: maxTokens });
    return new Reading(tokenizer, about.pixelsPerLatent);
  }

  #knownDemo(): Promise<KnownCheckpoint | undefined> {
    const { demo, hashes, emit } = this.#options;
    return (this.#demo ??=
      demo === undefined
        ? Promise.resolve(undefined)
        : knownCheckpoint(demo, hashes).catch((error: unknown) => {
            emit("log", { message: `the demo model cannot be read: ${messageOf(error)}` });
            return undefined;
          }));
  }

  /** Resolves when there is a connection; rejects with why there is none. */
  async #reached(): Promise<void> {
    for (let waited = 0; this.#connection !== "connected" && waited < PATIENCE; waited += 50) await sleep(50);
    if (this.#connection === "connected") return;
    const address = whereIs(this.#options.access);
    const problem = this.#problem ?? `The pool at ${address} does not answer.`;
    throw new AppError("pool-failed", `${problem} It is tried again by itself.`, { address });
  }
}
