/**
 * `npm run campaign`: tries to break the program, hundreds of thousands of times, and says what held. Parts run in worker processes, two
 * beside each other; a worker that dies or does not answer is a fault of the case it was at, and another goes on behind it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../support/imports.ts";
import { mostMemory } from "./memory.ts";
import { SLOWEST, type Evidence } from "./part.ts";
import { PARTS } from "./parts.ts";
import { Tally, writeTables } from "./tally.ts";
import type { CaseReport, Range, WorkerMessage } from "./worker.ts";

const HELP = `npm run campaign -- [options]

  --only NAMES   of ${Object.keys(PARTS).join(", ")}; the beginning of a name stands for all
                 that begin so (default: all)
  --count N      cases of each part (default: as many as a full campaign has)
  --seed N       of the random numbers (default: 1)
  --from N       the first case's number (default: 0): --from N --count 1 tries one case again
  --jobs N       parts that run beside each other (default: 2, at most one a core)

Writes out/campaign/table.md and table.json, and what failed to out/campaign/failures. Needs Linux for its memory column.`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    count: { type: "string" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    jobs: { type: "string", default: "2" },
    help: { type: "boolean", default: false },
  },
});

const OUT = join(ROOT, "out", "campaign");
const FAILURES = join(OUT, "failures");
const SEED = Number(values.seed);
/** A worker from which nothing comes for so long hangs, in milliseconds; windows take long to start. */
const SILENCE = 12 * SLOWEST;
/** How often memory is looked at, in milliseconds. A process remembers the most that it ever held. */
const LOOK_EVERY = 100;
/** Of each part so many failures are written down whole. */
const MOST_FAILURES = 25;
/** A process of the program does not read thousands of files in a row: workers that read in their own process are replaced after so many. */
const CASES_OF_A_WORKER = 500;
/** A part is given up after so many deaths of its worker. */
const MOST_DEATHS = 20;

/** Runs one part, with as many workers one after the other as it needs. */
async function runPart(name: string): Promise<void> {
  const tally = tallies.get(name)!;
  const begun = performance.now();
  let deaths = 0;
  for (let from = tally.from; from < tally.to;) {
    const folder = mkdtempSync(join(tmpdir(), `diorama-campaign-${name}-`));
    const to = PARTS[name]!.memory === "worker" ? Math.min(from + CASES_OF_A_WORKER, tally.to) : tally.to;
    const range: Range = { part: name, seed: SEED, from, to, folder };
    const ending = await runWorker(range, tally, begun);
    if (ending !== undefined) {
      const at = Math.max(from, Number(readAt(folder) ?? from));
      keep(name, tally, {
        index: at,
        milliseconds: ending.milliseconds,
        what: "fault",
        fault: { message: ending.message, lost: 0, evidence: {} },
      });
      from = at + 1;
      deaths++;
    } else from = tally.note === undefined ? to : tally.to;
    rmSync(folder, { recursive: true, force: true });
    if (deaths === MOST_DEATHS) tally.note = `given up after ${deaths} deaths`;
    if (deaths === MOST_DEATHS) break;
  }
  tally.seconds = (performance.now() - begun) / 1_000;
  writeTables(OUT, tallies, SEED);
}

function readAt(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "at"), "utf8").trim() || undefined;
  } catch {
    return undefined; // it did not come so far
  }
}

