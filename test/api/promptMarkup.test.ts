import { expect, test } from "vitest";
import { findMarkup } from "../../src-main/api/promptMarkup.ts";

test.each([
  ["a (red:1.3) cat", ["(red:1.3)"]],
  ["a (red cat : 0.8), (dog:.5)", ["(red cat : 0.8)", "(dog:.5)"]],
  ["a [red] cat", ["[red]"]],
  ["a [red:blue:0.5] cat [a|b]", ["[red:blue:0.5]", "[a|b]"]],
  ["((red)) cat", ["((red))"]],
  ["<lora:glow:0.8> cat, <LyCO:x:1>, <hypernet:y:1>", ["<lora:glow:0.8>", "<LyCO:x:1>", "<hypernet:y:1>"]],
  ["((a (b:1.2)) c)", ["(b:1.2)"]],
  ["(word:1.3) and again (word:1.3)", ["(word:1.3)"]],
  ["a cat (red) in the style of <cat-toy>", []],
  [String.raw`a cat \(red:1.3\), \[x\]`, []],
  ["time: 12:30 (noon)", []],
  ["", []],
])("in %j the instructions are %j", (prompt, texts) => {
  expect(findMarkup(prompt).map(({ text }) => text)).toEqual(texts);
});

test("a hostile prompt is looked through quickly, and no more than eight are told", () => {
  for (const piece of ["(", "[", "<lora:", "((", "(a:1", "[a]", "(:", "\\("]) {
    const begun = performance.now();
    expect(findMarkup(piece.repeat(5_000)).length).toBeLessThanOrEqual(8);
    expect(performance.now() - begun, piece).toBeLessThan(1_000);
  }
  expect(findMarkup(Array.from({ length: 50 }, (_, i) => `[a${i}]`).join(" "))).toHaveLength(8);
});
