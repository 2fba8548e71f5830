/** What is measured outside the page: memory by process, and how long the main process is busy at a time. */
import { readdirSync, readFileSync } from "node:fs";
import type { ElectronApplication } from "playwright-core";

/** Megabytes by kind of process; pages that several share count in parts (Linux's PSS). */
export function memoryOf(root: number): Record<string, number> {
  return ofEach(root, residentOf);
}

/** Milliseconds of processor time so far, by kind of process: unlike times on the clock, other programs do not add to it. */
export function processorTimeOf(root: number): Record<string, number> {
  return ofEach(root, (pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  });
}

/** Linux counts processor time in these, in milliseconds. */
const TICK = 10;

function ofEach(root: number, look: (pid: number) => number): Record<string, number> {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap(parentOf),
  );
  const isOurs = (pid: number): boolean => pid === root || (parents.has(pid) && isOurs(parents.get(pid)!));
  const found: Record<string, number> = {};
  for (const pid of parents.keys()) {
    if (!isOurs(pid)) continue;
    try {
      const kind = kindOf(pid);
      found[kind] = look(pid) + (found[kind] ?? 0);
    } catch (error) {
      // Some end while they are looked at, or have ended and wait for their parent to hear of it.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return found;
}

function parentOf(name: string): [number, number][] {
  try {
    const [, fields = ""] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ");
    return [[Number(name), Number(fields.split(" ")[1])]];
  } catch {
    return []; // it ended meanwhile
  }
}

function kindOf(pid: number): string {
  const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  const service = /^diorama-(\w+)/.exec(line)?.[1];
  return service ?? /--type=([\w-]+)/.exec(line)?.[1] ?? "main";
}

function residentOf(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  return Number(kilobytes ?? 0) / 1024;
}

export interface Blocks {
  /** The longest time for which the main process answered nothing, in milliseconds. */
  worst: number;
  /** How many such times were longer than 50 ms. */
  over50: number;
}

interface MainGlobals {
  blocks?: { stop(): Blocks };
}

const EVERY = 4;

/** How long the event loop of the main process stands still while `action` runs. */
export async function blocksDuring(app: ElectronApplication, action: () => Promise<unknown>): Promise<Blocks> {
  await app.evaluate((_electron, every) => {
    let last = performance.now();
    const blocks: Blocks = { worst: 0, over50: 0 };
    const timer = setInterval(() => {
      const now = performance.now();
      const late = now - last - every;
      last = now;
      blocks.worst = Math.max(blocks.worst, late);
      if (late > 50) blocks.over50++;
    }, every);
    (globalThis as unknown as MainGlobals).blocks = {
      stop: () => {
        clearInterval(timer);
        return blocks;
      },
    };
  }, EVERY);
  await action();
  return app.evaluate(() => (globalThis as unknown as MainGlobals).blocks!.stop());
}
