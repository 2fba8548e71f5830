/**
 * `npm run bench:pool`: a pool on a real Redis with 1, 4, 16 and 64 workers whose steps are timed sleeps, so that what is measured is the
 * pool and not the drawing. Three users ask one after the other; how long each waits, how even their turns are, how long the queue gets,
 * and what a picture costs Redis. Then two checkpoints, which take time to open, with workers that stay with theirs and with workers that
 * take whatever comes.
 */
import { parseArgs } from "node:util";
import { whyNoRedis } from "../tools/tests/redis.ts";
import { runRedis } from "../tools/tests/redisServer.ts";
import { measureStays, measureTurns } from "./pool/measure.ts";

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
  const redis = await runRedis({ lasting: "every second" });
  try {
    return await measure(redis.port);
  } finally {
    await redis.end();
  }
}

await main();
