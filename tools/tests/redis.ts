/** A Redis for the tests of the pool: whether there is one, and why not. */
import { spawnSync } from "node:child_process";
import { ensureRedisPackages } from "../electron/systemPackages.ts";

/** Why there is none, for those who asked before. */
export const WITHOUT_REDIS = "DIORAMA_WITHOUT_REDIS";

/** Why the tests of the pool cannot be run here; undefined where they can. */
export function whyNoRedis(): string | undefined {
  const told = process.env[WITHOUT_REDIS];
  if (told !== undefined) return told;
  const { status } = spawnSync("redis-server", ["--version"], { stdio: "ignore" });
  return status === 0 ? undefined : "there is no redis-server on this machine (Debian: apt-get install redis-server)";
}

/** Installs what is missing where that is possible; where it is not, tests are told why they are skipped. */
export function prepareRedis(say: (line: string) => void): void {
  try {
    ensureRedisPackages(say);
  } catch (error) {
    say(`Redis could not be installed (${String(error)}).`);
  }
  const why = whyNoRedis();
  if (why === undefined) return;
  say(`Tests of the pool are skipped: ${why}.`);
  process.env[WITHOUT_REDIS] = why;
}
