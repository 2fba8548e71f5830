/** A pool as the window's program asks it, through its own process (here in this one): entered, tried, drawn in, cut off, forgotten. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isInPool, poolPath, readPoolPath } from "../../src-main/api/poolCalls.ts";
import { knownCheckpoint } from "../../src-main/pool/checkpoints.ts";
import { HashMemory } from "../../src-main/pool/hashMemory.ts";
import type { PoolPicture } from "../../src-main/pool/host.ts";
import { keys } from "../../src-main/pool/keys.ts";
import type { Seed } from "../../src-main/scene/scene.ts";
import { DEMO_FOLDER } from "../../src-main/cli/render.ts";
import { placeOfModel } from "../../src-main/api/machines.ts";
import type { AppError } from "../../src-main/wire/errors.ts";
import { fakeScene } from "../support/fakePipeline.ts";
import { CAT, eventually, poolAt, seedsUpTo, smallDrawing } from "../support/pool.ts";
import { hostIn } from "../support/poolHost.ts";
import { temporaryFolder } from "../support/projects.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

const PASSWORD = "c:rrect%horse";

/** A Redis with a pool that is entered in a host of its own. */
async function entered() {
  const server = await startRedis();
  const s = hostIn(temporaryFolder());
  await s.host.api.usePool({ address: server.url, ca: null });
  const { id } = (await s.host.read())!;
  const model = { path: poolPath(id, CAT.hash), provider: "cpu", memory: "auto" } as const;
  const pictures: PoolPicture[] = [];
  const steps: Seed[] = [];
  const failed: { seed: Seed; error: AppError }[] = [];
  const draw = (seeds: Seed[], { isKept = true, steps: count = 3, name = "run-1" } = {}) => {
    const run = { name, model, scene: fakeScene("a cat", count), seeds, previewEvery: 0, attention: false };
    s.host.draw(run, {
      onStep: ({ seed }) => void steps.push(seed),
      onPicture: (picture) => {
        pictures.push(picture);
        return Promise.resolve(isKept);
      },
      onFailed: (seed, error) => void failed.push({ seed, error }),
    });
  };
  return { server, ...s, ...poolAt(server.port), model, draw, pictures, steps, failed };
}

const seedsOf = (pictures: readonly { seed: Seed }[]) => pictures.map(({ seed }) => seed).toSorted();

test("a checkpoint of a pool is named by pool and content, and no file is taken for one", () => {
  const path = poolPath("1".repeat(16), "a".repeat(64));
  expect(readPoolPath(path)).toEqual({ id: "1".repeat(16), hash: "a".repeat(64) });
  expect(placeOfModel({ path })).toBe(`pool:${"1".repeat(16)}`);
  for (const file of ["/models/a", "pool:x/y", `${path}/..`, ` ${path}`]) expect(isInPool({ path: file })).toBe(false);
});

