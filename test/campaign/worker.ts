/**
 * A worker of the campaign: tries a range of cases of one part, and tells about each. Which case it is at stands in a file, so that
 * the parent knows what to blame when this process dies or does not answer.
 */
import { mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Clock, Fault, Skipped, SLOWEST, type Evidence } from "./part.ts";
import { PARTS } from "./parts.ts";
import { randomOf } from "./random.ts";

/** One case as it went. */
export interface CaseReport {
  index: number;
  /** The slowest answer, or the whole case where no answer was measured by itself. */
  milliseconds: number;
  what: string;
  fault?: { message: string; lost: number; evidence: Evidence };
}

export type WorkerMessage =
  { kind: "cases"; reports: CaseReport[] } | { kind: "skipped"; why: string } | { kind: "done" };

export interface Range {
  part: string;
  seed: number;
  from: number;
  to: number;
  folder: string;
}

/** How often reports are sent, in milliseconds. */
const REPORT_EVERY = 200;

const { part, seed, from, to, folder } = JSON.parse(process.argv[2]!) as Range;
const send = (message: WorkerMessage) => new Promise<void>((resolve) => process.send!(message, () => resolve()));

// Nobody listens any more: the campaign was interrupted.
process.once("disconnect", () => process.exit());

/** Unhandled rejections and uncaught errors end this process: the parent blames the case that was at it. */
async function work(): Promise<void> {
  const stage = join(folder, "stage");
  mkdirSync(stage, { recursive: true });
  const at = openSync(join(folder, "at"), "w");
  const cases = await PARTS[part]!.prepare({ folder: stage });
  let reports: CaseReport[] = [];
  let sent = performance.now();
  for (let index = from; index < to; index++) {
    writeSync(at, String(index).padEnd(12), 0);
    reports.push(await tryCase(index, cases));
    if (performance.now() - sent < REPORT_EVERY) continue;
    await send({ kind: "cases", reports });
    reports = [];
    sent = performance.now();
  }
  await cases.close?.();
  await send({ kind: "cases", reports });
  await send({ kind: "done" });
}

async function tryCase(
  index: number,
  cases: Awaited<ReturnType<(typeof PARTS)[string]["prepare"]>>,
): Promise<CaseReport> {
  const clock = new Clock();
  const begun = performance.now();
  const outcome = await attempt(async () => ({ what: await cases.run(index, randomOf(seed, part, index), clock) }));
  const milliseconds = clock.slowest ?? performance.now() - begun;
  if (milliseconds > SLOWEST && !("fault" in outcome)) {
    const message = `${outcome.what}, but after ${(milliseconds / 1_000).toFixed(1)} s`;
    return { index, milliseconds, what: "too slow", fault: { message, lost: 0, evidence: {} } };
  }
  return { index, milliseconds, ...outcome };
}

async function attempt(run: () => Promise<{ what: string }>): Promise<Pick<CaseReport, "what" | "fault">> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Fault) {
      const cause = error.cause === undefined ? "" : `\n${describe(error.cause)}`;
      return { what: "fault", fault: { message: error.message + cause, lost: error.lost, evidence: error.evidence } };
    }
    return { what: "fault", fault: { message: `an error of another kind: ${describe(error)}`, lost: 0, evidence: {} } };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await work();
} catch (error) {
  if (!(error instanceof Skipped)) throw error;
  await send({ kind: "skipped", why: error.message });
}
process.exit();
