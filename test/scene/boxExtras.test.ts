/** What a box of a scene file has besides its place: words of its own, words to avoid, a part of the run. */
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { parseScene } from "../../src-main/scene/parser.ts";

describe("what a box has besides", () => {
  const withBox = (extra: object) => ({ prompt: "a cat", boxes: [{ phrase: "cat", box: [0, 0, 1, 1], ...extra }] });
  const region = (extra: object) => parseScene(withBox(extra), DEFAULT_SETTINGS).regions[0]!;

  test("is words, words to avoid and a part of the run", () => {
    const extra = { words: "red", avoid: "text", during: [0.25, 0.5] };
    expect(region(extra)).toMatchObject({ ...extra, during: { start: 0.25, end: 0.5 } });
    expect(region({ during: { start: 0, end: 0.5 } })).toMatchObject({ during: { start: 0, end: 0.5 } });
  });

  test("is left out where it says nothing", () => {
    expect(Object.keys(region({ words: " ", avoid: "", during: [0, 1] }))).toEqual(["id", "box", "spans", "strength"]);
  });

  test.each([
    [{ words: 7 }, "boxes[0].words: expected a text of at most 1000 characters, got 7"],
    [{ avoid: "x".repeat(1_001) }, "boxes[0].avoid: expected a text of at most 1000 characters"],
    [{ during: [0.5, 0.25] }, "boxes[0].during: expected two fractions of the run such as [0, 0.5]"],
    [{ during: [0, 25] }, "boxes[0].during: expected two fractions"],
    [{ during: 0.5 }, "boxes[0].during: expected two fractions"],
    [{ during: { start: 0, end: 1, x: 1 } }, "boxes[0].during.x: unknown field"],
  ])("%j is refused", (extra, message) => {
    expect(() => region(extra)).toThrow(message);
  });
});
