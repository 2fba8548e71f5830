import fc from "fast-check";
import { describe, expect, test } from "vitest";
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
