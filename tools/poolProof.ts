/**
 * `npm run pool:proof`: a run over real workers, one of which is killed every few seconds, and every picture compared with the one that the
 * engine draws alone. Redis, workers and engines are processes as people start them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Pixels } from "../src-main/api/engine.ts";
import { DEMO_FOLDER } from "../src-main/cli/render.ts";
import { startEngine } from "../src-main/engine/host.ts";
import { pixelHash } from "../src-main/image/pixelHash.ts";
import { knownCheckpoint } from "../src-main/pool/checkpoints.ts";
import { PoolClient } from "../src-main/pool/client.ts";
import { Collection } from "../src-main/pool/collection.ts";
import { accessOf, openConnection } from "../src-main/pool/connection.ts";
import { HashMemory } from "../src-main/pool/hashMemory.ts";
import { withSteps } from "../src-main/scene/defaults.ts";
import { parseSceneText } from "../src-main/scene/parser.ts";
import type { Seed } from "../src-main/scene/scene.ts";
import { runRedis } from "./tests/redisServer.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    workers: { type: "string", default: "4" },
    "kill-every": { type: "string", default: "10" },
    steps: { type: "string", default: "8" },
    help: { type: "boolean", default: false },
  },
});
const HELP = `npm run pool:proof -- [options]

  --seeds N        pictures (default: 200)
  --workers N      (default: 4)
  --kill-every N   seconds between two kills of a worker, which is started again at once (default: 10)
  --steps N        of a picture (default: 8)`;
const ROOT = join(import.meta.dirname, "..");
const SCENE = join(ROOT, "resources", "examples", "two-icons.json");
const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  if (values.help) {
    say(HELP);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "diorama-proof-"));
  const redisServer = await runRedis({ lasting: "every second" });
  const { url } = redisServer;
  const workers: ChildProcess[] = [];
  try {
    const seeds: Seed[] = Array.from({ length: Number(values.seeds) }, (_, i) => String(i + 1));
    const redis = openConnection(accessOf(url), (problem) => say(problem));
    const client = new PoolClient(redis, "proof");
    const engine = await startEngine({ onLine: () => undefined });
    const request = { path: DEMO_FOLDER, provider: "cpu", memory: "auto" } as const;
    const { defaults } = await engine.load(request);
    const read = parseSceneText(readFileSync(SCENE, "utf8"), defaults);
    const scene = { ...read.scene, settings: withSteps(read.scene.settings, Number(values.steps)) };
    const model = await knownCheckpoint(DEMO_FOLDER, new HashMemory(join(folder, "hashes.json")));

    const startWorker = (i: number) => {
      const args = ["--queue", url, "--name", `worker ${i + 1}`, "--provider", "cpu", "--model", DEMO_FOLDER];
      workers[i] = spawn(process.execPath, [join(ROOT, "src-main/cli/worker.ts"), ...args], { stdio: "ignore" });
    };
    for (let i = 0; i < Number(values.workers); i++) startWorker(i);
    const came = new Map<Seed, string[]>();
    const failed: string[] = [];
    const { hash, name, sampled } = model;
    const asked = { hash, name, sampled };
    const run = { run: "proof", user: "proof", urgency: "usual", model: asked, scene, seeds, previewEvery: 0, attention: false } as const; // prettier-ignore
    const begun = performance.now();
    const { scene: told } = await client.submit(run);
    const collection = new Collection({
      ...{ client, run: "proof", model: asked, scene: told, seeds },
      onPicture: ({ seed, pixels }) =>
        Promise.resolve(void came.set(seed, [...(came.get(seed) ?? []), pixelHash(pixels)])),
      onFailed: (seed, why) => failed.push(`seed ${seed}: ${why}`),
      onProblem: (problem) => say(problem),
    });
    await collection.start();
    let kills = 0;
    const killing = setInterval(
      () => {
        const which = kills++ % workers.length;
        workers[which]!.kill("SIGKILL");
        startWorker(which);
        say(`${came.size} of ${seeds.length}; killed worker ${which + 1}`);
      },
      Number(values["kill-every"]) * 1_000,
    );
    await collection.ended;
    clearInterval(killing);
    const seconds = (performance.now() - begun) / 1_000;
    for (const worker of workers) worker.kill("SIGKILL");

    say("Drawing the same alone");
    const alone = new Map<Seed, string>();
    const onImage = ({ seed, pixels }: { seed: Seed; pixels: Pixels }) => void alone.set(seed, pixelHash(pixels));
    const job = { jobId: "alone", scene, seeds, previewEvery: 0, attention: false };
    await engine.with(request, (api) => api.generate(job), { jobs: ["alone"], onImage });
    await engine.stop();
    const twice = [...came.values()].filter((all) => all.length > 1).length;
    const equal = seeds.filter((seed) => came.get(seed)?.[0] === alone.get(seed)).length;
    const left = (await redis.keys("diorama:picture:*")).length;
    say(
      `${came.size} of ${seeds.length} pictures over ${workers.length} workers in ${seconds.toFixed(0)} s with ${kills} kills: ${equal} equal to those drawn alone, ${twice} twice, ${failed.length} failed, ${left} left behind.`,
    );
    for (const line of failed) say(line);
    await client.close();
    redis.disconnect();
    return equal === seeds.length && twice === 0 && failed.length === 0 ? 0 : 1;
  } finally {
    for (const worker of workers) worker.kill("SIGKILL");
    await redisServer.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
