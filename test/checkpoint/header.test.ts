import { describe, expect, test } from "vitest";
import { isAppError } from "../../src-main/wire/errors.ts";
import { type Header, parseHeader } from "../../src-main/checkpoint/header.ts";

/** Parses a header that is followed by `data` bytes. */
function parse(header: string | Uint8Array, data: number): Header {
  const bytes = Buffer.from(header);
  return parseHeader(bytes, { file: "/m/x.safetensors", size: 8 + bytes.length + data });
}

function refusal(header: string | Uint8Array, data = 0): { message: string; key: string | undefined } {
  try {
    parse(header, data);
  } catch (error) {
    if (isAppError(error, "checkpoint-invalid")) {
      const { path, key } = error.details as { path: string; key?: string };
      expect(path).toBe("/m/x.safetensors");
      return { message: error.message, key };
    }
    throw error;
  }
  throw new Error(`accepted: ${String(header)}`);
}

const A = '"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}';
const B = '"b":{"dtype":"BF16","shape":[5],"data_offsets":[24,34]}';

describe("a sound header", () => {
  test("gives each tensor its type, shape and place in the file", () => {
    const text = `{${A},${B}}`;
    const { tensors } = parse(text, 34);
    const start = 8 + text.length;
    const file = "/m/x.safetensors";
    expect([...tensors.values()]).toEqual([
      { key: "a", file, offset: start, length: 24, type: "F32", shape: [2, 3] },
      { key: "b", file, offset: start + 24, length: 10, type: "BF16", shape: [5] },
    ]);
  });

  test("may list tensors in any order, and fields in any order", () => {
    const { tensors } = parse('{"b":{"data_offsets":[4,6],"shape":[2],"dtype":"I8"},"a":{"shape":[],"dtype":"F32","data_offsets":[0,4]}}', 6);
    expect([...tensors.keys()]).toEqual(["b", "a"]);
    expect(tensors.get("a")!.shape).toEqual([]);
  }); // prettier-ignore

  test("may have space around it, and fields that the format does not name", () => {
    const text = `\n { "a" : {"dtype":"U8","extra":{"x":[1,null,-2.5e3,"\\n",true]},"shape":[1],"data_offsets":[0,1]} } \t`;
    expect(parse(text, 1).tensors.size).toBe(1);
  });

  test("may hold no tensor, and tensors without elements", () => {
    expect(parse("{}", 0).tensors.size).toBe(0);
    const empty =
      '{"e":{"dtype":"F32","shape":[0,7],"data_offsets":[2,2]},"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}';
    expect(parse(empty, 2).tensors.get("e")!.length).toBe(0);
  });

  test("may name a tensor __proto__ or hasOwnProperty", () => {
    const text =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"hasOwnProperty":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    expect([...parse(text, 2).tensors.keys()]).toEqual(["__proto__", "hasOwnProperty"]);
  });

  test("may carry metadata: texts, or null", () => {
    expect(parse('{"__metadata__":{"format":"pt","__proto__":"x"}}', 0).metadata).toEqual(new Map([["format", "pt"], ["__proto__", "x"]])); // prettier-ignore
    expect(parse('{"__metadata__":null}', 0).metadata.size).toBe(0);
  });

  test("may use every type of the format, also those of less than a byte", () => {
    const types = { BOOL: 8, U8: 8, I8: 8, I16: 16, U16: 16, I32: 32, U32: 32, I64: 64, U64: 64, F16: 16, BF16: 16, F32: 32, F64: 64, C64: 64, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4 }; // prettier-ignore
    for (const [type, bits] of Object.entries(types)) {
      const text = `{"t":{"dtype":"${type}","shape":[8],"data_offsets":[0,${bits}]}}`;
      expect(parse(text, bits).tensors.get("t")!.length).toBe(bits);
    }
  });
});

