import { expect, test } from "vitest";
import { findLoras, findMarkup, withoutLoras } from "../../src-main/api/promptMarkup.ts";

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
