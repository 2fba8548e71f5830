/** The built app, made anew when a source is newer than it. Test files run side by side: one of them builds, the others wait. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { ROOT } from "../support/imports.ts";

const run = promisify(execFile);
const SOURCES = ["src-main", "src-renderer", "docs", "tools/build.ts", "tools/manual.ts", "tools/windowPlugins.ts", "vite.renderer.config.ts", "package-lock.json"]; // prettier-ignore
const STAMP = join(ROOT, "dist", ".built");
const LOCK = join(ROOT, "node_modules", ".cache", "diorama-build");
const LOCK_LIMIT = 120_000;

export async function ensureBuilt(): Promise<void> {
  await mkdir(join(LOCK, ".."), { recursive: true });
  while (!(await take())) await pause(200); // another process builds; there is no event to wait for
  try {
    if (await isFresh()) return;
    const begun = new Date();
    await run(process.execPath, ["tools/build.ts"], { cwd: ROOT });
    await writeFile(STAMP, begun.toISOString());
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
}

/** Takes the lock; one that a killed process left behind counts for nothing. */
async function take(): Promise<boolean> {
  try {
    await mkdir(LOCK);
    return true;
  } catch {
    const { mtimeMs } = await stat(LOCK).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > LOCK_LIMIT) await rm(LOCK, { recursive: true, force: true });
    return false;
  }
}

async function isFresh(): Promise<boolean> {
  const built = await stat(STAMP).catch(() => undefined);
  if (!built) return false;
  const begun = Date.parse(await readFile(STAMP, "utf8"));
  for (const source of SOURCES) if ((await newest(join(ROOT, source))) > begun) return false;
  return true;
}

async function newest(path: string): Promise<number> {
  const info = await stat(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const times = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs),
  );
  return Math.max(0, ...times);
}
