import { expect, test } from "vitest";
import type { SceneWarning } from "@api/engine.ts";
import { EMPTY_DOCUMENT } from "../../src-renderer/state/document.ts";
import { warningsOf } from "../../src-renderer/state/warnings.ts";
import { settingWords } from "../../src-renderer/state/words.ts";

test("instructions of other programs in a prompt are told in words", () => {
  const warnings: SceneWarning[] = [
    { kind: "markup-ignored", markup: { kind: "weight", text: "(red:1.3)" }, where: "prompt" },
    { kind: "markup-ignored", markup: { kind: "network", text: "<lora:glow:0.8>" }, where: "prompt" },
    { kind: "markup-ignored", markup: { kind: "weight", text: "[ugly]" }, where: "negativePrompt" },
    { kind: "spacing-ignored", scheduler: "ddim", spacing: "karras" }, // its choice is not shown
  ];
  const told = warningsOf({ ...EMPTY_DOCUMENT, prompt: "x" }, { warnings, estimatedBytes: 1 });
  expect(told.map(({ text }) => text)).toEqual([
    "“(red:1.3)” is drawn as it is written: weights of words are turned off.",
    "“<lora:glow:0.8>” is drawn as it is written: networks of this kind are not loaded.",
    "“[ugly]” in “Leave out” is drawn as it is written: weights of words are turned off.",
  ]);
});

test("boxes without words are told of together", () => {
  const place = { x: 0, y: 0, width: 0.5, height: 0.5 };
  const look = { name: "", color: 0, locked: false, hidden: false };
  const box = (id: string) => ({ id, box: place, spans: [], strength: 1, ...look });
  const told = (ids: string[]) => warningsOf({ ...EMPTY_DOCUMENT, prompt: "x", boxes: ids.map(box) }, undefined);
  const [one, ...others] = told(["a"]);
  expect(others).toEqual([]);
  expect(one?.text).toMatch(/^“Box 1” has no words and will be left out/);
  expect(one?.boxes).toEqual(["a"]);
  const [all, ...more] = told(["a", "b", "c"]);
  expect(more).toEqual([]);
  expect(all?.text).toMatch(/^3 boxes have no words and will be left out/);
  expect(all?.boxes).toEqual(["a", "b", "c"]);
});

test("the method None says that a box's own words still act, and of which boxes", () => {
  const box = { x: 0, y: 0, width: 0.5, height: 0.5 };
  const { settings } = EMPTY_DOCUMENT;
  const none = { ...settings, guidance: { ...settings.guidance, method: "none" } } as const;
  const look = { name: "", color: 0, locked: false, hidden: false, strength: 1, box, spans: [{ start: 0, end: 1 }] };
  const told = (words: string) =>
    warningsOf(
      {
        ...EMPTY_DOCUMENT,
        prompt: "x",
        settings: none,
        boxes: [
          { id: "a", ...look, words },
          { id: "b", ...look },
        ],
      },
      undefined,
    ).find(({ key }) => key === "no-method");
  expect(told("")).toMatchObject({ text: "The method is “None”: things are not drawn into their boxes.", boxes: [] });
  expect(told("of glass")?.text).toMatch(/boxes\. What stands under “Also here” and “Not here” still acts\.$/);
  expect(told("of glass")?.boxes).toEqual(["a"]);
});

test.each([
  ["ddim", "DDIM"],
  ["pndm", "PNDM"],
  ["lms", "LMS, Karras"],
] as const)("the settings of %s in words are %j when Karras' spacing is chosen", (scheduler, words) => {
  const settings = { ...EMPTY_DOCUMENT.settings, scheduler, karras: true };
  expect(Object.fromEntries(settingWords(settings))["Scheduler"]).toBe(words);
});
