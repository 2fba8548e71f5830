/**
 * `npm run bench:pool`: a pool on a real Redis with 1, 4, 16 and 64 workers whose steps are timed sleeps, so that what is measured is the
 * pool and not the drawing. Three users ask one after the other; how long each waits, how even their turns are, how long the queue gets,
 * and what a picture costs Redis. Then two checkpoints, which take time to open, with workers that stay with theirs and with workers that
 * take whatever comes.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { whyNoRedis } from "../tools/tests/redis.ts";
import { measureStays, measureTurns } from "./pool/measure.ts";
import { freePort } from "../test/support/freePort.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "1,4,16,64" },
    seconds: { type: "string", default: "2" },
    steps: { type: "string", default: "20" },
    help: { type: "boolean", default: false },
  },
});
const HELP = `npm run bench:pool -- [options]

  --workers 1,4    numbers of workers (default: 1,4,16,64)
  --seconds N      that a picture takes (default: 2)
  --steps N        of a picture (default: 20)`;
const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  if (values.help) {
    say(HELP);
    return;
  }
  const why = whyNoRedis();
  if (why !== undefined) throw new Error(why);
  const drawing = { seconds: Number(values.seconds), steps: Number(values.steps) };
  say(
    "| workers | pictures | pictures/s | of the most there can be | first picture | of the second user | all 2 of the third | evenness of turns | longest queue | Redis commands a picture | its processor a picture |",
  );
  say("| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
  for (const workers of values.workers.split(",").map(Number)) {
    say(await withRedis((port) => measureTurns(port, workers, drawing)));
  }
  say("");
  say("| 16 workers, two checkpoints | pictures/s | checkpoints opened |");
  say("| --- | --: | --: |");
  say(await withRedis((port) => measureStays(port, 16, drawing, true)));
  say(await withRedis((port) => measureStays(port, 16, drawing, false)));
}

async function withRedis(measure: (port: number) => Promise<string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "diorama-bench-redis-"));
  const port = await freePort();
  const server = spawn(
    "redis-server",
    ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"],
    { stdio: "ignore" },
  );
  try {
    const redis = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 100 });
    redis.on("error", () => undefined); // it is being started
    await redis.ping();
    redis.disconnect();
    return await measure(port);
  } finally {
    server.kill("SIGKILL");
    await sleep(200);
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
