/** Which files of a folder are its weights: variants side by side, parts, and what other systems leave there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { chooseWeights } from "../../src-main/checkpoint/weightFiles.ts";
import { checkpointFolder, CONFIGS, safetensors, UNET } from "./folders.ts";

const BASE = "diffusion_pytorch_model";
const choose = (...names: string[]) => chooseWeights(names, BASE, "/m/unet");
const UNET_FILE = `unet/${BASE}.safetensors`;

/** In the order of choice. */
const VARIANTS = ["", ".fp32", ".fp16", ".bf16", ".non_ema", ".fp32.non_ema", ".fp16.non_ema", ".bf16.non_ema"];

describe("of variants side by side", () => {
  test("the first in the stated order is taken, in whatever order they are listed", () => {
    const some = fc.subarray(VARIANTS, { minLength: 1 });
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat()), (variants, keys) => {
        const names = variants.map((variant) => `${BASE}${variant}.safetensors`);
        const shuffled = names.toSorted(() => (keys.next().value! % 2 === 0 ? 1 : -1));
        expect(choose(...shuffled)).toEqual({ kind: "file", name: names[0] });
      }),
    );
  });

  test.each(VARIANTS)("a lone %j opens", (variant) => {
    expect(choose(`${BASE}${variant}.safetensors`, "config.json")).toMatchObject({ kind: "file" });
  });

  test("the words of a variant stand in either order", () => {
    expect(choose(`${BASE}.non_ema.fp16.safetensors`, `${BASE}.bf16.safetensors`)).toEqual({
      kind: "file",
      name: `${BASE}.bf16.safetensors`,
    });
  });

  test.each([
    [`${BASE}.safetensors.index.json`],
    [`${BASE}.safetensors.index.fp16.json`],
    [`${BASE}.fp16.safetensors.index.json`],
    [`${BASE}.bf16.non_ema.safetensors.index.json`],
  ])("an index is %s", (name) => {
    expect(choose(name, `${BASE}-00001-of-00002.safetensors`)).toEqual({ kind: "index", name });
  });

  test("a whole file goes before an index of the same precision, an index of full precision before half a file", () => {
    const index = `${BASE}.safetensors.index.json`;
    expect(choose(index, `${BASE}.safetensors`)).toMatchObject({ kind: "file" });
    expect(choose(index, `${BASE}.fp16.safetensors`)).toEqual({ kind: "index", name: index });
  });

  test("variants that nobody knows are not chosen among others", () => {
    expect(() => choose(`${BASE}.lora.safetensors`, `${BASE}.int8.safetensors`)).toThrow("none of its .safetensors files");
    expect(choose(`${BASE}.int8.safetensors`, `${BASE}.bf16.safetensors`)).toMatchObject({ name: `${BASE}.bf16.safetensors` });
  }); // prettier-ignore
});

