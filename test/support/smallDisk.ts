/** A disk of a few megabytes, to be filled or made read-only. Only root may mount one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./projects.ts";

export const canMount = process.platform === "linux" && process.getuid?.() === 0;

export interface SmallDisk {
  folder: string;
  /** Leaves no room, or so many bytes of it. */
  fill: (leave?: number) => void;
  /** Takes away what `fill` has put there. */
  makeRoom: () => void;
  /** Nothing can be written there any more, by root neither. */
  freeze: () => void;
}

export function smallDisk(megabytes = 6): SmallDisk {
  const folder = join(temporaryFolder(), "small");
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", folder]);
  });
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: (leave = 0) => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    freeze: () => execFileSync("mount", ["-o", "remount,ro", folder]),
  };
}
