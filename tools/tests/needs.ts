/** Which tests need an Electron, or a Redis, as far as their imports tell. */
import { relative, sep } from "node:path";
import { importsOf, ROOT } from "../../test/support/imports.ts";

const RUNTIME = "tools/electron/runtime.ts";

const REDIS = "tools/tests/redis.ts";

/** Whether a test file (an absolute path) uses an Electron, itself or through what it imports. */
export function usesElectron(path: string): boolean {
  return uses(path, RUNTIME);
}

/** The same of a Redis. */
export function usesRedis(path: string): boolean {
  return uses(path, REDIS);
}

function uses(path: string, tool: string): boolean {
  const file = relative(ROOT, path).split(sep).join("/");
  const seen = new Set([file]);
  for (const each of seen) {
    if (each === tool) return true;
    if (!/^(test|tools)\/.*\.ts$/.test(each)) continue; // the product itself knows nothing of it
    for (const { target, typeOnly } of importsOf(each)) if (!typeOnly) seen.add(target);
  }
  return false;
}
