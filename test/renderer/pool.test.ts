/** The pool as the window shows it: words for how it stands, the same checkpoint there, addresses and passwords, what failed and is tried again. */
import { expect, test } from "vitest";
import type { App } from "@api/bridge.ts";
import type { PoolFailure, PoolState, PoolWorkerState } from "@api/pool.ts";
import { type Pool, poolPath, providerOf } from "@api/poolCalls.ts";
import { Notices } from "../../src-renderer/state/notices.svelte.ts";
import { PoolAccess, poolConnection, poolItems, poolTitle, requestInPool, requestOf, workerDoes, workerPace } from "../../src-renderer/state/pool.svelte.ts"; // prettier-ignore

const ID = "0123456789abcdef";
const [CAT, DOG] = ["a".repeat(64), "b".repeat(64)];
const pool: Pool = {
  ...{ id: ID, address: "rediss://host:6380", connection: "connected", problem: null, workers: 2, provider: "cuda" },
  models: [
    { hash: CAT, name: "cat", family: "sd1", workers: 1 },
    { hash: DOG, name: "dog", family: null, workers: 2 },
  ],
};
const worker: PoolWorkerState = {
  ...{ id: "1", name: "ws", app: "0.1.0", isReadable: true, device: "cuda 0", models: [], open: null },
  ...{ drawing: null, done: 3, failed: 0, secondsEach: 4.25, notes: [], silent: 1 },
};

test("it is called by its workers and models, and says how the connection stands", () => {
  expect(poolTitle(pool)).toBe("Pool: 2 workers, 2 models");
  expect(poolTitle({ workers: 1, models: pool.models.slice(1) })).toBe("Pool: 1 worker, 1 model");
  expect(poolConnection(pool)).toBe("Connected");
  expect(poolConnection({ ...pool, workers: 0 })).toBe("Connected; no worker is there now");
  expect(poolConnection({ ...pool, connection: "lost", problem: "Nothing listens there." })).toBe(
    "Nothing listens there.",
  );
  expect(poolItems(pool, false)).toMatchObject([{ hint: "Connected · rediss://host:6380", disabled: false }]);
  expect([poolItems(null, false).length, poolItems(null, true).length]).toEqual([0, 1]);
  expect(providerOf([{ device: "cpu" }, { device: "cuda 0" }, { device: "cuda: RTX" }])).toBe("cuda");
});

test("the same checkpoint is chosen there by its name, else the first", () => {
  expect(requestInPool(pool, { name: "dog" })).toEqual({ path: poolPath(ID, DOG), provider: "cuda", memory: "auto" });
  expect(requestInPool(pool, { name: "bird" })?.path).toBe(poolPath(ID, CAT));
  expect(requestInPool({ ...pool, models: [] }, { name: "dog" })).toBeUndefined();
});

test("a password goes into the address where it belongs, whatever is in it", () => {
  const address = (...given: [string, string]) => requestOf(...given, " ").address;
  expect(address(" rediss://ann@host:6380/2 ", "a@b/c%")).toBe("rediss://ann:a%40b%2Fc%25@host:6380/2");
  expect(address("redis://host", "x")).toBe("redis://:x@host");
  expect(address("redis://ann:old@host", "new")).toBe("redis://ann:new@host");
  expect(address("redis://ann:old@host", "")).toBe("redis://ann:old@host");
  expect(address("host", "x")).toBe("host");
  expect(requestOf("redis://host", "", "PEM").ca).toBe("PEM");
});

test("what a worker does is told in a line, and what others wrote stays in it", () => {
  expect([workerDoes(worker), workerPace(worker)]).toEqual(["Waits for work", "4.3 s each, 3 drawn"]);
  const drawing = { run: "r", seed: "5", user: "ann\nroot", model: "cat", step: 3, steps: 20 };
  expect(workerDoes({ ...worker, drawing })).toBe("cat, seed 5 of ann root");
  expect(workerDoes({ ...worker, silent: 15 })).toBe("Not heard of for 15 s");
  expect(workerDoes({ ...worker, isReadable: false })).toMatch(/reads other jobs than this one/);
  expect(workerPace({ ...worker, secondsEach: null, failed: 2 })).toBe("3 drawn, 2 failed");
});

test("an address that is refused says why, one that is taken is read; a pool that is back is told once", async () => {
  const listeners = new Map<string, (payload: never) => void>();
  const retried: unknown[] = [];
  let isGone = false;
  const state: PoolState = { workers: [worker], queues: [], failures: [], users: [] };
  const app = {
    on: (name: string, listener: (payload: never) => void) => listeners.set(name, listener),
    api: {
      readPool: () => Promise.resolve(pool),
      usePool: ({ address }: { address: string }) =>
        address.includes("right")
          ? Promise.resolve({ address: "redis://host", server: "Redis 7", notes: [] })
          : Promise.reject(new Error("The pool refuses the password.")),
      poolState: () => (isGone ? Promise.reject(new Error("It does not answer.")) : Promise.resolve(state)),
      retryInPool: (request: unknown) => Promise.resolve(void retried.push(request)),
    },
  } as unknown as App;
  const access = new PoolAccess(app, new Notices());
  let back = 0;
  access.onBack = () => back++;
  expect([await access.use("redis://host", "wrong", ""), access.problem]).toEqual([
    false,
    "The pool refuses the password.",
  ]);
  expect([await access.use("redis://host", "right", ""), access.problem]).toEqual([true, undefined]);
  const tell = (told: Pool) => listeners.get("pool")!({ pool: told } as never);
  tell(pool);
  tell({ ...pool, connection: "lost" });
  tell(pool);
  expect(back).toBe(2);
  await access.look();
  expect(access.state).toEqual(state);
  isGone = true;
  await access.look();
  expect([access.state, access.unseen]).toEqual([state, "It does not answer."]); // what was seen last stays
  const failure: PoolFailure = {
    ...{ job: "r_5", model: "cat", hash: CAT, run: "r", seed: "5", user: "ann" },
    why: "no LoRA",
    at: 0,
  };
  await access.retry([failure]);
  expect(retried).toEqual([{ failures: [{ hash: CAT, job: "r_5" }] }]);
  expect(access.nameOf({ path: poolPath(ID, DOG) })).toBe("dog");
  expect(access.nameOf({ path: "/models/dog" })).toBeUndefined();
  expect([access.has({ path: poolPath(ID, DOG) }), access.has({ path: poolPath("f".repeat(16), DOG) })]).toEqual([
    true,
    false,
  ]);
});
