/** The pool as the window shows it: which one, trying and taking an address, how it is doing, and its checkpoints. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { PoolCheck, PoolFailure, PoolState, PoolWorkerState } from "@api/pool.ts";
import { type Pool, poolPath, readPoolPath } from "@api/poolCalls.ts";
import { modelTitle } from "@scene/names.ts";
import { messageOf } from "@wire/errors.ts";
import { plainLine } from "@wire/plainLine.ts";
import type { Notices } from "./notices.svelte.ts";

/** Milliseconds between two looks, while somebody looks. */
const LOOK_EVERY = 2_000;
/** Seconds of silence after which a worker is not just busy. */
const QUIET = 12;

export class PoolAccess {
  pool: Pool | null = $state.raw(null);
  /** What the address was found to be that was tried last. */
  check: PoolCheck | undefined = $state.raw();
  /** Why the last one could not be reached. */
  problem: string | undefined = $state();
  isTrying = $state(false);
  /** As it was looked at last; undefined before the first look. */
  state: PoolState | undefined = $state.raw();
  /** Why it cannot be looked at. */
  unseen: string | undefined = $state();
  /** Called when it can be reached and could not be before. */
  onBack: (() => void) | undefined;

  readonly #app: App;
  readonly #notices: Notices;

  constructor(app: App, notices: Notices) {
    this.#app = app;
    this.#notices = notices;
    app.on("pool", ({ pool }) => this.#take(pool));
  }

  async read(): Promise<void> {
    this.#take(await this.#app.api.readPool());
  }

  /** Connects once and says what is there; nothing is kept. */
  async try(address: string, password: string, ca: string): Promise<void> {
    await this.#attempt(async () => {
      this.check = await this.#app.api.checkPool(requestOf(address, password, ca));
    });
  }

  /** True when it is the pool from now on; else `problem` says why not. */
  async use(address: string, password: string, ca: string): Promise<boolean> {
    return this.#attempt(async () => {
      this.check = await this.#app.api.usePool(requestOf(address, password, ca));
      await this.read();
      this.#notices.done("The pool is there. Choose it in “Runs on”.");
    });
  }

  async forget(): Promise<void> {
    await this.#notices.attempt(async () => {
      await this.#app.api.forgetPool();
      this.#app.api.readPool().then(
        (pool) => this.#take(pool),
        () => undefined,
      );
      this.#take(null);
      this.check = this.state = this.unseen = undefined;
    });
  }

  /** Looks again and again until the function given is called. */
  watch(): () => void {
    let isWatched = true;
    const look = async () => {
      while (isWatched) {
        await this.look();
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      }
    };
    void look();
    return () => (isWatched = false);
  }

  async look(): Promise<void> {
    if (this.pool === null) return;
    try {
      this.state = await this.#app.api.poolState();
      this.unseen = undefined;
    } catch (error) {
      this.unseen = messageOf(error); // what was seen last stays, and is said to be old
    }
  }

  /** Failed pictures are drawn again, from the beginning. */
  async retry(failures: readonly PoolFailure[]): Promise<void> {
    await this.#notices.attempt(async () => {
      await this.#app.api.retryInPool({ failures: failures.map(({ hash, job }) => ({ hash, job })) });
      await this.look();
      const count = failures.length === 1 ? "The picture is" : `${failures.length} pictures are`;
      this.#notices.done(`${count} tried again.`);
    });
  }

  /** What a checkpoint of a pool is called; undefined for others. */
  nameOf(model: Pick<LoadRequest, "path">): string | undefined {
    const place = readPoolPath(model.path);
    if (!place) return undefined;
    const known = this.pool?.models.find(({ hash }) => hash === place.hash)?.name;
    return modelTitle(plainLine(known ?? `${place.hash.slice(0, 8)}…`));
  }

  /** Whether this checkpoint's pool is the one that is known here. */
  has(model: Pick<LoadRequest, "path">): boolean {
    return this.pool !== null && readPoolPath(model.path)?.id === this.pool.id;
  }

  async #attempt(action: () => Promise<void>): Promise<boolean> {
    this.problem = this.check = undefined;
    this.isTrying = true;
    try {
      await action();
      return true;
    } catch (error) {
      this.problem = messageOf(error);
      return false;
    } finally {
      this.isTrying = false;
    }
  }

  #take(pool: Pool | null): void {
    const wasThere = this.pool?.id === pool?.id && canDraw(this.pool);
    this.pool = pool;
    if (pool === null) this.state = undefined;
    if (!wasThere && canDraw(pool)) this.onBack?.();
  }
}

