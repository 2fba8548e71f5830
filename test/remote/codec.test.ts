/** Messages between machines as bytes: what comes back is what was sent, and what others send is bounded before it is made. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode, GREETING_BOUNDS, MESSAGE_BOUNDS } from "../../src-main/remote/codec.ts";
import { FrameError } from "../../src-main/remote/scan.ts";

const bytes = (...parts: (number | number[])[]) => Uint8Array.from(parts.flat());

test("what is sent comes back: numbers, texts, bytes, maps of float32, and nothing for what is undefined", () => {
  const message = {
    ...{ whole: 3, half: 0.5, large: 2 ** 40, text: "größer 猫", none: null, list: [1, [2, {}]] },
    ...{ bytes: Uint8Array.of(1, 2, 255), map: Float32Array.of(0.25, -1e-7, 3), left: undefined },
  };
  expect(decode(encode(message))).toStrictEqual(
    Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)),
  );
});

test("any plain data comes back", () => {
  const plain = fc.jsonValue({ maxDepth: 8 });
  fc.assert(
    fc.property(plain, (value) => {
      if (JSON.stringify(value).includes("__proto__")) return;
      expect(decode(encode({ value }))).toEqual({ value: JSON.parse(JSON.stringify(value)) as unknown });
    }),
  );
});

test("no bytes at all do anything but come back as data or be refused by name", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
      try {
        decode(garbage);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ["a list within a list, a hundred times", bytes(new Array<number>(100).fill(0x91), 0xc0), /deeper than 32/],
  ["a list of four milliards in five bytes", bytes(0xdd, 0xff, 0xff, 0xff, 0xff), /more than 400000 values/],
  ["a map of as many", bytes(0xdf, 0xff, 0xff, 0xff, 0xff), /more than 400000 values/],
  ["a text that is longer than the message", bytes(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61), /middle of a value/],
  ["bytes that are", bytes(0xc6, 0x7f, 0xff, 0xff, 0xff), /middle of a value/],
  ["an extension that is", bytes(0xc9, 0x7f, 0xff, 0xff, 0xff, 1), /middle of a value/],
  ["nothing", bytes(), /middle of a value/],
  ["two values", bytes(0x01, 0x02), /behind its end/],
  ["a byte that begins nothing", bytes(0xc1), /no value begins with/],
  ["numbers that end in the middle of one", bytes(0xd5, 1, 0, 0), /middle of one/],
  ["the name of an object's maker", bytes(0x81, 0xa9, [...Buffer.from("__proto__")], 0x80), /__proto__/],
])("%s is refused", (_, message, why) => {
  expect(() => decode(message)).toThrow(FrameError);
  expect(() => decode(message)).toThrow(why);
});

test("a million empty lists cost a walk over their bytes, and are refused", () => {
  const lists = new Uint8Array(1_000_005).fill(0x90);
  lists.set([0xdd, 0, 0x0f, 0x42, 0x40]);
  const before = process.memoryUsage().heapUsed;
  expect(() => decode(lists)).toThrow(`more than ${MESSAGE_BOUNDS.values} values`);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
});

test("before anybody is known, far less is taken", () => {
  expect(() => decode(encode({ a: { b: { c: { d: 1 } } } }), GREETING_BOUNDS)).toThrow(/deeper than 3/);
  expect(() => decode(encode(new Array(50).fill(0)), GREETING_BOUNDS)).toThrow(/more than 40/);
});
