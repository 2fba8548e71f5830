/** What others wrote to a pool costs nobody memory; what Redis itself refuses is no picture's fault; and what nobody wants is taken away. */
import { describe, expect, test } from "vitest";
import { listCut, readCut } from "../../src-main/pool/bounded.ts";
import { keys, queueKey, queueName } from "../../src-main/pool/keys.ts";
import { CAT, connectTo, eventually, poolAt, seedsUpTo, smallDrawing } from "../support/pool.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

describe.skipIf(whyNoRedis())("with a Redis", () => {
  test("texts longer than they may be are cut before they are sent, wherever somebody put them", async () => {
    const { port } = await startRedis();
    const s = poolAt(port);
    const { run, failed } = await s.ask(seedsUpTo(3), { lookEvery: 50 });
    const redis = connectTo(port);
    const huge = "x".repeat(8 * 2 ** 20);
    const job = (seed: number) => queueKey(queueName(CAT.hash), `${run}_${seed}`);
    await redis.set(keys.worker("x"), huge);
    await redis.zadd(keys.workers, Date.now(), "x", Date.now(), huge);
    await redis.hset(keys.models, "strange", huge);
    await redis.hset(job(1), "data", huge);
    await redis.hset(job(2), "returnvalue", huge, "finishedOn", huge);
    await redis.hset(job(3), "failedReason", huge, "finishedOn", "1");
    await redis.zadd(queueKey(queueName(CAT.hash), "failed"), 1, `${run}_3`, 2, huge);
    await redis.set(keys.drawn(`${run}_1`), huge);
    const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await redis.info("stats"))![1]);
    const before = await sent();
    const { workers, failures } = await s.client.state();
    expect([workers, failures.map(({ why }) => why.length)]).toEqual([[], [1_000]]);
    await eventually(() => expect(failed).toHaveLength(2));
    const words = Object.fromEntries(failed.map(({ seed, why }) => [seed, why]));
    expect(words["2"]).toMatch(/^What a worker says of a picture cannot be read: it has \d+ characters/);
    expect(words["3"]).toMatch(/^x{2000}$/);
    await s.client.cancel(run, CAT.hash, seedsUpTo(3));
    expect(await sent()).toBeLessThan(before + 2 * 2 ** 20);
    await redis.set("short", "äöü");
    expect([await readCut(redis, "short"), await readCut(redis, "none")]).toEqual(["äöü", null]);
    expect(await listCut(redis, "HMGET", job(1), ["none"])).toEqual([null]);
  });

  test("what Redis refuses for a while is asked for again: the picture is there as it was", async () => {
    const { port } = await startRedis();
    const s = poolAt(port);
    const redis = connectTo(port);
    const may = (what: "+strlen" | "-strlen") => redis.call("ACL", "SETUSER", "default", what);
    const { collection, pictures, failed, problems } = await s.ask(["1"], { lookEvery: 50 });
    const small = smallDrawing("one", s.drawn);
    await s.work("one", { draw: async (...task) => (await may("-strlen"), small(...task)) });
    await eventually(() => expect(problems.join()).toContain("NOPERM"));
    await may("+strlen");
    await collection.ended;
    expect([pictures.length, failed]).toEqual([1, []]);
  });

  test("whoever stops waiting is not kept waiting by a pool that is away", async () => {
    const server = await startRedis();
    const { collection } = await poolAt(server.port).ask(["1"], { lookEvery: 20 });
    await server.kill();
    await collection.stop();
    expect(collection.owed).toEqual(["1"]);
  });

  test("a picture that cannot be taken is drawn anew for whoever asks again; what is cancelled leaves nothing behind", async () => {
    const { port } = await startRedis();
    const s = poolAt(port);
    const small = smallDrawing("one", s.drawn);
    let lies = true;
    await s.work("one", {
      draw: async (task, control) => {
        const picture = await small(task, control);
        return lies ? { ...picture, record: { ...picture.record, seed: "7" } } : picture;
      },
    });
    const first = await s.ask(["1"]);
    await first.collection.ended;
    expect(first.failed[0]?.why).toContain("it is of seed 7, not 1");
    lies = false;
    const again = await s.ask(["1"], { onPicture: () => Promise.reject(new Error("the disk is full")) });
    await eventually(() => expect(again.problems).toContain("the disk is full"));
    expect(await s.client.redis.keys("diorama:picture:*")).toHaveLength(1);
    await s.client.cancel(again.run, CAT.hash, ["1"]);
    const left = await s.client.redis.keys("diorama:*");
    expect(left.filter((key) => /:(picture|state|drawn|attention):|run-1_/.test(key))).toEqual([]);
  });
});