function canDraw(pool: Pool | null): boolean {
  return pool?.connection === "connected" && pool.models.length > 0;
}

/** An address with the password in its place; one that cannot be read is refused in words where it is tried. */
export function requestOf(address: string, password: string, ca: string) {
  const plain = address.trim();
  const certificates = ca.trim() === "" ? null : ca;
  if (password === "") return { address: plain, ca: certificates };
  const [, scheme, user = "", rest] = /^(rediss?:\/\/)(?:([^@/:]*)(?::[^@/]*)?@)?(.*)$/i.exec(plain) ?? [];
  if (scheme === undefined) return { address: plain, ca: certificates };
  return { address: `${scheme}${user}:${encodeURIComponent(password)}@${rest}`, ca: certificates };
}

/** `Pool: 3 workers, 5 models`. */
export function poolTitle({ workers, models }: Pick<Pool, "workers" | "models">): string {
  return `Pool: ${count(workers, "worker")}, ${count(models.length, "model")}`;
}

/** How the connection stands, in words. */
export function poolConnection({ connection, workers, problem }: Pool): string {
  if (connection === "connecting") return "Connecting…";
  if (connection === "lost") return problem ?? "Connection lost";
  return workers === 0 ? "Connected; no worker is there now" : "Connected";
}

export const POOL_PLACE = "pool";

/** The pool as a place to draw in. */
export function poolItems(pool: Pool | null, isChosen: boolean) {
  const unknown = { value: POOL_PLACE, label: "A pool", hint: "Not known here", disabled: true, group: "A pool" };
  if (!pool) return isChosen ? [unknown] : [];
  const hint = `${poolConnection(pool)} · ${pool.address}`;
  return [{ value: POOL_PLACE, label: poolTitle(pool), hint, disabled: pool.models.length === 0, group: "A pool" }];
}

/** The same checkpoint in the pool, else the first that its workers have; undefined where there is none. */
export function requestInPool({ id, models, provider }: Pool, wanted: { name: string }): LoadRequest | undefined {
  const model = models.find(({ name }) => name === wanted.name) ?? models[0];
  return model && { path: poolPath(id, model.hash), provider, memory: "auto" };
}

/** What a worker does, in a line. */
export function workerDoes({ drawing, isReadable, app, silent }: PoolWorkerState): string {
  if (silent > QUIET) return `Not heard of for ${Math.round(silent)} s`;
  if (!isReadable)
    return `Diorama ${plainLine(app)}, which reads other jobs than this one: update the older of the two`;
  if (!drawing) return "Waits for work";
  const { model, seed, user } = drawing;
  return `${plainLine(modelTitle(model))}, seed ${seed} of ${plainLine(user)}`;
}

/** What it has done and how fast, in a line. */
export function workerPace({ done, failed, secondsEach }: PoolWorkerState): string {
  const pace =
    secondsEach === null ? [] : [`${secondsEach < 10 ? secondsEach.toFixed(1) : Math.round(secondsEach)} s each`];
  return [...pace, `${done} drawn`, ...(failed > 0 ? [`${failed} failed`] : [])].join(", ");
}

/** `1 picture`, `3 pictures`. */
export function count(number: number, thing: string): string {
  return `${number.toLocaleString("en")} ${number === 1 ? thing : `${thing}s`}`;
}
