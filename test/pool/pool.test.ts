/** A pool on a real Redis, with workers that draw by a small function: everything comes, once, in turn, and is what was asked for. */
import { describe, expect, test } from "vitest";
import { keys } from "../../src-main/pool/keys.ts";
import { fakeScene } from "../support/fakePipeline.ts";
import { CAT, connectTo, DOG, eventually, pixelsOf, poolAt, seedsUpTo, smallDrawing } from "../support/pool.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

async function pool() {
  const server = await startRedis();
  return { server, ...poolAt(server.port) };
}

describe.skipIf(whyNoRedis())("a pool", () => {
  test("two workers draw a run; each picture comes once, whole, and leaves nothing behind", async () => {
    const s = await pool();
    await s.work("one");
    await s.work("two");
    const steps: string[] = [];
    const { pictures, failed, collection } = await s.ask(seedsUpTo(12), { onStep: (seed) => void steps.push(seed) });
    await collection.ended;
    expect(failed).toEqual([]);
    expect(pictures.map(({ seed }) => Number(seed)).sort((a, b) => a - b)).toEqual(seedsUpTo(12).map(Number));
    const { settings } = fakeScene("a cat");
    for (const { seed, pixels } of pictures) expect(pixels.data).toEqual(pixelsOf(seed, settings).data);
    expect(new Set(s.drawn.map(({ worker }) => worker))).toEqual(new Set(["one", "two"]));
    expect(s.drawn).toHaveLength(12);
    expect(steps.length).toBeGreaterThan(0);
    const left = await s.client.redis.keys("diorama:*");
    expect(left.filter((key) => /:(picture|state|drawn|attention):|run-1_/.test(key))).toEqual([]);
  });

  test("who asks again for the same run gets what is there, and nothing is drawn twice", async () => {
    const s = await pool();
    const refuse = () => Promise.reject(new Error("the disk is full"));
    const first = await s.ask(["1", "2"], { onPicture: refuse });
    await s.work("one");
    await eventually(() => expect(first.problems).toContain("the disk is full"));
    await eventually(() => expect(s.drawn).toHaveLength(2));
    await first.collection.stop();
    const again = await s.ask(["1", "2"]);
    await again.collection.ended;
    expect(again.pictures.map(({ seed }) => seed).sort()).toEqual(["1", "2"]);
    expect(s.drawn).toHaveLength(2);
  });

  test("users take turns within an urgency, whoever asked first and for however many", async () => {
    const s = await pool();
    await s.ask(seedsUpTo(8), { run: "anns", user: "ann" });
    await s.ask(["11", "12", "13"], { run: "bobs", user: "bob" });
    await s.work("one");
    await s.ask(["21"], { run: "cyns", user: "cyn" });
    await eventually(() => expect(s.drawn).toHaveLength(12));
    const order = s.drawn.map(({ seed }) => (Number(seed) > 20 ? "c" : Number(seed) > 10 ? "b" : "a")).join("");
    expect(order.indexOf("c")).toBeLessThan(4);
    expect(order.replace("c", "")).toBe("abababaaaaa");
  });

  test("what is urgent goes first, and what is for later last", async () => {
    const s = await pool();
    await s.ask(["1", "2"], { run: "later", urgency: "later" });
    await s.ask(["3", "4"], { run: "usual", user: "bob" });
    await s.ask(["5"], { run: "first", urgency: "first", user: "cyn" });
    await s.work("one");
    await eventually(() => expect(s.drawn).toHaveLength(5));
    expect(s.drawn.map(({ seed }) => seed)).toEqual(["5", "3", "4", "1", "2"]);
  });

  test("cancelled, nothing more of a run is drawn: what waits goes at once, what is drawn within a step", async () => {
    const s = await pool();
    await s.work("one", { stepTime: 30 });
    const { collection, pictures, run } = await s.ask(seedsUpTo(5), { steps: 20 });
    await eventually(() => expect(s.drawn).toHaveLength(1));
    await s.client.cancel(run, CAT.hash, seedsUpTo(5));
    collection.drop(seedsUpTo(5));
    await collection.ended;
    await eventually(async () => expect((await s.client.state()).queues).toEqual([]));
    await eventually(() => expect(s.said).toContain("one: run-1_1: cancelled"));
    expect([pictures, s.drawn.length]).toEqual([[], 1]);
    // Wanted after all, it is drawn.
    const again = await s.ask(["2"], { steps: 3 });
    await again.collection.ended;
    expect(again.pictures).toHaveLength(1);
  });

  test("a worker stays with the checkpoint that it has open, and another worker takes the other", async () => {
    const s = await pool();
    const both = { models: () => [CAT, DOG], stepTime: 5 };
    for (let i = 0; i < 6; i++) {
      await s.ask([String(i)], { run: `cat-${i}`, model: CAT });
      await s.ask([String(i)], { run: `dog-${i}`, model: DOG });
    }
    await s.work("one", both);
    await eventually(() => expect(s.drawn.length).toBeGreaterThan(0));
    await s.work("two", both);
    await eventually(() => expect(s.drawn).toHaveLength(12));
    for (const name of ["one", "two"]) {
      const models = s.drawn.filter(({ worker }) => worker === name).map(({ model }) => model);
      const changes = models.filter((model, i) => i > 0 && model !== models[i - 1]).length;
      expect(changes).toBeLessThanOrEqual(1);
    }
  });

  test("a checkpoint that is on no worker is told of by each, and fetched where that is allowed", async () => {
    const s = await pool();
    const here = [CAT];
    await s.work("one");
    const { collection } = await s.ask(["1"], { model: DOG });
    await eventually(async () => {
      const { workers, queues } = await s.client.state();
      expect(workers[0]?.notes).toEqual(["1 picture waits for dog, which is not on this worker."]);
      expect(queues).toMatchObject([{ model: { name: "dog" }, waiting: 1, workers: 0 }]);
    });
    const fetch = (model: { hash: string; name: string }) => Promise.resolve(void here.push({ ...DOG, ...model }));
    await s.work("two", { models: () => here, fetch });
    await collection.ended;
    expect(s.drawn).toMatchObject([{ worker: "two", model: "dog" }]);
  });

  test("what is drawn is shown: workers, how far they are, who waits for what", async () => {
    const s = await pool();
    await s.work("one", { stepTime: 40 });
    await s.ask(seedsUpTo(3), { steps: 30, user: "ann" });
    await eventually(async () => {
      const { workers, queues, users } = await s.client.state();
      expect(workers).toMatchObject([
        { name: "one", isReadable: true, drawing: { seed: "1", user: "ann", steps: 30 } },
      ]);
      expect(workers[0]!.drawing!.step).toBeGreaterThan(1);
      expect(queues).toMatchObject([{ model: { name: "cat" }, waiting: 2, drawing: 1, workers: 1 }]);
      expect(users).toEqual([{ user: "ann", waiting: 2 }]);
    });
  });

  test("jobs that were tampered with, or that no worker can read, fail in words; strange values do not stop the others", async () => {
    const s = await pool();
    const { collection, failed } = await s.ask(["1", "2", "3"]);
    const redis = connectTo(s.server.port);
    const queue = `diorama:v1-${CAT.hash.slice(0, 32)}`;
    await redis.hset(`${queue}:run-1_1`, "data", JSON.stringify({ form: 1, run: "../etc", seed: "1" }));
    const other = await redis.hget(`${queue}:run-1_3`, "data");
    await redis.hset(`${queue}:run-1_2`, "data", other!); // another seed's
    await redis.hset(keys.models, "strange", "{");
    await redis.set(keys.worker("x"), "x".repeat(1_000_000));
    await redis.zadd(keys.workers, Date.now(), "x");
    await s.work("one");
    await collection.ended;
    expect(failed.map(({ why }) => why)).toEqual([
      expect.stringMatching(/The job cannot be read: run: expected letters.*This worker is Diorama 0\.1\.0/),
      expect.stringContaining("its name is another one's"),
    ]);
    expect((await s.client.state()).workers.map(({ name }) => name)).toEqual(["one"]);
  });

  test("a picture that is not what was asked for is not taken", async () => {
    const s = await pool();
    const lies = smallDrawing("liar", []);
    await s.work("liar", {
      draw: async (task, control) => {
        const picture = await lies(task, control);
        const { record } = picture;
        if (task.seed === "1") return { ...picture, record: { ...record, seed: "7" } };
        if (task.seed === "2")
          return { ...picture, record: { ...record, scene: { ...record.scene, prompt: "a dog" } } };
        if (task.seed === "3") return { ...picture, record: { ...record, model: { ...record.model, hash: "other" } } };
        return { ...picture, pixels: { width: 1, height: 1, data: new Uint8Array(4) } };
      },
    });
    const { collection, failed, pictures } = await s.ask(["1", "2", "3", "4"]);
    await collection.ended;
    expect(pictures).toEqual([]);
    const words = Object.fromEntries(failed.map(({ seed, why }) => [seed, why]));
    expect(words["1"]).toContain("it is of seed 7, not 1");
    expect(words["2"]).toContain("it is of another scene");
    expect(words["3"]).toContain("it was drawn with another checkpoint");
    expect(words["4"]).toContain("it is 1 x 1, not 64 x 64");
  });
});
