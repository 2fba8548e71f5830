/** Workers of a pool that come too late, that hear of a cancel late, or cannot get one checkpoint of several. */
import { describe, expect, test } from "vitest";
import { describePool } from "../../src-main/cli/pool.ts";
import { packAttention, unpackAttention } from "../../src-main/pool/blobs.ts";
import { choiceFor } from "../../src-main/pool/checkpoints.ts";
import { keys, queueKey, queueName } from "../../src-main/pool/keys.ts";
import { oneAtATime } from "../../src-main/pool/oneAtATime.ts";
import { doJob } from "../../src-main/pool/workerJob.ts";
import type { JobWorker } from "../../src-main/pool/workerPicture.ts";
import { WorkerQueues } from "../../src-main/pool/workerQueues.ts";
import { CAT, connectTo, DOG, poolAt, smallDrawing } from "../support/pool.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

test("what a clock asks for while it is being done is not asked again", async () => {
  const ends: (() => void)[] = [];
  const tick = oneAtATime(() => new Promise((resolve) => ends.push(() => resolve(undefined))));
  tick();
  tick();
  expect(ends).toHaveLength(1);
  ends[0]!();
  await new Promise((resolve) => setImmediate(resolve));
  tick();
  expect(ends).toHaveLength(2);
});

test("what others write to a pool moves no cursor in the terminal", () => {
  const failure = { job: "r_1", model: "cat", hash: CAT.hash, run: "r", seed: "1", user: "ann", at: 0 };
  const text = describePool(
    { workers: [], queues: [], users: [], failures: [{ ...failure, why: "\u001b[2Jno\nroom" }] },
    "redis://pool:6379",
    [],
  );
  expect(text).toContain("r_1: cat, seed 1, of ann: [2Jno room\n");
});

test("where phrases look is taken whole or not at all: no memory is had for what is only said to be there", () => {
  const maps = { width: 2, height: 1, regions: { a: new Float32Array([0.25, 1]) } };
  expect(unpackAttention(packAttention(maps))).toEqual(maps);
  const lie = JSON.stringify({ width: 2_048, height: 2_048, regions: { a: "", b: "AAAA" } });
  expect(() => unpackAttention(lie)).toThrow("a map is not 2048 x 2048");
});

test("of what a repository has, a worker gets the file that is meant, else the folder", () => {
  const choice = (id: string, ...paths: string[]) => ({ id, files: paths.map((path) => ({ path, bytes: 1 })) });
  const folder = choice("folder", "unet/model.safetensors", "vae/model.safetensors");
  const all = [folder, choice("a", "v1-5-pruned.safetensors"), choice("b", "sub/cats.safetensors")];
  expect([choiceFor("cats", all), choiceFor("stable-diffusion", all), choiceFor("x", all.slice(1))].map((one) => one?.id)).toEqual(["b", "folder", "a"]); // prettier-ignore
  expect(choiceFor("x", all.slice(3))).toBeUndefined();
});

describe.skipIf(whyNoRedis())("with a Redis", () => {
  /** One job that a worker has just taken, and what it comes to. */
  async function taken(worker: (redis: ReturnType<typeof connectTo>, job: string) => Partial<JobWorker>) {
    const { port } = await startRedis({ lasting: false });
    const s = poolAt(port);
    await s.ask(["1"]);
    const redis = connectTo(port);
    const queues = new WorkerQueues(redis, "one", { lock: 20_000, lookEvery: 10_000 }, () => undefined);
    const bull = (await queues.take(CAT.hash, "token"))!;
    const end = await doJob(bull, "token", {
      ...{ redis, name: "one", app: "0.1.0", draw: smallDrawing("one", s.drawn), lock: 20_000, keepEvery: 0 },
      ...{ leaving: new AbortController().signal, onBegin: () => undefined, onStep: () => undefined },
      ...{ onProblem: () => undefined, ...worker(redis, queueKey(queueName(CAT.hash), "run-1_1")) },
    });
    const isThere = (await redis.exists(queueKey(queueName(CAT.hash), "run-1_1"))) === 1;
    await queues.close();
    return { end, isThere, drawn: s.drawn };
  }

  test("a worker that comes to the end after another one leaves what the other one made", async () => {
    const { end, isThere } = await taken((redis, job) => ({
      draw: async (...task) => {
        const picture = await smallDrawing("one", [])(...task);
        await redis.hset(job, "finishedOn", "1");
        return picture;
      },
    }));
    expect([end, isThere]).toEqual([{ kind: "lost" }, true]);
  });

  test("a picture that is cancelled while its worker reads what was asked for is not drawn", async () => {
    const { end, isThere, drawn } = await taken((redis) => ({
      onBegin: () => void redis.sadd(keys.unwanted("run-1"), "run-1_1"),
    }));
    expect([end, isThere, drawn]).toEqual([{ kind: "unwanted" }, false, []]);
  });

  test("a checkpoint that cannot be fetched is not asked for every moment, and keeps no other from being fetched", async () => {
    const { port } = await startRedis({ lasting: false });
    const s = poolAt(port);
    const asked: string[] = [];
    const here = [{ ...CAT, hash: "c".repeat(64) }];
    const lost = await s.ask(["1"], { run: "run-1", model: CAT });
    const { collection } = await s.ask(["1"], { run: "run-2", model: DOG });
    await s.work("one", {
      models: () => here,
      fetch: (model) => {
        asked.push(model.name);
        if (model.hash === CAT.hash) return Promise.reject(new Error("cat is nowhere"));
        return Promise.resolve(void here.push({ ...DOG }));
      },
    });
    await collection.ended;
    await new Promise((resolve) => setTimeout(resolve, 300)); // several looks
    expect(asked.sort()).toEqual(["cat", "dog"]);
    expect(lost.collection.owed).toEqual(["1"]);
  });
});
