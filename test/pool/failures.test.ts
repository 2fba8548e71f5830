/** What goes wrong with a pool: workers die, its Redis is started again, the network is cut, a job kills who takes it. No picture is lost, none comes twice. */
import { describe, expect, test } from "vitest";
import { queueKey, queueName } from "../../src-main/pool/keys.ts";
import type { DrawTask } from "../../src-main/pool/drawing.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { CAT, connectTo, eventually, MORTAL, poolAt, seedsUpTo, smallDrawing } from "../support/pool.ts";
import { cuttable, startRedis, whyNoRedis } from "../support/redis.ts";

const sorted = (pictures: readonly { seed: string }[]) =>
  pictures.map(({ seed }) => Number(seed)).sort((a, b) => a - b);

async function pool({ lasting = false, mortal = false } = {}) {
  const server = await startRedis({ lasting });
  return { server, ...poolAt(server.port, mortal ? MORTAL : {}) };
}

describe.skipIf(whyNoRedis())("a pool in trouble", () => {
  test("what a dead worker has begun, another one goes on with, from its last state", async () => {
    const s = await pool({ mortal: true });
    const dying = await s.work("dying", { stepTime: 20 });
    const { collection, pictures } = await s.ask(["1", "2"], { steps: 12 });
    await eventually(async () => expect((await s.client.state()).workers[0]?.drawing?.step).toBeGreaterThan(3));
    dying.vanish();
    await s.work("other");
    await collection.ended;
    expect(sorted(pictures)).toEqual([1, 2]);
    const again = s.drawn.find(({ worker, seed }) => worker === "other" && seed === "1");
    expect(again?.from).toBeGreaterThan(2);
  });

  test("a worker that is asked to stop leaves its picture at once, with its state", async () => {
    const s = await pool();
    const { worker } = await s.work("leaving", { stepTime: 20 });
    const { collection, pictures } = await s.ask(["1"], { steps: 10 });
    await eventually(() => expect(s.drawn).toHaveLength(1));
    await worker.stop();
    expect(s.said).toContain("leaving: run-1_1: left for another worker");
    await s.work("other");
    await collection.ended;
    expect(sorted(pictures)).toEqual([1]);
    expect(s.drawn[1]).toMatchObject({ worker: "other" });
    expect(s.drawn[1]!.from).toBeGreaterThan(0);
  });

  test("a state of another device is no use: the seed is drawn from the start", async () => {
    const s = await pool();
    const small = smallDrawing("one", s.drawn);
    const draw: DrawTask = (task, control) =>
      task.from
        ? Promise.reject(new AppError("state-invalid", "begun on another device", { why: "other" }))
        : small(task, control);
    const { redis } = s.client;
    await redis.set("diorama:state:run-1_1", "x");
    await s.work("one", { draw });
    const { collection, pictures } = await s.ask(["1"]);
    await collection.ended;
    expect([sorted(pictures), s.drawn]).toEqual([[1], [expect.objectContaining({ from: 0 })]]);
  });

  test("Redis is killed and started again in the middle: the run goes on to its end", async () => {
    const s = await pool({ lasting: true, mortal: true });
    await s.work("one", { stepTime: 5 });
    await s.work("two", { stepTime: 5 });
    const { collection, pictures, failed } = await s.ask(seedsUpTo(20), { steps: 5 });
    await eventually(() => expect(pictures.length).toBeGreaterThan(4));
    await s.server.kill();
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // longer than a lock
    await s.server.start();
    await collection.ended;
    expect([failed, sorted(pictures)]).toEqual([[], seedsUpTo(20).map(Number)]);
  });

  test("a worker behind a network that is cut without a word loses its job to another, and finishes nothing twice", async () => {
    const s = await pool({ mortal: true });
    const way = await cuttable(s.server.port);
    await s.work("cut off", { stepTime: 60 }, way.port);
    const { collection, pictures } = await s.ask(["1"], { steps: 20 });
    await eventually(() => expect(s.drawn).toHaveLength(1));
    way.cut(true);
    await s.work("other", { stepTime: 5 });
    await collection.ended;
    expect(sorted(pictures)).toEqual([1]);
    way.cut(false);
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // it comes back, and has nothing to say
    expect(sorted(pictures)).toEqual([1]);
    expect((await s.client.redis.keys("diorama:picture:*")).length).toBe(0);
  });

  test("whoever collects is cut off while pictures come: they are there when it is back", async () => {
    const s = await pool();
    const way = await cuttable(s.server.port);
    const far = poolAt(way.port);
    await s.work("one");
    const refuse = { isRefused: true };
    const { collection, pictures } = await far.ask(seedsUpTo(4), {
      onPicture: () => (refuse.isRefused ? Promise.reject(new Error("not yet")) : Promise.resolve()),
    });
    way.cut(true);
    await eventually(() => expect(s.drawn).toHaveLength(4));
    refuse.isRefused = false;
    way.cut(false);
    await collection.ended;
    expect(sorted(pictures)).toEqual([1, 2, 3, 4]);
  });

  test("a job that is delivered twice is drawn to one picture", async () => {
    const s = await pool();
    const { collection, pictures } = await s.ask(["1"]);
    const redis = connectTo(s.server.port);
    const queue = queueName(CAT.hash);
    // As by a script that was sent again: the same id waits twice.
    await redis.rpush(queueKey(queue, "wait"), "run-1_1");
    await s.work("one", { stepTime: 10 });
    await s.work("two", { stepTime: 10 });
    await collection.ended;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sorted(pictures)).toEqual([1]);
    expect((await redis.keys("diorama:picture:*")).length).toBe(0);
  });

  test("what was drawn and not said before a worker died is not drawn again", async () => {
    const s = await pool({ mortal: true });
    const { work, client } = s;
    const { collection, pictures } = await s.ask(["1"]);
    const one = await work("one");
    // Its last word does not get through: as if it had died between writing the picture and saying so.
    const { redis } = one;
    const set = redis.set.bind(redis) as (...args: unknown[]) => Promise<unknown>;
    redis.set = (async (...args: unknown[]) => {
      const answer = await set(...args);
      if (String(args[0]).startsWith("diorama:drawn:")) one.vanish();
      return answer;
    }) as never;
    await eventually(async () => expect(await client.redis.exists("diorama:drawn:run-1_1")).toBe(1));
    await work("two");
    await collection.ended;
    expect(sorted(pictures)).toEqual([1]);
    expect(s.drawn.map(({ worker }) => worker)).toEqual(["one"]);
  });

  test("a picture over which worker after worker dies is given up after five, in words", async () => {
    const s = await pool({ mortal: true });
    const { collection, failed, pictures } = await s.ask(["1", "2"]);
    for (const name of ["one", "two", "three", "four", "five"]) {
      const small = smallDrawing(name, s.drawn);
      const worker = await s.work(name, {
        times: { lock: 200, lookEvery: 50 },
        draw: (task, control) => {
          if (task.seed !== "1") return small(task, control);
          worker.vanish();
          s.drawn.push({ worker: name, seed: "1", model: "cat", from: 0 });
          return new Promise(() => undefined);
        },
      });
      await eventually(() => expect(s.drawn.some(({ worker: by, seed }) => by === name && seed === "1")).toBe(true));
    }
    await s.work("last");
    await collection.ended;
    expect(failed.map(({ seed }) => seed)).toEqual(["1"]);
    expect(failed[0]?.why).toContain("5 workers died or fell silent over this picture");
    expect(sorted(pictures)).toEqual([2]);
    // Tried again by somebody, it has all its lives again.
    await s.client.retry(CAT.hash, "run-1_1");
    const again = await s.ask(["1"]);
    await again.collection.ended;
    expect(sorted(again.pictures)).toEqual([1]);
  });

  test("an engine that dies is given three tries; what is wrong with a scene, one", async () => {
    const s = await pool();
    const tries: string[] = [];
    const draw: DrawTask = ({ seed }) => {
      tries.push(seed);
      return Promise.reject(
        seed === "1"
          ? new AppError("service-crashed", "The engine process ended by SIGSEGV.", { service: "engine", exitCode: null, signal: "SIGSEGV" }) // prettier-ignore
          : new AppError("scene-invalid", "boxes[0].phrase: it is not in the prompt", { at: "boxes[0].phrase" }),
      );
    };
    await s.work("one", { draw });
    const { collection, failed } = await s.ask(["1", "2"]);
    await collection.ended;
    expect(tries.filter((seed) => seed === "1")).toHaveLength(3);
    expect(tries.filter((seed) => seed === "2")).toHaveLength(1);
    const words = Object.fromEntries(failed.map(({ seed, why }) => [seed, why]));
    expect(words["1"]).toBe("Tried 3 times. The engine process ended by SIGSEGV. (worker one)");
    expect(words["2"]).toBe("boxes[0].phrase: it is not in the prompt (worker one)");
    const { failures } = await s.client.state();
    expect(failures.map(({ seed, user, model }) => [seed, user, model]).sort()).toEqual([["1", "ann", "cat"], ["2", "ann", "cat"]]); // prettier-ignore
  });

  test("jobs of another version are left alone, and a worker says that it cannot read them", async () => {
    const s = await pool();
    const redis = connectTo(s.server.port);
    const newer = { form: 2, hash: CAT.hash, name: "cat", app: "0.9.0", more: "than is known here" };
    await redis.hset("diorama:models", queueName(CAT.hash, 2), JSON.stringify(newer));
    await redis.zadd(queueKey(queueName(CAT.hash, 2), "prioritized"), 1, "run-9_1");
    await redis.set("diorama:worker:newer", JSON.stringify({ form: 2, id: "newer", name: "new box", app: "0.9.0", device: "cpu", models: [], open: null, drawing: null, done: 0, failed: 0, secondsEach: null, notes: [], extra: 1 })); // prettier-ignore
    await redis.zadd("diorama:workers", Date.now(), "newer");
    await s.work("one");
    await eventually(async () => {
      const { workers } = await s.client.state();
      const notes = Object.fromEntries(workers.map(({ name, notes: own }) => [name, own]));
      expect(notes["one"]).toEqual([
        "1 picture waits for cat that Diorama 0.9.0 asked for, which this worker's version (0.1.0) cannot read. Update the older one.",
      ]);
      expect(workers.find(({ name }) => name === "new box")).toMatchObject({ app: "0.9.0", isReadable: false });
    });
    expect(s.drawn).toEqual([]);
    expect(await redis.zcard(queueKey(queueName(CAT.hash, 2), "prioritized"))).toBe(1);
  });

  test("three workers that are killed and come back at random lose nothing of a run of 60", async () => {
    const s = await pool({ mortal: true });
    const { collection, pictures, failed } = await s.ask(seedsUpTo(60), { steps: 6 });
    const working = await Promise.all(["a0", "b0", "c0"].map((name) => s.work(name, { stepTime: 4 })));
    for (let round = 1; collection.owed.length > 0 && round < 40; round++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const which = round % working.length;
      working[which]!.vanish();
      working[which] = await s.work(`${"abc"[which]!}${round}`, { stepTime: 4 });
      if (pictures.length > 45) break;
    }
    await collection.ended;
    expect([failed, sorted(pictures)]).toEqual([[], seedsUpTo(60).map(Number)]);
  });
});