/** Resolves to why the worker did not end well, or to undefined. */
async function runWorker(
  range: Range,
  tally: Tally,
  begun: number,
): Promise<{ message: string; milliseconds: number } | undefined> {
  const worker = fork(join(import.meta.dirname, "worker.ts"), [JSON.stringify(range)], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  workers.add(worker);
  let last = performance.now();
  const seen = { isDone: false, hangs: false, words: "" };
  worker.stderr?.on("data", (bytes: Buffer) => (seen.words = (seen.words + bytes.toString()).slice(-4_000)));
  worker.on("message", (message: WorkerMessage) => {
    last = performance.now();
    if (message.kind === "cases") for (const report of message.reports) keep(range.part, tally, report);
    if (message.kind === "skipped") tally.note = `skipped: ${message.why}`;
    if (message.kind !== "cases") seen.isDone = true;
    tally.seconds = (performance.now() - begun) / 1_000;
  });
  const timer = setInterval(() => {
    look(worker, PARTS[range.part]!.memory, tally);
    if (performance.now() - last < SILENCE) return;
    seen.hangs = true;
    worker.kill("SIGKILL");
  }, LOOK_EVERY);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    worker.once("close", (...end) => resolve(end)),
  );
  clearInterval(timer);
  workers.delete(worker);
  if (seen.isDone) return undefined;
  const milliseconds = seen.hangs ? performance.now() - last : 0;
  if (seen.hangs) return { message: `no answer for ${SILENCE / 1_000} s`, milliseconds };
  return {
    message: `the process ended (code ${code ?? "none"}, signal ${signal ?? "none"}): ${seen.words}`,
    milliseconds,
  };
}

function look({ pid }: ChildProcess, whose: "worker" | "children", tally: Tally): void {
  if (pid === undefined || process.platform !== "linux") return;
  for (const [each, { name, mebibytes }] of mostMemory(pid))
    if ((each === pid) === (whose === "worker")) tally.see(name, mebibytes);
}

function keep(part: string, tally: Tally, report: CaseReport): void {
  tally.add(report);
  if (!report.fault || tally.faults > MOST_FAILURES) return;
  const folder = join(FAILURES, `${part}-${SEED}-${report.index}`);
  const again = `npm run campaign -- --only ${part} --seed ${SEED} --from ${report.index} --count 1`;
  const evidence: Evidence = { "fault.txt": `${report.fault.message}\n\n${again}\n`, ...report.fault.evidence };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(evidence)) writeFileSync(join(folder, name), content);
  console.log(
    `FAULT ${part} ${report.index}: ${report.fault.message.split("\n").slice(0, 2).join(" | ").slice(0, 300)}`,
  );
}

function chosen(): string[] {
  const wanted = values.only?.split(",") ?? [""];
  const names = Object.keys(PARTS).filter((name) => wanted.some((beginning) => name.startsWith(beginning)));
  const unknown = wanted.find((beginning) => !Object.keys(PARTS).some((name) => name.startsWith(beginning)));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}.\n\n${HELP}`);
  return names;
}

function say(): void {
  const running = [...tallies].filter(([, { done, total, seconds }]) => seconds > 0 && done < total);
  for (const [name, tally] of running) console.log(`${name}: ${tally.progress()}`);
}

if (values.help) {
  console.log(HELP);
  process.exit();
}
const workers = new Set<ChildProcess>();
const from = Number(values.from);
const names = chosen();
const tallies = new Map(
  names.map((name) => [name, new Tally(PARTS[name]!.title, from, from + Number(values.count ?? PARTS[name]!.count))]),
);
rmSync(FAILURES, { recursive: true, force: true });
mkdirSync(FAILURES, { recursive: true });
// Whoever interrupts it gets the table so far.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const worker of workers) worker.kill("SIGKILL");
    writeTables(OUT, tallies, SEED);
    process.exit(130);
  });
}
const progress = setInterval(say, 5_000);
for (const name of names) await PARTS[name]!.before?.();
/** Parts with windows take turns; all others are taken by whoever is free. */
const [shown, plain] = [names.filter((name) => PARTS[name]!.windows), names.filter((name) => !PARTS[name]!.windows)];
const jobs = Math.max(1, Math.min(Number(values.jobs), cpus().length));
const takeTurns = async (own: string[]) => {
  for (let name = own.shift() ?? plain.shift(); name !== undefined; name = own.shift() ?? plain.shift())
    await runPart(name);
};
await Promise.all(Array.from({ length: jobs }, (_value, i) => takeTurns(i === 0 ? shown : [])));
clearInterval(progress);
console.log(`\n${writeTables(OUT, tallies, SEED)}`);
process.exit([...tallies.values()].every((tally) => tally.holds) ? 0 : 1);
