/** `npm run pool`: how a pool is doing, in a terminal: its workers, what they draw and how fast, what waits, what failed and why; and trying that again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PoolState, PoolWorkerState } from "../api/pool.ts";
import { PoolClient } from "../pool/client.ts";
import { checkPool, openConnection } from "../pool/connection.ts";
import { isAppError } from "../wire/errors.ts";
import { plainLine } from "../wire/plainLine.ts";
import { describeOptions, readArguments, usageProblem, type Option } from "./arguments.ts";
import { queueAccess } from "./queueAddress.ts";
import { appVersion, describeError, EXIT, runCommand, type ExitCode, type Terminal } from "./terminal.ts";

const OPTIONS = {
  queue: { value: "ADDRESS", about: "redis://user:password@host, or rediss://; by default what DIORAMA_QUEUE says." },
  "queue-ca": {
    value: "FILE.pem",
    about: "The certificate that signed the server's, where this system does not know it.",
  },
  retry: { value: "JOB", many: true, about: "Try a failed picture again, or all of them: --retry all." },
  watch: { about: "Again every two seconds, until Ctrl-C." },
  json: { about: "The same as one JSON object." },
  help: { about: "This text." },
} as const satisfies Record<string, Option>;

const HELP = `Says how a pool is doing.

Usage: npm run pool -- --queue redis://user:password@host [options]

${describeOptions(OPTIONS)}

Exit codes: 0 told, 1 the pool cannot be reached, 2 the options are wrong.
`;

/** Seconds between two looks. */
const LOOK_EVERY = 2;

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function pool(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { stdout, stderr } = terminal;
  try {
    const { given, words } = readArguments("pool", argv, OPTIONS);
    if (given.help) {
      stdout.write(HELP);
      return EXIT.ok;
    }
    if (words.length > 0) throw usageProblem("pool", `it takes no words, got ${words.join(" ")}`);
    const access = queueAccess("pool", { queue: given.queue, ca: given["queue-ca"] }, terminal);
    const { address, server, notes } = await checkPool(access);
    const redis = openConnection(access, (problem) => void stderr.write(`${problem}\n`));
    const client = new PoolClient(redis, appVersion());
    const stopped = new AbortController();
    const stopListening = terminal.onInterrupt(() => stopped.abort());
    try {
      if (given.retry) await retry(client, given.retry, stdout);
      do {
        const state = await client.state();
        if (given.watch && stdout.isTTY) stdout.write("\u001b[2J\u001b[H");
        stdout.write(given.json ? `${JSON.stringify(state)}\n` : describePool(state, `${address} (${server})`, notes));
        if (given.watch) await sleep(LOOK_EVERY * 1_000, undefined, { signal: stopped.signal }).catch(() => undefined);
      } while (given.watch && !stopped.signal.aborted);
    } finally {
      stopListening();
      await client.close();
      redis.disconnect();
    }
    return EXIT.ok;
  } catch (error) {
    stderr.write(`${describeError(error, terminal.env)}\n`);
    return isAppError(error, "bad-request") ? EXIT.usage : EXIT.failed;
  }
}

async function retry(client: PoolClient, wanted: readonly string[], stdout: Terminal["stdout"]): Promise<void> {
  const { failures } = await client.state();
  const chosen = failures.filter(({ job }) => wanted.includes("all") || wanted.includes(job));
  const strange = wanted.find((word) => word !== "all" && !failures.some(({ job }) => job === word));
  if (strange !== undefined) throw usageProblem("pool", `--retry: no failed picture is called ${strange}`);
  for (const { hash, job } of chosen) await client.retry(hash, job);
  stdout.write(`${chosen.length} ${chosen.length === 1 ? "picture is" : "pictures are"} tried again.\n`);
}

/** The whole state in lines. */
export function describePool(
  { workers, queues, failures, users }: PoolState,
  where: string,
  notes: readonly string[],
): string {
  const lines = [where, ...notes.map((note) => `  ${note}`)];
  lines.push("", workers.length === 0 ? "No worker is there. Start one: npm run worker -- --queue …" : "Workers");
  lines.push(...workers.flatMap(describeWorker));
  lines.push("", queues.length === 0 ? "Nothing waits." : "Waiting");
  for (const { model, waiting, drawing, workers: having } of queues) {
    const who = having === 0 ? "on no worker" : `on ${having} ${having === 1 ? "worker" : "workers"}`;
    lines.push(`  ${model.name}: ${waiting} wait, ${drawing} being drawn, ${who}`);
  }
  if (users.length > 0) lines.push(`  ${users.map(({ user, waiting }) => `${user} ${waiting}`).join(", ")}`);
  if (failures.length > 0) lines.push("", "Failed (try again: --retry JOB, or --retry all)");
  for (const { job, model, user, seed, why } of failures)
    lines.push(`  ${job}: ${model}, seed ${seed}, of ${user}: ${why}`);
  // Whoever can write to the pool can write anything there, also what a terminal would obey.
  return `${lines.map(plainLine).join("\n")}\n`;
}

function describeWorker(worker: PoolWorkerState): string[] {
  const { name, app, device, isReadable, drawing, done, failed, secondsEach, silent, notes } = worker;
  const pace = secondsEach === null ? "" : `, ${secondsEach.toFixed(1)} s each`;
  const doing = drawing
    ? `${drawing.model}, seed ${drawing.seed} of ${drawing.user}, step ${drawing.step} of ${drawing.steps}`
    : "idle";
  const version = isReadable ? "" : ` (Diorama ${app}, which reads other jobs than ${appVersion()})`;
  const quiet = silent > 8 ? `, not heard of for ${silent.toFixed(0)} s` : "";
  return [
    `  ${name} on ${device}${version}: ${doing}; ${done} drawn${pace}${failed > 0 ? `, ${failed} failed` : ""}${quiet}`,
    ...notes.map((note) => `    ${note}`),
  ];
}

if (import.meta.main) await runCommand(pool);
