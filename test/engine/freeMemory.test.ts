/** Whether memory is free on a graphics card is what its driver says, and taken for so where no driver says anything. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { isFree, rowBytes } from "../../src-main/engine/memory.ts";
import { temporaryFolder } from "../support/projects.ts";

afterEach(() => vi.unstubAllEnvs());

/** `nvidia-smi` as a script. */
function driver(script: string): void {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "nvidia-smi"), 0o755);
  vi.stubEnv("PATH", folder);
}

test.runIf(process.platform !== "win32")("the card with the least free memory decides, on CUDA alone", async () => {
  driver('test "$*" = "--query-gpu=memory.free --format=csv,noheader,nounits" && echo 9000 && echo 700');
  expect(await isFree(700 * 2 ** 20 - 1, "cuda")).toBe(true);
  expect(await isFree(700 * 2 ** 20, "cuda")).toBe(false);
  expect(await isFree(2 ** 40, "webgpu")).toBe(true);
});

test.runIf(process.platform !== "win32")("a driver that fails or tells no number says nothing", async () => {
  driver("echo 5; exit 9");
  expect(await isFree(2 ** 40, "cuda")).toBe(true);
  driver("echo '[N/A]'");
  expect(await isFree(2 ** 40, "cuda")).toBe(true);
  vi.stubEnv("PATH", temporaryFolder());
  expect(await isFree(2 ** 40, "cuda")).toBe(true);
});

test("a row takes half as much in float16", () => {
  expect(rowBytes(320, { height: 64, width: 64 }, 2) * 2).toBe(rowBytes(320, { height: 64, width: 64 }, 4));
});
