import { expect, test } from "vitest";
import { findLoras, findMarkup, whyIgnored, withoutLoras } from "../../src-main/scene/promptMarkup.ts";

test.each([
  ["a [red:blue:0.5] cat [a|b] (x:1.2) [y]", ["[red:blue:0.5]", "[a|b]"], ["(x:1.2)"]],
  ["a (red cat : 0.8), (dog:.5), ((x))", [], ["(red cat : 0.8)", "(dog:.5)"]],
  ["((a (b:1.2)) c) (b:1.2)", [], ["(b:1.2)"]],
  ["<lora:glow:0.8> cat, <LyCO:x:y>, <hypernet:y:1>", ["<LyCO:x:y>", "<hypernet:y:1>"], ["<LyCO:x:y>", "<hypernet:y:1>"]],
  ["a cat (red) in the style of <cat-toy>", [], []],
  [String.raw`a cat \(red:1.3\), \[x|y\]`, [], []],
  ["time: 12:30 (noon)", [], []],
  ["", [], []],
])("in %j the instructions are %j, and without weights %j", (prompt, texts, letters) => {
  expect(findMarkup(prompt, true).map(({ text }) => text)).toEqual(texts);
  expect(findMarkup(prompt, false).map(({ text }) => text)).toEqual(letters);
}); // prettier-ignore

test("each kind says why", () => {
  const kinds = findMarkup("[a|b] <lora:a:1> <lora:a:x> <hypernet:a:1>", true);
  expect(kinds.map(({ kind }) => kind)).toEqual(["change", "network", "network"]);
  expect(findMarkup("(a:2)", false).map(whyIgnored)).toEqual(["is drawn as it is written: weights of words are turned off"]);
}); // prettier-ignore

test("a hostile prompt is looked through quickly, and no more than eight are told", () => {
  for (const weights of [true, false]) {
    for (const piece of ["(", "[", "<lora:", "((", "(a:1", "[a|", "[a|b]", "(:", "\\("]) {
      const begun = performance.now();
      expect(findMarkup(piece.repeat(5_000), weights).length).toBeLessThanOrEqual(8);
      expect(performance.now() - begun, piece).toBeLessThan(1_000);
    }
  }
  expect(findMarkup(Array.from({ length: 50 }, (_, i) => `[a|${i}]`).join(" "), true)).toHaveLength(8);
});

test.each([
  ["a <lora:glow:0.8> cat", [["glow", 0.8, 0.8]], "a  cat"],
  ["<lora:glow>", [["glow", 1, 1]], ""],
  ["<LoRA: my style v1.2 : -.5 >cat", [["my style v1.2", -0.5, -0.5]], "cat"],
  ["<lora:a:0.5:1><lyco:b:2>", [["a", 1, 0.5], ["b", 2, 2]], ""], // prettier-ignore
  ["<lora:a:te=0.2:unet=0.9:dyn=4>", [["a", 0.9, 0.2]], ""],
  ["<lora:a:unet=0.9>", [["a", 0.9, 1]], ""],
  ["<lora:a:1><lora:a:1>", [["a", 1, 1], ["a", 1, 1]], ""], // prettier-ignore
  [
    "<lora:a:strong>, <lora::1>, <lora:a:11>, <lora:a:1e3>, <lora:a:1:>, <hypernet:y:1>, <cat-toy>, < lora:a:1>",
    [],
    undefined,
  ],
  ["<lora:a:1", [], undefined],
  ["<lora:a:1 <lora:b:1>", [["b", 1, 1]], "<lora:a:1 "],
] as const)("the LoRAs of %j", (prompt, expected, rest) => {
  const found = findLoras(prompt);
  expect(found.map(({ name, strength, textStrength }) => [name, strength, textStrength])).toEqual(expected);
  expect(withoutLoras(prompt)).toBe(rest ?? prompt);
  for (const { span } of found) expect(prompt.slice(span.start, span.end)).toMatch(/^<.*>$/);
});

test("hostile tags are read quickly", () => {
  for (const piece of ["<lora:", "<lora:a", "<lora:a:", "<lora:a:1:1:1:1:1:1:1", "<lora:a:te="]) {
    const begun = performance.now();
    findLoras(piece.repeat(4_000));
    expect(performance.now() - begun, piece).toBeLessThan(1_000);
  }
});
