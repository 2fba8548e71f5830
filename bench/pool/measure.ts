/** What the bench of the pool measures, a row of its tables each. */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { RunRecord } from "../../src-main/api/engine.ts";
import { PoolClient } from "../../src-main/pool/client.ts";
import { Collection } from "../../src-main/pool/collection.ts";
import type { DrawTask } from "../../src-main/pool/drawing.ts";
import { PoolWorker, type WorkerTimes } from "../../src-main/pool/worker.ts";
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import type { Scene, Seed } from "../../src-main/scene/scene.ts";

interface Drawing {
  /** That a picture takes. */
  seconds: number;
  steps: number;
}

const CAT = { hash: "a".repeat(64), name: "cat", sampled: "cat" };
const DOG = { hash: "b".repeat(64), name: "dog", sampled: "dog" };
/** Seconds that opening a checkpoint takes. */
const OPENING = 4;

const connect = (port: number) => new Redis({ port, host: "127.0.0.1", maxRetriesPerRequest: null });

/** Draws by sleeping, step by step; another checkpoint than the last is opened first. */
function sleeper({ seconds, steps }: Drawing, onOpen: () => void): DrawTask {
  let open: string | undefined;
  return async (task, { onStep }) => {
    const { model, scene, seed } = task;
    if (open !== undefined && open !== model.hash) await sleep(OPENING * 1_000);
    if (open !== model.hash) onOpen();
    open = model.hash;
    for (let step = 1; step <= steps; step++) {
      await sleep((seconds * 1_000) / steps);
      onStep({ step, steps, elapsed: 0, secondsLeft: undefined, obedience: {} });
    }
    const { width, height } = scene.settings;
    const record: RunRecord = {
      ...{ version: 1, scene, seed, model: { name: model.name, hash: model.name }, tokens: {}, obedience: {} },
      engine: { app: "0", onnxruntime: "0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
    };
    return { pixels: { width, height, data: new Uint8Array(width * height * 4).fill(255) }, record, seconds };
  };
}

function sceneOf({ steps }: Drawing, prompt: string): Scene {
  const settings = withSteps({ ...DEFAULT_SETTINGS, width: 64, height: 64 }, steps);
  return { prompt, negativePrompt: "", regions: [], settings };
}

async function startWorkers(
  port: number,
  count: number,
  drawing: Drawing,
  times: Partial<WorkerTimes> = {},
): Promise<{ opened: () => number; stop: () => Promise<void> }> {
  let opened = 0;
  const made = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const redis = connect(port);
      const worker = new PoolWorker({
        ...{ redis, name: `worker ${i + 1}`, app: "0", times, say: () => undefined },
        drawer: { draw: sleeper(drawing, () => opened++), device: "sleep", models: () => [CAT, DOG] },
      });
      await worker.start();
      return { worker, redis };
    }),
  );
  const stop = async () => {
    await Promise.all(made.map(({ worker }) => worker.stop()));
    for (const { redis } of made) redis.disconnect();
  };
  return { opened: () => opened, stop };
}

/** Asks for so many pictures; the times at which they came, in seconds since `zero`. */
async function ask(
  client: PoolClient,
  {
    user,
    count,
    zero,
    scene,
    model = CAT,
  }: { user: string; count: number; zero: number; scene: Scene; model?: typeof CAT },
) {
  const seeds: Seed[] = Array.from({ length: count }, (_, i) => String(i + 1));
  const run = `${user}-${model.name}`;
  const request = { run, user, urgency: "usual", model, scene, seeds, previewEvery: 0, attention: false } as const;
  const asked = (performance.now() - zero) / 1_000;
  const { scene: told } = await client.submit(request);
  const came: number[] = [];
  const collection = new Collection({
    ...{ client, run, model, scene: told, seeds },
    onPicture: () => Promise.resolve(void came.push((performance.now() - zero) / 1_000)),
    onFailed: (seed, why) => {
      throw new Error(`seed ${seed} failed: ${why}`);
    },
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
  });
  await collection.start();
  return { asked, came, ended: collection.ended };
}

