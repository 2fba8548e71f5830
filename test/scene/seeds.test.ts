import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSeeds, readSeeds } from "../../src-main/scene/seeds.ts";

describe("a list of seeds", () => {
  test("keeps its order, opens ranges and drops repetitions", () => {
    expect(readSeeds("9, 1,7-9,1")).toEqual({ seeds: ["9", "1", "7", "8"] });
  });

  test.each([
    ["1 2 3", "1 2 3"],
    ["7;8", "7 8"],
    ["5-3", "5 4 3"],
    ["1 - 3", "1 2 3"],
    ["1–3 , 9", "1 2 3 9"],
    ["1,2,", "1 2"],
    ["1,,2", "1 2"],
    ["1\n2\r\n3\t4", "1 2 3 4"],
    ["1、2，3；4", "1 2 3 4"],
    ["9-7,8", "9 8 7"],
    ["0-0", "0"],
  ])("as people type them: %j", (text, seeds) => {
    expect(readSeeds(text)).toEqual({ seeds: seeds.split(" ") });
  });

  test("reaches the largest 64-bit number without losing a digit", () => {
    expect(readSeeds("18446744073709551614-18446744073709551615")).toEqual({
      seeds: ["18446744073709551614", "18446744073709551615"],
    });
  });

  test("may be a number or a list of numbers and texts", () => {
    expect(readSeeds(7)).toEqual({ seeds: ["7"] });
    expect(readSeeds([1, "2-3", "007"])).toEqual({ seeds: ["1", "2", "3", "7"] });
  });

  test.each([
    ["18446744073709551616", "18446744073709551616 is out of range: seeds go from 0 to 18446744073709551615"],
    ["-1", "-1 is out of range: seeds go from 0 to 18446744073709551615"],
    ["0-10000", '"0-10000" makes more than 10,000 seeds; ask for fewer at a time'],
    ["1-9000,20000-28999", '"20000-28999" makes more than 10,000 seeds; ask for fewer at a time'],
    [" , ;", 'a seed is missing: write seeds as "1,2,7-9"'],
    ["1 cat", '"cat" is not a seed or a range of seeds such as 7-9'],
    ["1, -2", "-2 is out of range: seeds go from 0 to 18446744073709551615"],
    ["1-2-3", '"1-2-3" is not a seed or a range of seeds such as 7-9'],
    ["10000-0", '"10000-0" makes more than 10,000 seeds; ask for fewer at a time'],
    ["18446744073709551615-0", '"18446744073709551615-0" makes more than 10,000 seeds; ask for fewer at a time'],
    ["", 'a seed is missing: write seeds as "1,2,7-9"'],
    ["cat", '"cat" is not a seed or a range of seeds such as 7-9'],
    ["1.5", '"1.5" is not a seed or a range of seeds such as 7-9'],
    [1.5, "1.5 is not a whole number"],
    [2 ** 60, "numbers above 2^53 lose digits in JSON; write this seed as text, in double quotes"],
    [-3, "-3 is out of range: seeds go from 0 to 18446744073709551615"],
    [[], 'expected seeds such as "1,2,7-9" or [1, 2, 7], got a list of 0'],
    [[null], "expected a seed, got null"],
    [{}, 'expected seeds such as "1,2,7-9" or [1, 2, 7], got an object'],
  ])("%j is refused with what to do", (value, problem) => {
    expect(readSeeds(value)).toEqual({ problem });
  });

  test("written short is read back the same", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.bigInt(0n, 40n), { minLength: 1 }), (numbers) => {
        const seeds = numbers.map(String);
        expect(readSeeds(formatSeeds(seeds))).toEqual({ seeds });
      }),
    );
    expect(formatSeeds(["1", "2", "7", "8", "9"])).toBe("1,2,7-9");
  });
});