describe("a header is refused", () => {
  const entry = (fields: string): string => `{"a":{${fields}}}`;
  const F32 = '"dtype":"F32"';
  test.each([
    ["when it is not JSON", "{", "expected a string"],
    ["when it is another kind of JSON", "[]", "expected {"],
    ["when text follows it", "{} x", "unexpected text"],
    ["when zero bytes follow it", "{}\0", "unexpected text"],
    ["when a byte order mark precedes it", "\ufeff{}", "expected {"],
    ["for a trailing comma", `{${A},}`, "expected a string"],
    ["for a missing comma", `{${A} ${B}}`, "expected }"],
    ["for a control character in a key", '{"a\n":{}}', "control character"],
    ["for an unfinished key", '{"a', "unfinished string"],
    ["for a bad escape", '{"\\q":{}}', "bad escape"],
    ["for half of a surrogate pair", '{"\\ud800":{}}', "lone surrogate"],
    ["for an entry that is no object", '{"a":1}', "expected {"],
    ["for a key that stands twice", `{${A},${A}}`, "the key stands twice"],
    ["for a key that stands twice, once written with an escape", `{${A},${A.replace("a", "\\u0061")}}`, "the key stands twice"],
    ["for a field that stands twice", entry(`${F32},${F32},"shape":[1],"data_offsets":[0,4]`), "the field \"dtype\" stands twice"],
    ["for metadata that stand twice", '{"__metadata__":{},"__metadata__":{}}', "the key stands twice"],
    ["for metadata that stand twice, first as null", '{"__metadata__":null,"__metadata__":null}', "the key stands twice"],
    ["for a field of the metadata that stands twice", '{"__metadata__":{"x":"1","x":"2"}}', 'the field "x" stands twice'],
    ["for metadata that are not text", '{"__metadata__":{"x":1}}', "expected a string"],
    ["without a type", entry('"shape":[1],"data_offsets":[0,4]'), "dtype is missing"],
    ["without a shape", entry(`${F32},"data_offsets":[0,4]`), "shape is missing"],
    ["without offsets", entry(`${F32},"shape":[1]`), "data_offsets is missing"],
    ["for an unknown type", entry('"dtype":"f32","shape":[1],"data_offsets":[0,4]'), 'dtype "f32" is not one'],
    ["for a type that objects inherit", entry('"dtype":"toString","shape":[1],"data_offsets":[0,4]'), "is not one"],
    ["for a negative size", entry(`${F32},"shape":[-1],"data_offsets":[0,4]`), "whole number"],
    ["for a size with a fraction", entry(`${F32},"shape":[1.0],"data_offsets":[0,4]`), "whole number"],
    ["for a size in powers of ten", entry(`${F32},"shape":[1e0],"data_offsets":[0,4]`), "whole number"],
    ["for a size as text", entry(`${F32},"shape":["1"],"data_offsets":[0,4]`), "expected a value"],
    ["for a leading zero", entry(`${F32},"shape":[01],"data_offsets":[0,4]`), "expected ]"],
    ["for a number that JavaScript would round", entry(`${F32},"shape":[9007199254740993],"data_offsets":[0,4]`), "2^53"],
    ["for a number of 400 digits", entry(`${F32},"shape":[${"9".repeat(400)}],"data_offsets":[0,4]`), "whole number"],
    ["for a product that overflows", entry(`${F32},"shape":[4294967296,4294967296],"data_offsets":[0,4]`), "too large"],
    ["for a product that overflows before it comes to a zero", entry(`${F32},"shape":[4294967296,4294967296,0],"data_offsets":[0,0]`), "too large"],
    ["for a bit count that overflows", entry(`${F32},"shape":[9007199254740991],"data_offsets":[0,4]`), "too large"],
    ["for too many dimensions", entry(`${F32},"shape":[${"1,".repeat(32)}1],"data_offsets":[0,4]`), "more than 32"],
    ["for one offset", entry(`${F32},"shape":[1],"data_offsets":[4]`), "two numbers"],
    ["for three offsets", entry(`${F32},"shape":[1],"data_offsets":[0,4,8]`), "more than 2"],
    ["for offsets that disagree with the shape", entry(`${F32},"shape":[2],"data_offsets":[0,4]`), "expected 8 bytes for F32 [2], found 4"],
    ["for offsets that run backwards", entry(`${F32},"shape":[0],"data_offsets":[4,0]`), "found -4"],
    ["for half a byte", entry('"dtype":"F4","shape":[3],"data_offsets":[0,1]'), "whole bytes"],
    ["for bytes that belong to no tensor at the start", entry(`${F32},"shape":[1],"data_offsets":[1,5]`), "a hole before it"],
    ["for values nested too deep", entry(`"x":${"[".repeat(100_000)}`), "nested more than 64 deep"],
  ])("%s", (_, header, message) => {
    expect(refusal(header, 4).message).toContain(message);
  }); // prettier-ignore

  test("when it is not UTF-8", () => {
    expect(refusal(Uint8Array.of(0x7b, 0xff, 0x7d)).message).toContain("not UTF-8");
  });

  test("for a hole, an overlap, and a tensor within another, by name", () => {
    const tensor = (name: string, begin: number, end: number): string =>
      `"${name}":{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    expect(refusal(`{${tensor("x", 0, 3)},${tensor("y", 4, 6)}}`, 6)).toMatchObject({ key: "y" });
    expect(refusal(`{${tensor("x", 0, 3)},${tensor("y", 2, 6)}}`, 6).message).toContain("overlaps");
    expect(refusal(`{${tensor("x", 0, 6)},${tensor("y", 2, 4)}}`, 6).message).toContain("overlaps");
    expect(refusal(`{${tensor("x", 0, 6)},${tensor("y", 0, 6)}}`, 6).message).toContain("overlaps");
  });

  test("when the file is shorter or longer than it says", () => {
    expect(refusal(`{${A}}`, 23).message).toContain("cut short");
    expect(refusal(`{${A}}`, 25).message).toContain("belong to no tensor");
  });

  test("with the tensor's name in one line of bearable length, whatever it is", () => {
    const { message, key } = refusal(`{"${"\\n".repeat(100_000)}":{}}`);
    expect(message.length).toBeLessThan(1000);
    expect(message).not.toContain("\n");
    expect(key!.length).toBeLessThan(300);
  });
});
