/** What CUDA's provider library wants of a machine, read from the file: from real libraries, and from small ones made here. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CUDA_PROVIDER, systemLoader, whatCudaLacks } from "../../src-main/engine/cudaLibraries.ts";
import { linkedLibraries } from "../../src-main/engine/elf.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { temporaryFolder } from "../support/projects.ts";

const isLinux = process.platform === "linux" && process.arch === "x64";

/** A library of nothing but a table of what it wants. */
function library(needed: readonly string[], runPath = "$ORIGIN:/opt/cuda"): Buffer {
  const strings = Buffer.from(`\0${[...needed, runPath].join("\0")}\0`, "latin1");
  const at = (text: string) => strings.indexOf(`\0${text}\0`) + 1;
  const [headers, base] = [64 + 2 * 56, 0x10000];
  const tags = [
    ...needed.map((name) => [1, at(name)]),
    [5, base + headers],
    [10, strings.length],
    [29, at(runPath)],
    [0, 0],
  ];
  const dynamic = Buffer.alloc(tags.length * 16);
  for (const [n, [tag, value]] of tags.entries()) {
    dynamic.writeBigUInt64LE(BigInt(tag!), n * 16);
    dynamic.writeBigUInt64LE(BigInt(value!), n * 16 + 8);
  }
  const head = Buffer.alloc(headers);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(2, 56);
  const segment = (n: number, type: number, offset: number, size: number) => {
    head.writeUInt32LE(type, 64 + n * 56);
    head.writeBigUInt64LE(BigInt(offset), 64 + n * 56 + 8);
    head.writeBigUInt64LE(BigInt(base + offset), 64 + n * 56 + 16);
    head.writeBigUInt64LE(BigInt(size), 64 + n * 56 + 32);
  };
  segment(0, 1, 0, headers + strings.length + dynamic.length);
  segment(1, 2, headers + strings.length, dynamic.length);
  return Buffer.concat([head, strings, dynamic]);
}

function folderWith(files: Record<string, Buffer>): string {
  const folder = temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}
const NOTHING = { searchPath: undefined, cached: new Set<string>() };
const SHARED = { "libonnxruntime_providers_shared.so": Buffer.alloc(0) };

test.runIf(isLinux)("ONNX Runtime's own library is read as the loader reads it", async () => {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const folder = join(dirname(entry), "bin", "napi-v6", "linux", "x64");
  const { needed } = await linkedLibraries(join(folder, "onnxruntime_binding.node"));
  expect(needed).toEqual(expect.arrayContaining(["libonnxruntime.so.1", "libc.so.6"]));
  const { cached } = await systemLoader(process.env);
  expect(cached).toContain("libc.so.6");
});

test("without the provider, it is the provider that is missing", async () => {
  const folder = temporaryFolder();
  expect(await whatCudaLacks(folder, NOTHING)).toMatch(
    /^It needs libonnxruntime_providers_cuda\.so and libonnxruntime_providers_shared\.so from the NuGet package/,
  );
});

test("with it, what is missing is named, with the CUDA that this very file was made for", async () => {
  for (const [cuda, cudnn] of [
    ["12", "9"],
    ["13", "9"],
  ] as const) {
    const needed = [
      `libcublasLt.so.${cuda}`,
      `libcudnn.so.${cudnn}`,
      `libcudart.so.${cuda}`,
      "libcuda.so.1",
      "libc.so.6",
    ];
    const folder = folderWith({ ...SHARED, [CUDA_PROVIDER]: library(needed) });
    expect(await whatCudaLacks(folder, { ...NOTHING, cached: new Set(["libc.so.6", `libcudnn.so.${cudnn}`]) })).toBe(
      `${CUDA_PROVIDER} is made for CUDA ${cuda} and cuDNN 9. Not found here: libcublasLt.so.${cuda}, libcudart.so.${cuda}. Install CUDA ${cuda} and cuDNN 9, ` +
        "or name the folder that has them in LD_LIBRARY_PATH. libcuda.so.1 comes with NVIDIA's driver, which is not installed.",
    );
  }
});

test("libraries beside the provider, in LD_LIBRARY_PATH and in the loader's cache are found", async () => {
  const needed = ["libcudart.so.12", "libcudnn.so.9", "libcuda.so.1"];
  const folder = folderWith({
    ...SHARED,
    [CUDA_PROVIDER]: library(needed),
    "libcudart.so.12": Buffer.alloc(0),
    "more/libcudnn.so.9": Buffer.alloc(0),
  });
  const loader = { searchPath: `/nowhere:${join(folder, "more")}`, cached: new Set(["libcuda.so.1"]) };
  expect(await whatCudaLacks(folder, loader)).toBeUndefined();
});

test("a damaged provider is said to be one, wherever it is damaged", async () => {
  const good = library(["libcudart.so.12"]);
  const folder = folderWith({ ...SHARED, [CUDA_PROVIDER]: good.subarray(0, 100) });
  expect(await whatCudaLacks(folder, NOTHING)).toMatch(/cut short\. Get it again from the NuGet package/);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      writeFileSync(join(folder, "damaged.so"), bytes);
      await linkedLibraries(join(folder, "damaged.so")).catch((error: unknown) => {
        if (!isAppError(error, "file-unreadable")) throw error;
      });
    }),
    { numRuns: 300 },
  );
});
