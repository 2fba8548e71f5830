import { expect, test } from "vitest";
import { EMPTY_DOCUMENT, fromDraft, sceneToDraw, toDraft } from "../../src-renderer/state/document.ts";
import { addLora, addWords, changeLora, lorasIn, removeLora } from "../../src-renderer/state/loraEdits.ts";
import { settingWords } from "../../src-renderer/state/words.ts";

const ink = { name: "ink", hash: "a".repeat(64) };
const styled = addLora(ink)({ ...EMPTY_DOCUMENT, prompt: "a cat" });

test("a LoRA is added once, on and at strength 1; again it is switched on", () => {
  expect(lorasIn(styled)).toEqual([{ ...ink, strength: 1, on: true }]);
  expect(addLora(ink)(styled)).toBe(styled);
  const off = changeLora(0, { on: false })(styled);
  expect(lorasIn(addLora(ink)(off))).toEqual(lorasIn(styled));
  expect(lorasIn(addLora({ name: "ink", hash: "b".repeat(64) })(styled))).toHaveLength(2);
});

test("its strength stays from -2 to 2, and what changes nothing is no step of undo", () => {
  expect(lorasIn(changeLora(0, { strength: 7 })(styled))[0]!.strength).toBe(2);
  expect(lorasIn(changeLora(0, { strength: -7 })(styled))[0]!.strength).toBe(-2);
  expect(changeLora(0, { strength: 1 })(styled)).toBe(styled);
  expect(changeLora(5, { strength: 0 })(styled)).toBe(styled);
});

test("the last one that is removed leaves a document as one without LoRAs", () => {
  expect(removeLora(0)(styled).settings).toEqual(EMPTY_DOCUMENT.settings);
  expect(removeLora(3)(styled)).toBe(styled);
});

test("its words come to the end of the prompt, once", () => {
  expect(addWords(["inkstyle"])(styled).prompt).toBe("a cat, inkstyle");
  expect(addWords(["a Cat"])(styled)).toBe(styled);
  expect(addWords(["x", "y"])({ ...styled, prompt: "" }).prompt).toBe("x, y");
  expect(addWords(["x"])({ ...styled, prompt: "a cat, " }).prompt).toBe("a cat, x");
});

test("it is part of the draft, of what is drawn, and of the settings in words", () => {
  expect(lorasIn(fromDraft(toDraft(styled)))).toEqual(lorasIn(styled));
  expect(sceneToDraw(styled).settings.loras).toEqual(lorasIn(styled));
  expect(settingWords(changeLora(0, { strength: 0.8 })(styled).settings)).toContainEqual(["LoRAs", "ink 0.8"]);
});
