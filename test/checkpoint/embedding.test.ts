/** Embeddings in every layout that files have, and what is refused. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readEmbedding } from "../../src-main/checkpoint/embedding.ts";
import { openGolden } from "../support/familyGoldens.ts";
import { numbersFile } from "../support/numbersFile.ts";
import { safetensors, temporary, type Tensors } from "./folders.ts";

const MOST = 75;
const sd1 = await openGolden("sd1", "folder"); // width 16
const sdxl = await openGolden("sdxl", "folder");
const [small, large] = [sdxl.text.config.hiddenSize, sdxl.text2!.config.hiddenSize];

const file = (name: string, bytes: Uint8Array | string): string => {
  const path = temporary(name);
  writeFileSync(path, bytes);
  return path;
};
const read = (path: string, checkpoint = sd1) => readEmbedding(path, checkpoint, MOST);

test.each([
  ["emb_params", []],
  ["string_to_param.*", []],
  ["string_to_param", []],
  ["*", []],
  ["<cat-toy>", ["<cat-toy>"]],
  ["cat", []], // as the file is called
])("the key %j", async (key, inside) => {
  const vectors = Float32Array.from({ length: 32 }, (_, i) => i / 8 - 2);
  for (const type of ["F32", "F16", "BF16"] as const) {
    const embedding = await read(
      file("cat.safetensors", numbersFile({ [key]: { shape: [2, 16], numbers: vectors, type } })),
    );
    expect(embedding).toEqual({ words: ["cat", ...inside], count: 2, vectors: [vectors] });
  }
});

test("one vector may be no matrix", async () => {
  const numbers = new Float32Array(16).fill(0.5);
  const embedding = await read(file("a.b.safetensors", numbersFile({ emb_params: { shape: [16], numbers } })));
  expect(embedding).toEqual({ words: ["a.b"], count: 1, vectors: [numbers] });
});

test("XL's pair, in the order of the encoders", async () => {
  const l = new Float32Array(3 * small).fill(1);
  const g = new Float32Array(3 * large).fill(2);
  const path = file("xl.safetensors", numbersFile({ clip_g: { shape: [3, large], numbers: g }, clip_l: { shape: [3, small], numbers: l } })); // prettier-ignore
  expect(await read(path, sdxl)).toEqual({ words: ["xl"], count: 3, vectors: [l, g] });
  await expect(read(path)).rejects.toThrow("is for Stable Diffusion XL (clip_l and clip_g), and the checkpoint is not");
});

const wrong: [string, Tensors, string, typeof sd1?][] = [
  [
    "other width",
    { emb_params: [[2, 1024]] },
    "expected vectors of 16 numbers, as this checkpoint's text encoder reads them, found [2, 1024]: it was made for Stable Diffusion 2.x",
  ],
  ["three axes", { emb_params: [[1, 2, 16]] }, "found [1, 2, 16]"],
  ["no axis", { emb_params: [[]] }, "found []"],
  ["no vector", { emb_params: [[0, 16]] }, "expected 1 to 75 vectors, which a prompt has room for, found 0"],
  ["too many vectors", { emb_params: [[76, 16]] }, "expected 1 to 75 vectors, which a prompt has room for, found 76"],
  ["whole numbers", { emb_params: [[2, 16], "I64"] }, "numbers of type I64 are not read"],
  ["several words", { "<a>": [[1, 16]], "<b>": [[1, 16]] }, 'found "<a>" and "<b>"'],
  ["something else", { a: [[1]], b: [[1]], c: [[1]] }, '3 tensors, such as "a"'],
  ["nothing", {}, "found nothing"],
  ["one encoder's, for XL", { emb_params: [[1, small]] }, "get the version for XL", sdxl],
  ["halves of other counts", { clip_l: [[1, small]], clip_g: [[2, large]] }, "1 and 2 vectors", sdxl],
];
test.each(wrong)("%s is refused", async (_, tensors, message, checkpoint = sd1) => {
  const path = file("x.safetensors", safetensors(tensors));
  const error: unknown = await read(path, checkpoint).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "checkpoint-invalid" });
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toContain("x.safetensors");
}); // prettier-ignore

test.each([NaN, Infinity])("%d is refused", async (value) => {
  const numbers = new Float32Array(16);
  numbers[7] = value;
  const path = file("x.safetensors", numbersFile({ emb_params: { shape: [1, 16], numbers } }));
  await expect(read(path)).rejects.toThrow('at tensor "emb_params": it holds numbers that are infinite or none (NaN)');
});

test.each(["pt", "bin", "ckpt", "PT"])("a pickle (.%s) is refused without a look into it", async (ending) => {
  await expect(read(`/nowhere/x.${ending}`)).rejects.toThrow("Get its .safetensors version");
});

test("what is none, is not there or is cut off is refused", async () => {
  await expect(read("/nowhere/x.png")).rejects.toThrow("an embedding is one .safetensors file");
  await expect(read("/nowhere/x.safetensors")).rejects.toMatchObject({ code: "file-unreadable" });
  const whole = safetensors({ emb_params: [[2, 16]] });
  await expect(read(file("x.safetensors", whole.subarray(0, whole.length - 4)))).rejects.toThrow("cut short");
});
