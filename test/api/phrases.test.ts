import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "../../src-main/api/nearest.ts";
import { findPhrase, nearestPhrase } from "../../src-main/api/phrases.ts";

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
  ])("in %j takes %j for %j", (prompt, phrase, meant) => {
    expect(nearestPhrase(prompt, phrase)).toBe(meant);
  });
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
