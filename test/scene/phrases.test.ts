import { describe, expect, test, vi } from "vitest";
import { editDistance, nearest } from "../../src-main/scene/nearest.ts";
import { findPhrase, nearestPhrase } from "../../src-main/scene/phrases.ts";
import { readSpans, writeSpans } from "../../src-main/scene/regionSpans.ts";

const places = (prompt: string, phrase: string) => findPhrase(prompt, phrase).map(({ start, end }) => [start, end]);

describe("findPhrase", () => {
  test.each([
    [
      "a cat, the cat's category, Cat",
      "cat",
      [
        [2, 5],
        [11, 14],
        [27, 30],
      ],
    ],
    ["red\n  cat", "red cat", [[0, 9]]],
    ["a red-cat", "red", [[2, 5]]],
    ["cat_1 cat1 cat", "cat", [[11, 14]]],
    [
      "ÉCOLE école",
      "École",
      [
        [0, 5],
        [6, 11],
      ],
    ],
    ["e\u0301t e", "e", [[4, 5]]], // an accent belongs to its letter
    ["$5.00 (a+b)", "(a+b)", [[6, 11]]],
    ["a.b axb", "a.b", [[0, 3]]],
    [
      "🐈 cat 🐈",
      "🐈",
      [
        [0, 2],
        [7, 9],
      ],
    ],
    ["大きな赤い猫と青い犬", "赤い猫", [[3, 6]]],
    ["大きな赤い猫と青い犬", "い猫", [[4, 6]]], // no word of the dictionary, but meant by who writes it
    ["子猫と猫", "猫", [[3, 4]]], // the word, not the end of another
    ["一只红色的猫和一只狗", "红色的猫", [[2, 6]]],
    ["แมวสีแดงและสุนัข", "แมวสีแดง", [[0, 8]]],
    ["我的dog是黑色的", "dog", [[2, 5]]],
    ["我的dogs是黑色的", "dog", []],
    ["3匹の猫", "3", [[0, 1]]],
    ["a cafe\u0301 table", "caf\u00e9 table", [[2, 13]]],
    ["a caf\u00e9 table", "cafe\u0301 table", [[2, 12]]],
    ["か\u3099か", "が", [[0, 2]]],
    ["\u1112\u1161\u11ab 한", "한", [[0, 3], [4, 5]]], // prettier-ignore
    ["❤️cat", "cat", [[2, 5]]],
    ["a ❤️ cat", "❤", [[2, 4]]],
    ["a ❤ cat", "❤️", [[2, 3]]],
    ["a 👩‍👧", "👩", []], // a part of a character
    ["می‌خواهم", "خواهم", []], // a joiner is inside its word
    ["aaa aa", "aa", [[4, 6]]],
    ["猫猫猫", "猫猫", [[0, 2]]],
    ["cat", "", []],
    ["cat", "   ", []],
  ])("in %j finds %j at %j", (prompt, phrase, expected) => {
    expect(places(prompt, phrase)).toEqual(expected);
  });
});

describe("nearestPhrase", () => {
  test.each([
    ["a red cat and a blue dog", "red cta", "red cat"],
    ["a red cat and a blue dog", "bleu dog", "blue dog"],
    ["a red cat and a blue dog", "Dgo", "dog"],
    ["a red, well-known cat's tail", "well-know cats", "well-known cat's"],
    ["a red cat", "zebra", undefined],
    ["cat", "three long words", undefined],
    ["大きな赤い猫と青い犬", "赤い描", "赤い猫"],
    ["我的dog是黑色的", "dgo", "dog"],
  ])("in %j takes %j for %j", (prompt, phrase, meant) => {
    expect(nearestPhrase(prompt, phrase)).toBe(meant);
  });
});

test("phrases of a scene file are read back in scripts without spaces, also where no dictionary divides", () => {
  const prompt = "子猫と猫、大きな赤い猫";
  for (let start = 0; start < prompt.length; start++) {
    for (let end = start + 1; end <= prompt.length; end++) {
      const spans = [{ start, end }];
      expect(readSpans({ ...writeSpans(prompt, spans) }, prompt, "boxes[0]", []), prompt.slice(start, end)).toEqual(
        spans,
      );
    }
  }
  expect(writeSpans(prompt, [{ start: 3, end: 4 }])).toEqual({ span: [3, 4] }); // another dictionary may not know 子猫
  expect(writeSpans(prompt, [{ start: 8, end: 11 }])).toEqual({ phrase: "赤い猫" });
});

test("phrases that all boxes share are searched for once, in writing and in reading", () => {
  const prompt = "a ".repeat(10_000);
  const box = [0, 0, 0.5, 0.5];
  const spans = Array.from({ length: 64 }, (_, i) => ({ start: 2 * i, end: 2 * i + 1 }));
  const exec = vi.spyOn(RegExp.prototype, "exec");
  try {
    writeSpans(prompt, spans.slice(0, 1));
    const once = exec.mock.calls.length;
    expect(once).toBeGreaterThan(10_000); // this is what a search costs: a step for each place
    exec.mockClear();
    for (let i = 0; i < 64; i++) {
      const written = writeSpans(prompt, spans);
      expect(readSpans({ ...written, box }, prompt, "boxes[0]", [])).toEqual(spans);
    }
    expect(exec.mock.calls.length).toBeLessThan(once);
  } finally {
    exec.mockRestore();
  }
});

test("another prompt is searched anew, and what is remembered of one is bounded", () => {
  expect(places("a cat", "cat")).toEqual([[2, 5]]);
  expect(places("cat", "cat")).toEqual([[0, 3]]);
  const prompt = "a ".repeat(1_000);
  for (let n = 1; n <= 300; n++) expect(findPhrase(prompt, "a ".repeat(n)).length).toBe(Math.floor(1_000 / n));
  expect(findPhrase(prompt, "a").length).toBe(1_000);
});

describe("nearest", () => {
  test("counts a swap of neighbours as one edit", () => {
    expect(editDistance("steps", "setps")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  test("takes a beginning for the whole word and refuses what is far away", () => {
    expect(nearest("guidance", ["seeds", "guidanceScale"])).toBe("guidanceScale");
    expect(nearest("xyz", ["width", "height"])).toBeUndefined();
  });
});