/** Three users: one with ten pictures for each worker, a second later one with four, another second later one with two in all. */
export async function measureTurns(port: number, workers: number, drawing: Drawing): Promise<string> {
  const { stop } = await startWorkers(port, workers, drawing);
  const redis = connect(port);
  const client = new PoolClient(redis, "0");
  const before = await costOf(redis);
  let longest = 0;
  const watch = setInterval(() => {
    void redis.zcard(`diorama:v1-${CAT.hash.slice(0, 32)}:prioritized`).then((n) => (longest = Math.max(longest, n)));
  }, 200);
  const zero = performance.now();
  const scene = sceneOf(drawing, "a cat");
  const ann = await ask(client, { user: "ann", count: 10 * workers, zero, scene });
  await sleep(1_000);
  const bob = await ask(client, { user: "bob", count: 4 * workers, zero, scene });
  await sleep(1_000);
  const cyn = await ask(client, { user: "cyn", count: 2, zero, scene });
  await Promise.all([ann.ended, bob.ended, cyn.ended]);
  clearInterval(watch);
  const all = [...ann.came, ...bob.came, ...cyn.came];
  const seconds = Math.max(...all);
  const after = await costOf(redis);
  await stop();
  await client.close();
  redis.disconnect();
  const rate = all.length / seconds;
  // While both wait: after the pictures that were in work when the second came.
  const [from, to] = [
    bob.asked + drawing.seconds,
    Math.min(Math.max(...bob.came), Math.max(...ann.came)) - drawing.seconds,
  ];
  const within = ({ came }: { came: number[] }) => came.filter((at) => at >= from && at <= to).length;
  const shares = [within(ann), within(bob)];
  const even = shares[0]! + shares[1]! === 0 ? "–" : jain(shares).toFixed(2);
  return `| ${[
    workers,
    all.length,
    rate.toFixed(2),
    `${((100 * rate * drawing.seconds) / workers).toFixed(0)}%`,
    `${Math.min(...ann.came).toFixed(1)} s`,
    `${(Math.min(...bob.came) - bob.asked).toFixed(1)} s`,
    `${(Math.max(...cyn.came) - cyn.asked).toFixed(1)} s`,
    even,
    longest,
    ((after.commands - before.commands) / all.length).toFixed(0),
    `${((1_000 * (after.processor - before.processor)) / all.length).toFixed(1)} ms`,
  ].join(" | ")} |`;
}

/** Two users with a checkpoint each, the same number of pictures, mixed. */
export async function measureStays(
  port: number,
  workers: number,
  drawing: Drawing,
  doesStay: boolean,
): Promise<string> {
  const { stop, opened } = await startWorkers(port, workers, drawing, doesStay ? {} : { stay: 0, patience: 0 });
  const redis = connect(port);
  const client = new PoolClient(redis, "0");
  const zero = performance.now();
  const scene = sceneOf(drawing, "a cat or a dog");
  const asked = await Promise.all([
    ask(client, { user: "ann", count: 8 * workers, zero, scene, model: CAT }),
    ask(client, { user: "bob", count: 8 * workers, zero, scene, model: DOG }),
  ]);
  await Promise.all(asked.map(({ ended }) => ended));
  const all = asked.flatMap(({ came }) => came);
  await stop();
  await client.close();
  redis.disconnect();
  const what = doesStay ? "workers stay with what they have open" : "workers take whatever is first";
  return `| ${what} | ${(all.length / Math.max(...all)).toFixed(2)} | ${opened()} |`;
}

/** Jain's index: 1 where all have the same, 1/n where one has everything. */
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b ** 2, 0));
}

async function costOf(redis: Redis): Promise<{ commands: number; processor: number }> {
  const info = `${await redis.info("stats")}\n${await redis.info("cpu")}`;
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1]);
  return {
    commands: field("total_commands_processed"),
    processor: field("used_cpu_user") + field("used_cpu_sys"),
  };
}
