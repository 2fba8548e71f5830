import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBoxes, writeBoxes } from "../../src-renderer/state/clipboard.ts";
import { newBox } from "../../src-renderer/state/document.ts";
import { followEdits, segments, textEdit, wordsAt } from "../../src-renderer/state/spans.ts";

/** The words that a phrase marked with brackets has after the text became another. */
function follow(marked: string, after: string, caret?: number): string | undefined {
  const start = marked.indexOf("[");
  const end = marked.indexOf("]") - 1;
  const before = marked.replace("[", "").replace("]", "");
  const [span] = followEdits([{ start, end }], textEdit(before, after, caret), after);
  return span && after.slice(span.start, span.end);
}

describe("a phrase follows the text:", () => {
  test.each([
    ["words in front of it move it", "a [cat] sits", "a big cat sits", "cat"],
    ["words behind it leave it", "a [cat] sits", "a cat slowly sits", "cat"],
    ["letters right behind it belong to it", "a [cat] sits", "a cats sits", "cats"],
    ["a comma right behind it does not", "a [cat] sits", "a cat, sits", "cat"],
    ["typing inside makes it longer", "a [red cat]", "a red fat cat", "red fat cat"],
    ["deleting inside makes it shorter", "a [red fat cat]", "a red cat", "red cat"],
    ["replacing its words keeps it", "a [cat] sits", "a dog sits", "dog"],
    ["deleting one end keeps the other", "a [red cat] sits", "a cat sits", "cat"],
    ["deleting its words ends it", "a [cat] sits", "a sits", undefined],
    ["deleting everything ends it", "a [cat] sits", "", undefined],
    ["Japanese right behind it does not belong to it", "大きな[赤い猫]", "大きな赤い猫と犬", "赤い猫"],
    ["nor inside a sentence", "[赤い猫]と青い犬", "赤い猫たちと青い犬", "赤い猫"],
    ["nor Thai", "[แมว]", "แมวสีแดง", "แมว"],
    ["but a mark on its last letter does", "[แมว]", "แมว่", "แมว่"],
    ["Chinese behind a Latin word does not", "我的[dog]", "我的dog是", "dog"],
    ["Latin letters behind a Latin word do", "我的[dog]是", "我的dogs是", "dogs"],
    ["an accent in its decomposed form belongs to its letter", "a [cafe]", "a cafe\u0301", "cafe\u0301"],
    ["letters behind an emoji do not belong to it", "a [🐈]", "a 🐈s", "🐈"],
    ["Japanese inside makes it longer", "[赤い猫]と", "赤い大きな猫と", "赤い大きな猫"],
  ])("%s", (_name, marked, after, expected) => {
    expect(follow(marked, after)).toBe(expected);
  });
});

test("the caret tells which of two equal words was typed", () => {
  expect(textEdit("cat", "cat cat", 4)).toEqual({ start: 0, removed: 0, inserted: "cat " });
  expect(textEdit("cat", "cat cat", 7)).toEqual({ start: 3, removed: 0, inserted: " cat" });
});

test("an edit makes the one text of the other", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(20), (before, after, caret) => {
      const { start, removed, inserted } = textEdit(before, after, caret);
      expect(before.slice(0, start) + inserted + before.slice(start + removed)).toBe(after);
    }),
  );
});

test("spans stay inside the text, in order, apart and without blanks at their ends", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 20 });
  const range = fc.tuple(fc.nat(20), fc.nat(20));
  fc.assert(
    fc.property(text, text, fc.array(range, { maxLength: 4 }), fc.nat(20), (before, after, ranges, caret) => {
      const spans = ranges
        .map(([a, b]) => ({ start: Math.min(a, b, before.length), end: Math.min(Math.max(a, b), before.length) }))
        .filter(({ start, end }) => start < end);
      let last = 0;
      for (const { start, end } of followEdits(spans, textEdit(before, after, caret), after)) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        expect(after.slice(start, end)).toBe(after.slice(start, end).trim());
        expect(end).toBeLessThanOrEqual(after.length);
        last = end;
      }
    }),
  );
});

