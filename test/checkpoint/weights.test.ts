import { describe, expect, test } from "vitest";
import type { TensorEntry } from "../../src-main/checkpoint/header.ts";
import { parseHeader } from "../../src-main/checkpoint/header.ts";
import { Weights } from "../../src-main/checkpoint/weights.ts";
import { safetensors, type Tensors } from "./folders.ts";

function table(tensors: Tensors): ReadonlyMap<string, TensorEntry> {
  const file = safetensors(tensors);
  const length = Number(file.readBigUInt64LE());
  return parseHeader(file.subarray(8, 8 + length), { file: "/m/unet.safetensors", size: file.length }).tensors;
}

const TABLE = table({
  "mid.attn.to_q.weight": [[6, 6]],
  "mid.attn.to_k.weight": [[6, 6, 1, 1], "F16"],
  "mid.attn.to_v.weight": [[6, 6, 1], "BF16"],
  "mid.attn2.to_q.weight": [[4, 4]],
  "mid.norm.weight": [[6]],
  "mid.int8.weight": [[6], "I8"],
  "mid.float8.weight": [[6], "F8_E4M3"],
});
const weights = (): Weights => new Weights(TABLE, "/m/unet.safetensors");

describe("a tensor", () => {
  test("is found by name through nested scopes", () => {
    const attention = weights().at("mid").at("attn");
    expect(attention.scope).toBe("mid.attn");
    const { offset, length } = TABLE.get("mid.attn.to_q.weight")!;
    expect(attention.at("to_q").tensor("weight", [6, 6])).toEqual({
      file: "/m/unet.safetensors",
      offset,
      length,
      dtype: "float32",
      shape: [6, 6],
    });
    expect(attention.tensor("to_q.weight", [6, 6])).toEqual(attention.at("to_q").tensor("weight", [6, 6]));
  });

  test("has the shape asked for, where only dimensions of 1 at the end differ", () => {
    const attention = weights().at("mid.attn");
    expect(attention.tensor("to_k.weight", [6, 6])).toMatchObject({ shape: [6, 6], dtype: "float16" });
    expect(attention.tensor("to_v.weight", [6, 6, 1, 1])).toMatchObject({ shape: [6, 6, 1, 1], dtype: "bfloat16" });
    expect(attention.shapeOf("to_k.weight")).toEqual([6, 6, 1, 1]);
  });

  test.each([[[6, 5]], [[36]], [[6]], [[6, 6, 2]], [[1, 6, 6]], [[]]])("is refused as %j when it is 6 x 6", (shape) => {
    const details = {
      path: "/m/unet.safetensors",
      key: "mid.attn.to_q.weight",
      expected: `[${shape.join(", ")}]`,
      found: "[6, 6]",
    };
    expect(() => weights().tensor("mid.attn.to_q.weight", shape)).toThrow(expect.objectContaining({ code: "checkpoint-invalid", details })); // prettier-ignore
  });

  test("that is missing is refused with the nearest name there is", () => {
    const details = {
      path: "/m/unet.safetensors",
      key: "mid.attn.query.weight",
      expected: "[6, 6]",
      found: "mid.attn.to_q.weight",
    };
    expect(() => weights().at("mid.attn").tensor("query.weight", [6, 6])).toThrow(expect.objectContaining({ code: "checkpoint-invalid", details })); // prettier-ignore
    expect(() => weights().shapeOf("nothing.like.it")).toThrow(/is missing$/);
  });

  test.each(["mid.int8.weight", "mid.float8.weight"])(
    "of a type that cannot be computed with is refused: %s",
    (name) => {
      expect(weights().has(name)).toBe(true);
      expect(() => weights().tensor(name, [6])).toThrow("use a float32, float16 or bfloat16 version");
    },
  );
});

test("has() tells of tensors and of whole scopes, not of parts of names", () => {
  const mid = weights().at("mid");
  expect(["attn", "attn.to_q", "attn.to_q.weight", "norm.weight"].map((name) => mid.has(name))).toEqual([true, true, true, true]);
  expect(["att", "attn.to_q.bias", "at", "attn.to_q.weight.x"].map((name) => mid.has(name))).toEqual([false, false, false, false]);
}); // prettier-ignore

test("names() are relative to the scope, which mid.attn2 is not in mid.attn", () => {
  expect(weights().at("mid.attn").names()).toEqual(["to_q.weight", "to_k.weight", "to_v.weight"]);
});

test("unused() counts what all scopes have asked for", () => {
  const all = weights();
  all.at("mid.attn").tensor("to_q.weight", [6, 6]);
  all.tensor("mid.norm.weight", [6]);
  expect(all.at("mid.attn").unused()).toEqual(["mid.attn.to_k.weight", "mid.attn.to_v.weight"]);
  expect(all.unused()).toHaveLength(5);
});

test("a name that objects inherit is not taken for a tensor", () => {
  expect(weights().has("constructor")).toBe(false);
  expect(() => weights().tensor("__proto__", [1])).toThrow("is missing");
});