describe("parts", () => {
  const part = (i: number, variant = "") => `${BASE}${variant}-0000${i}-of-00003.safetensors`;

  test("without an index are read when all are there", () => {
    expect(choose(part(2), part(1), part(3))).toEqual({ kind: "parts", names: [part(1), part(2), part(3)] });
    const late = (i: number) => `${BASE}-0000${i}-of-00002.fp16.safetensors`;
    expect(choose(late(2), late(1))).toEqual({ kind: "parts", names: [late(1), late(2)] });
  });

  test("that are not all there say which is missing", () => {
    expect(() => choose(part(1), part(3))).toThrow(`part 2 of 3, ${part(2)}, is missing`);
    expect(() => choose(part(3))).toThrow(`part 1 of 3, ${part(1)}, is missing`);
  });

  test("give way to a set that is whole", () => {
    expect(choose(part(1), `${BASE}.fp16.safetensors`)).toMatchObject({ name: `${BASE}.fp16.safetensors` });
  });

  test("are joined, and an index that names a missing one says so", async () => {
    const files = {
      [UNET_FILE]: undefined,
      [`unet/${BASE}-00001-of-00002.safetensors`]: safetensors({ "conv_in.weight": [[4, 3]] }),
      [`unet/${BASE}-00002-of-00002.safetensors`]: safetensors({ "conv_in.bias": [[4]] }),
    };
    const { weights } = (await openCheckpoint(checkpointFolder(files))).unet;
    expect(weights.tensor("conv_in.weight", [4, 3]).file).toContain("00001-of");
    expect(weights.tensor("conv_in.bias", [4]).file).toContain("00002-of");

    const weight_map = {
      "conv_in.weight": `${BASE}-00001-of-00002.safetensors`,
      "conv_in.bias": `${BASE}-00002-of-00002.safetensors`,
    };
    const lacking = { ...files, [`unet/${BASE}-00002-of-00002.safetensors`]: undefined };
    const index = { [`unet/${BASE}.safetensors.index.json`]: { weight_map } };
    await expect(openCheckpoint(checkpointFolder({ ...lacking, ...index }))).rejects.toThrow("part 2 of 2");
    await expect(openCheckpoint(checkpointFolder(lacking))).rejects.toThrow("part 2 of 2");
    const twice = {
      ...files,
      [`unet/${BASE}-00002-of-00002.safetensors`]: safetensors({ "conv_in.weight": [[4, 3]] }),
    };
    await expect(openCheckpoint(checkpointFolder(twice))).rejects.toThrow("another part holds the same tensor");
  });

  test("may hold tensors that the index does not name", async () => {
    const name = `${BASE}-00001-of-00001.safetensors`;
    const weight_map = Object.fromEntries(Object.keys(UNET).map((key) => [key, name]));
    const folder = checkpointFolder({
      [UNET_FILE]: undefined,
      [`unet/${name}`]: safetensors({ ...UNET, "not.in.index": [[1]] }),
      [`unet/${BASE}.safetensors.index.json`]: { weight_map },
    });
    expect((await openCheckpoint(folder)).unet.weights.has("not.in.index")).toBe(false);
  });
});

describe("what other systems leave in a folder", () => {
  const sidecar = new Uint8Array(4096);

  test("is never weights: ._ files of a Mac, .DS_Store", async () => {
    const bf16 = `${BASE}.bf16.safetensors`;
    const folder = checkpointFolder({
      [UNET_FILE]: undefined,
      "._model_index.json": sidecar,
      ".DS_Store": sidecar,
      [`unet/._${bf16}`]: sidecar,
      [`unet/._other.safetensors`]: sidecar,
      [`unet/${bf16}`]: safetensors(UNET),
    });
    expect((await openCheckpoint(folder)).unet.weights.has("conv_in")).toBe(true);
  });

  test("a folder of nothing but ._ files holds no weights", async () => {
    const folder = checkpointFolder({ [UNET_FILE]: undefined, [`unet/._${BASE}.safetensors`]: sidecar });
    await expect(openCheckpoint(folder)).rejects.toThrow(`there is no ${BASE}.safetensors`);
  });

  test("a byte order mark in front of a text is no part of it", async () => {
    const mark = (value: unknown) => `\ufeff${JSON.stringify(value)}`;
    const name = `${BASE}-00001-of-00001.safetensors`;
    const folder = checkpointFolder({
      "model_index.json": mark(CONFIGS.index),
      "unet/config.json": mark(CONFIGS.unet),
      "scheduler/scheduler_config.json": mark(CONFIGS.scheduler),
      [UNET_FILE]: undefined,
      [`unet/${name}`]: safetensors(UNET),
      [`unet/${BASE}.safetensors.index.json`]: mark({
        weight_map: Object.fromEntries(Object.keys(UNET).map((key) => [key, name])),
      }),
      "tokenizer/vocab.json": mark({ a: 0, b: 1, ab: 2 }),
      "tokenizer/merges.txt": "\ufeff#version: 0.2\r\na b\r\n",
    });
    expect(readFileSync(join(folder, "unet/config.json"), "utf8").startsWith("\ufeff")).toBe(true);
    const { tokenizer } = (await openCheckpoint(folder)).text;
    expect(tokenizer.vocabulary?.merges).toEqual([["a", "b"]]);
  });
});
