/** Tensors in a temporary file, for programs that refer to weights. */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { DType, Shape, WeightRef } from "../../src-main/graph/graph.ts";
import { halvesOf } from "../../src-main/graph/float16.ts";

let root: string | undefined;
afterAll(() => {
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

/** Path of a file in a temporary folder that goes when the test file ends. */
export function temporaryFile(name: string): string {
  root ??= realpathSync(mkdtempSync(join(tmpdir(), "diorama-weights-")));
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  return file;
}

/** Appends `values` to `file` after `gap` bytes of other things, and refers to them. */
export function appendWeight(file: string, shape: Shape, values: readonly number[], dtype: DType, gap = 0): WeightRef {
  appendFileSync(file, new Uint8Array(gap).fill(0xa5));
  const offset = existsSync(file) ? statSync(file).size : 0;
  const bytes = bytesOf(values, dtype);
  appendFileSync(file, bytes);
  return { file, offset, length: bytes.length, dtype, shape };
}

/** Little-endian bytes; a bfloat16 is the upper half of a float32, cut off. */
export function bytesOf(values: readonly number[], dtype: DType): Uint8Array {
  if (dtype === "float32") return new Uint8Array(Float32Array.from(values).buffer);
  if (dtype === "float16") return new Uint8Array(halvesOf(values).buffer);
  if (dtype === "bfloat16") {
    const words = new Uint32Array(Float32Array.from(values).buffer);
    return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
  }
  throw new Error(`no weights of type ${dtype}`);
}