test.each([
  ["a caret in a word means the word", { start: 7, end: 7 }, "circle"],
  ["half a word means all of it", { start: 3, end: 8 }, "red circle"],
  ["blanks around are left out", { start: 1, end: 6 }, "red"],
  ["a caret in no word means nothing", { start: 12, end: 12 }, undefined],
])("%s", (_name, selection, expected) => {
  const text = "a red circle  here";
  const span = wordsAt(text, selection.start === 12 ? { start: 13, end: 13 } : selection);
  expect(span && text.slice(span.start, span.end)).toBe(expected);
});

test.each([
  ["marked Japanese is what was marked", "大きな赤い猫と青い犬", "赤い猫", "赤い猫"],
  ["also where the dictionary divides elsewhere", "大きな赤い猫と青い犬", "い猫と", "い猫と"],
  ["marked Chinese", "一只红色的猫和狗", "红色的猫", "红色的猫"],
  ["marked Thai", "แมวสีแดงและสุนัขสีน้ำเงิน", "แมวสีแดง", "แมวสีแดง"],
  ["but never half a character", "แมวน้ำดำ", "แมวน้", "แมวน้ำ"],
  ["half a Latin word inside Chinese is all of it, and no more", "我的dog是黑色的", "do", "dog"],
  ["letters beyond the first plane are letters", "a 𝒄𝒂𝒕 sits", "𝒂", "𝒄𝒂𝒕"],
])("%s", (_name, text, marked, expected) => {
  const start = text.indexOf(marked);
  const span = wordsAt(text, { start, end: start + marked.length });
  expect(span && text.slice(span.start, span.end)).toBe(expected);
});

test.each([
  ["大きな赤い猫と青い犬", 6, "と"],
  ["大きな赤い猫と青い犬", 8, "青い"],
  ["大きな赤い猫", 6, "猫"],
  ["我的dog是黑色的", 3, "dog"],
  ["a cat", 5, "cat"],
])("a caret in %j at %i means %j", (text, at, expected) => {
  const span = wordsAt(text, { start: at, end: at });
  expect(span && text.slice(span.start, span.end)).toBe(expected);
});

test("a selection from a longer text is cut to this one", () => {
  expect(wordsAt("a cat", { start: 2, end: 90 })).toEqual({ start: 2, end: 5 });
  expect(wordsAt("a cat", { start: 80, end: 90 })).toEqual({ start: 2, end: 5 });
  expect(wordsAt("", { start: 3, end: 9 })).toBeUndefined();
});

test.each(["大きな赤い猫と青い犬", "我的dog是黑色的", "แมวสีแดงและสุนัข", "a cafe\u0301 ❤\ufe0f"])(
  "boxes copied and pasted are tied to the same words of %j, whatever was marked",
  (prompt) => {
    for (let start = 0; start < prompt.length; start++) {
      for (let end = start + 1; end <= prompt.length; end++) {
        const span = wordsAt(prompt, { start, end });
        if (!span) continue;
        const box = newBox(
          { prompt: "", boxes: [] },
          { box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [span] },
          "a",
        );
        const [pasted] = readBoxes(writeBoxes([box], prompt), prompt)!.boxes;
        expect(pasted!.spans).toEqual([span]);
        const elsewhere = readBoxes(writeBoxes([box], prompt), `new, ${prompt}`)!.boxes[0]!.spans;
        expect(elsewhere.map((one) => `new, ${prompt}`.slice(one.start, one.end))).toEqual([
          prompt.slice(span.start, span.end),
        ]);
      }
    }
  },
);

test("a text is cut where spans begin and end, and every part knows its spans", () => {
  const parts = segments("a red cat", [
    { start: 2, end: 9 },
    { start: 6, end: 9 },
  ]);
  expect(parts.map(({ start, end, covers }) => ["a red cat".slice(start, end), ...covers])).toEqual([
    ["a "],
    ["red ", 0],
    ["cat", 0, 1],
  ]);
});
