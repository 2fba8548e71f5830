/** Noise against torch 2.13 on the CPU (test/goldens/randn.json), and what the file does not hold: draws that follow each other. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSeed, TorchGenerator } from "../../src-main/sampling/random.ts";

interface Draw {
  first: number[];
  last: number[];
  mean: number;
  std: number;
}

const goldens = JSON.parse(readFileSync(new URL("../goldens/randn.json", import.meta.url), "utf8")) as {
  runs: Record<string, Draw>;
};

describe.each(Object.entries(goldens.runs))("randn %s", (key, golden) => {
  const [seed, shape] = key.split("/") as [string, string];
  const count = shape.split("x").reduce((product, size) => product * Number(size), 1);
  const values = new TorchGenerator(seed).normal(count);

  test("begins and ends with torch's bits", () => {
    expect([...values.slice(0, golden.first.length)]).toEqual(golden.first);
    expect([...values.slice(-golden.last.length)]).toEqual(golden.last);
  });

  test("has torch's mean and deviation in between", () => {
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(mean).toBeCloseTo(golden.mean, 6);
    expect(Math.sqrt(variance)).toBeCloseTo(golden.std, 6);
  });
});

test("draws go on where the last one ended, small ones by pairs", () => {
  const generator = new TorchGenerator("5");
  const sizes = [3, 16, 1, 17, 2];
  const values = sizes.flatMap((size) => [...generator.normal(size)]);
  // torch.Generator().manual_seed(5), then torch.randn of 3, 16, 1, 17 and 2
  // prettier-ignore
  const expected = [
    -0.48678076, -0.6038216, -0.55809623, 0.25825164, -1.8833263, 1.2800921, 1.1304462, -0.18729281,
    -0.10570163, 1.5329131, 0.28736117, -0.031097759, -2.5976176, 0.47576195, -0.6204352, -0.33949527,
    1.4637492, 0.40093648, -1.2842216, 0.6675243, 2.614577, -0.6632771, 0.26526582, -1.5660385,
    -1.6406761, -0.01966967, 0.22779794, -0.39850503, 0.81679195, 0.6704618, -0.17770459, 0.43137276,
    1.2417021, 2.1502583, -2.2280848, -1.289669, -1.792726, -1.6456263, 0.6073781,
  ];
  expect(new Float32Array(values)).toEqual(new Float32Array(expected));
});

test("the same seed gives the same bits, another one others", () => {
  const draw = (seed: string): Float32Array => new TorchGenerator(seed).normal(64);
  expect(draw("12345678901234567890")).toEqual(draw("12345678901234567890"));
  expect(draw("12345678901234567890")).not.toEqual(draw("12345678901234567891"));
});

test("only the low 32 bits of a seed count, as in torch", () => {
  expect(new TorchGenerator("4294967303").normal(20)).toEqual(new TorchGenerator("7").normal(20)); // 2^32 + 7
});

test("negative seeds are two's complement, as in torch", () => {
  expect(parseSeed("-1")).toBe(18446744073709551615n);
  expect(parseSeed("-9223372036854775808")).toBe(9223372036854775808n);
});

test.each(["18446744073709551616", "-9223372036854775809", "", "1.5", "1e3", " 1", "0x10", "99999999999999999999999"])(
  'the seed "%s" is refused',
  (seed) => {
    expect(() => new TorchGenerator(seed)).toThrow(
      expect.objectContaining({ name: "AppError", code: "scene-invalid", details: { at: "seed" } }),
    );
  },
);
