/** Draws the pictures that have no verdict yet, and writes each one's down. */
import type { Terminal } from "../../src-main/cli/terminal.ts";
import type { Workers } from "./drawAll.ts";
import { verdictOn, type Job } from "./jobs.ts";
import type { KeyedLog } from "./keyedLog.ts";
import type { Entry } from "./verdictLog.ts";

/** Returns early when `signal` is aborted. */
export async function drawJobs(
  jobs: readonly Job[],
  workers: Workers,
  log: KeyedLog<Entry>,
  signal: AbortSignal,
  { stderr, now }: Terminal,
): Promise<void> {
  // A strength that is the default one asks for the same picture as its method does.
  const wanted = [...Map.groupBy(jobs, ({ key }) => key).values()].map(([first]) => first!);
  const missing = wanted.filter(({ key }) => !log.entries.has(key));
  stderr.write(`${missing.length} pictures to draw, ${wanted.length - missing.length} are there\n`);
  const begun = now();
  let done = 0;
  let lastLine = -Infinity;
  await workers.drawAll(missing, signal, async (job, image) => {
    const entry = verdictOn(job, image);
    await log.add(entry);
    done++;
    const left = ((now() - begun) / done) * (missing.length - done);
    if (!stderr.isTTY && now() - lastLine < 10_000 && done < missing.length) return;
    lastLine = now();
    const line = `${done}/${missing.length}  scene ${entry.scene} ${entry.variant} ${entry.seconds.toFixed(1)} s, left ${clock(left / 1000)}`;
    stderr.write(stderr.isTTY ? `\r${line}\x1b[K` : `${line}\n`);
  });
  if (stderr.isTTY) stderr.write("\n");
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