describe.skipIf(whyNoRedis())("a pool in the window's program", () => {
  test("its address is tried before it is taken, and nobody but its owner ever reads the password", async () => {
    const server = await startRedis({ password: PASSWORD });
    const folder = temporaryFolder();
    const { host, told, logs } = hostIn(folder);
    const at = (password: string) => ({
      address: `redis://:${encodeURIComponent(password)}@127.0.0.1:${server.port}`,
      ca: null,
    });
    expect(await host.read()).toBeNull();
    await expect(host.api.checkPool(at("wrong"))).rejects.toThrow(/refuses the password/);
    await expect(host.api.usePool(at("wrong"))).rejects.toThrow(/refuses the password/);
    await expect(host.api.usePool({ address: "https://x", ca: null })).rejects.toThrow(/begins with https:/);
    expect(existsSync(join(folder, "pool.json"))).toBe(false);
    const check = await host.api.checkPool(at(PASSWORD));
    expect(check).toMatchObject({ address: `redis://127.0.0.1:${server.port}` });
    expect(check.server).toMatch(/^(Redis|Valkey) \d/);
    expect(await host.read()).toBeNull();
    await host.api.usePool(at(PASSWORD));
    await eventually(() => expect(told.at(-1)).toMatchObject({ connection: "connected", workers: 0, models: [] }));
    const file = join(folder, "pool.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toContain(encodeURIComponent(PASSWORD));
    const said = JSON.stringify([told, logs, check]);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(said).not.toContain(secret);
    await host.api.forgetPool();
    expect([existsSync(file), await host.read()]).toEqual([false, null]);
    await expect(host.api.poolState()).rejects.toThrow(/No pool is known here/);
  });

  test("many seeds are asked for at once; each picture is given once, and leaves the pool when it is kept", async () => {
    const s = await entered();
    await s.work("one", { models: () => [CAT] });
    await s.work("two");
    s.draw(seedsUpTo(6));
    await eventually(() => expect(seedsOf(s.pictures)).toEqual(seedsUpTo(6)));
    expect(new Set(s.steps).size).toBeGreaterThan(0);
    await eventually(async () => {
      const left = await s.client.redis.keys("diorama:*");
      expect(left.filter((key) => /:(picture|state|drawn):|run-1_/.test(key))).toEqual([]);
    });
    const models = [{ hash: CAT.hash, name: "cat", workers: 2 }];
    await eventually(() => expect(s.told.at(-1)).toMatchObject({ workers: 2, provider: "cpu", models }));
    expect(s.failed).toEqual([]);
  });

  test("a picture that could not be kept stays in the pool, and comes when it is asked for again", async () => {
    const s = await entered();
    await s.work("one");
    s.draw(["1"], { isKept: false });
    await eventually(() => expect(s.pictures).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 500)); // it is looked at twice meanwhile
    expect(s.pictures).toHaveLength(1);
    expect(await s.client.redis.keys(keys.picture("run-1_1", "*"))).toHaveLength(1);
    s.draw(["1"]);
    await eventually(() => expect(s.pictures).toHaveLength(2));
    expect(s.drawn).toHaveLength(1);
  });

  test("what is cancelled is not drawn there; what is only left is", async () => {
    const s = await entered();
    s.draw(["1", "2", "3"]);
    await eventually(async () => expect((await s.client.state()).queues[0]).toMatchObject({ waiting: 3 }));
    s.host.drop("run-1", ["1"], true);
    s.host.drop("run-1", ["2"], false);
    await eventually(async () => expect((await s.client.state()).queues[0]).toMatchObject({ waiting: 2 }));
    await s.work("one");
    await eventually(() => expect(seedsOf(s.drawn)).toEqual(["2", "3"]));
    await eventually(() => expect(seedsOf(s.pictures)).toEqual(["3"]));
  });

  test("its process may die, and its Redis stop: what is owed comes all the same, once", async () => {
    const s = await entered();
    s.draw(seedsUpTo(4), { steps: 6 });
    await eventually(async () => expect((await s.client.state()).queues[0]).toMatchObject({ waiting: 4 }));
    s.kill();
    await s.work("one", { draw: smallDrawing("one", s.drawn, 10) });
    await eventually(() => expect(seedsOf(s.pictures)).toEqual(seedsUpTo(4)));
    expect(s.drawn).toHaveLength(4);
    await s.server.kill();
    await eventually(() => expect(s.told.at(-1)).toMatchObject({ connection: "lost" }));
    await eventually(() => expect(s.told.at(-1)?.problem).toMatch(/Nothing listens at redis:/));
    s.draw(["9"], { name: "run-2" });
    await s.server.start();
    await eventually(() => expect(seedsOf(s.pictures)).toContain("9"));
  });

  test("a failure is told with its reason, and tried again; forgetting the pool ends what waits in words", async () => {
    const s = await entered();
    let isBroken = true;
    const small = smallDrawing("one", s.drawn);
    await s.work("one", { draw: (...task) => (isBroken ? Promise.reject(new Error("no such LoRA")) : small(...task)) });
    s.draw(["1"]);
    await eventually(() => expect(s.failed[0]?.error.message).toMatch(/no such LoRA \(worker one\)/));
    const { failures } = await s.host.api.poolState();
    expect(failures).toMatchObject([{ seed: "1", model: "cat" }]);
    await eventually(async () =>
      expect((await s.host.api.poolState()).workers).toMatchObject([{ name: "one", failed: 1 }]),
    );
    isBroken = false;
    await s.host.api.retryInPool({ failures: failures.map(({ hash, job }) => ({ hash, job })) });
    await eventually(async () => expect((await s.host.api.poolState()).failures).toEqual([]));
    s.draw(["1"]);
    await eventually(() => expect(seedsOf(s.pictures)).toEqual(["1"]));
    s.draw(["2"], { steps: 400 });
    await eventually(() => expect(s.drawn.length).toBe(2));
    await s.host.api.forgetPool();
    await eventually(() =>
      expect(s.failed[1]?.error.message).toMatch(/pool was forgotten .* enter the pool's address/),
    );
  });

  test("what a checkpoint is its workers tell; the demo's words are read here", async () => {
    const s = await entered();
    const demo = await knownCheckpoint(DEMO_FOLDER, new HashMemory(join(temporaryFolder(), "hashes.json")));
    const models = () => [{ hash: demo.hash, name: demo.name }, CAT];
    await s.work("one", { models, about: (hash) => (hash === demo.hash ? demo.about : undefined) });
    const model = { ...s.model, path: s.model.path.replace(CAT.hash, demo.hash) };
    const summary = await s.host.load(model);
    expect(summary).toMatchObject({ path: model.path, name: demo.name, family: "sd1", pixelsPerLatent: 16 });
    expect(s.host.summaryOf(model)).toEqual(summary);
    expect(s.host.nameOf(model)).toBe(demo.name);
    await expect(s.host.load(s.model)).rejects.toThrow(/No worker of the pool has said what cat is/);
    const text = { prompt: "a red circle", promptWeights: true };
    const scene = fakeScene("a red circle");
    const asked = await s.host.with(model, async (api) => [await api.tokenize(text), await api.check(scene)] as const);
    expect(asked[0].tokens.map(({ text: word }) => word)).toEqual(["a", "red", "circle"]);
    expect(asked[1]).toEqual({ warnings: [], estimatedBytes: 0 });
    const other = { ...model, path: poolPath("f".repeat(16), demo.hash) };
    await expect(s.host.load(other)).rejects.toThrow(/another pool than the one that is known here/);
    await expect(s.host.load({ ...model, vae: "/x" })).rejects.toThrow(/workers cannot open/);
  });
});
