import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { MAX_HEADER_BYTES } from "../../src-main/checkpoint/header.ts";
import { readSafetensors } from "../../src-main/checkpoint/safetensors.ts";
import { unprivileged } from "../support/unprivileged.ts";
import { safetensors, temporary, withHeader } from "./folders.ts";

const TINY = join(import.meta.dirname, "../goldens/tiny-sd");
const FILE = safetensors({ a: [[2, 3]], b: [[5], "F16"] });

function written(content: string | Uint8Array): string {
  const path = temporary("x.safetensors");
  writeFileSync(path, content);
  return path;
}

/** The header length field of a file that goes on with `rest`. */
function claiming(length: bigint, rest = ""): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(length);
  return Buffer.concat([bytes, Buffer.from(rest)]);
}

describe("a file", () => {
  test("is read as far as its header, and a tensor's bytes lie where its entry says", async () => {
    const path = written(FILE);
    const { tensors, dataStart, size } = await readSafetensors(path);
    const { offset, length } = tensors.get("b")!;
    expect(size).toBe(FILE.length);
    expect(offset).toBe(dataStart + 24);
    expect([...FILE.subarray(offset, offset + length)]).toEqual([24, 25, 26, 27, 28, 29, 30, 31, 32, 33]);
  });

  test("written by the safetensors library is read whole", async () => {
    const { tensors, metadata } = await readSafetensors(join(TINY, "unet/diffusion_pytorch_model.safetensors"));
    expect(tensors.size).toBe(684);
    expect(tensors.get("conv_in.weight")).toMatchObject({ type: "F32", shape: [32, 4, 3, 3], length: 4608 });
    expect(metadata.get("format")).toBe("pt");
  });

  test("behind a link has the path that the link leads to", async () => {
    const path = written(FILE);
    const link = join(dirname(path), "link");
    symlinkSync(path, link);
    expect((await readSafetensors(link)).file).toBe(path);
  });
});

describe("a file is refused", () => {
  test.each([
    ["when it is empty", Buffer.alloc(0), "at least 8 bytes"],
    ["when it is shorter than the header's length", Buffer.alloc(7), "at least 8 bytes"],
    ["when its header would be empty", claiming(0n), "expected {"],
    ["when the header would go beyond its end", claiming(100n, "{}"), "the header should end at byte 108, but the file has 10"],
    ["when the header would be the largest", claiming(2n ** 64n - 1n, "{}"), "18446744073709551615 bytes"],
    ["when the header would be too large", claiming(BigInt(MAX_HEADER_BYTES) + 1n, "{}"), "25000001 bytes"],
    ["when it is a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"],
    ["when it is a zip of pickles by the wrong name", "PK\x03\x04 archive/data.pkl", "not a safetensors file"],
    ["when its last byte is missing", FILE.subarray(0, -1), "cut short"],
    ["when it goes on after the last tensor", Buffer.concat([FILE, Buffer.alloc(1)]), "belong to no tensor"],
  ])("%s", async (_, content, message) => {
    const path = written(content);
    const reading = readSafetensors(path);
    await expect(reading).rejects.toMatchObject({ code: "checkpoint-invalid", details: { path } });
    await expect(reading).rejects.toThrow(message);
  }); // prettier-ignore

  test("when it does not exist, is a folder, or is a pipe that nobody writes to", async () => {
    const path = temporary("x.safetensors");
    await expect(readSafetensors(path)).rejects.toMatchObject({ code: "file-unreadable", details: { path } });
    await expect(readSafetensors(dirname(path))).rejects.toMatchObject({ code: "file-unreadable" });
    if (process.platform === "win32") return;
    execFileSync("mkfifo", [path]);
    await expect(readSafetensors(path)).rejects.toThrow("is not a file");
  });

  test.skipIf(process.platform === "win32")("when it may not be read", async () => {
    const path = written(FILE);
    chmodSync(path, 0);
    chmodSync(dirname(path), 0o755);
    await expect(unprivileged(() => readSafetensors(path))).rejects.toThrow("may not be read");
  });

  test("when a link leads nowhere or in a circle", async () => {
    const path = temporary("x.safetensors");
    symlinkSync(path, path);
    await expect(readSafetensors(path)).rejects.toMatchObject({ code: "file-unreadable" });
  });
});

describe("a hostile header ends in a refusal soon", () => {
  // Each fills most of the 25 MB that a header may have.
  test.each([
    ["of ten million tensors on one region", `{${'"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'.repeat(400_000)}"y":{}}`, "stands twice"],
    ["of too many names", `{${Array.from({ length: 300_000 }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`).join(",")}}`, "more than 100000 tensors"],
    ["of one endless list", `{"a":{"shape":[${"1,".repeat(10_000_000)}1]}}`, "more than 32"],
    ["of empty objects", `{"a":{"x":[${"{},".repeat(7_000_000)}{}]}}`, "dtype is missing"],
    ["of brackets", "[".repeat(20_000_000), "expected {"],
    ["of one key", `{"${"k".repeat(20_000_000)}":0}`, "expected {"],
    ["of digits", `{"a":{"shape":[${"9".repeat(20_000_000)}]}}`, "whole number"],
  ])("%s", async (_, header, message) => {
    const path = written(withHeader(header, 0));
    const before = process.memoryUsage().rss;
    await expect(readSafetensors(path)).rejects.toThrow(message);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
  }, 10_000); // prettier-ignore
});

test("a file of 8 GB is opened without reading its tensors", async () => {
  const path = temporary("large.safetensors");
  const header = '{"a":{"dtype":"U8","shape":[8000000000],"data_offsets":[0,8000000000]}}';
  writeFileSync(path, withHeader(header, 0));
  truncateSync(path, 8 + header.length + 8_000_000_000); // holds no blocks on disk
  expect((await readSafetensors(path)).tensors.get("a")!.length).toBe(8_000_000_000);
});
