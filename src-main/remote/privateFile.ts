/** Small files that only their owner may read; written beside and put in place whole. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export function writePrivate(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, JSON.stringify(value, null, 1), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
