/** The memory of processes as Linux counts it: the most that each has held at once, in MiB. */
import { readdirSync, readFileSync } from "node:fs";

/** Of one process and all that descend from it, by process id; those that a display or a shell is are left out. */
export function mostMemory(root: number): Map<number, { name: string; mebibytes: number }> {
  const found = new Map<number, { name: string; mebibytes: number }>();
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const status = readStatus(Number(entry));
    if (!status) continue;
    parents.set(Number(entry), status.parent);
    found.set(Number(entry), status);
  }
  const descends = (pid: number): boolean => pid === root || (parents.has(pid) && descends(parents.get(pid)!));
  for (const [pid, { name }] of found)
    if (!descends(pid) || /^(Xvfb|sh|ps|mount|umount)$/.test(name)) found.delete(pid);
  return found;
}

function readStatus(pid: number): { name: string; parent: number; mebibytes: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    const number = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    const name = /^Name:\s+(.*)$/m.exec(text)?.[1] ?? "";
    return { name, parent: number("PPid"), mebibytes: Math.round(number("VmHWM") / 1_024) };
  } catch {
    return undefined; // it has ended meanwhile
  }
}
