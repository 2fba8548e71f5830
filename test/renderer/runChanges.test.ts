/** What is new in a run, in words. */
import { expect, test } from "vitest";
import { EMPTY_DOCUMENT, sceneOf } from "../../src-renderer/state/document.ts";
import { addBox, changeSettingsOf, moveBoxes, removeBoxes, setPrompt } from "../../src-renderer/state/edits.ts";
import { runChange } from "../../src-renderer/state/runChanges.ts";

const prompt = "a yellow moon over a sea";
const document = addBox("moon", { x: 0.1, y: 0.1, width: 0.3, height: 0.3 }, [{ start: 2, end: 13 }])({
  ...EMPTY_DOCUMENT,
  prompt,
});
const scene = sceneOf(document);

test("a run says what is new beside the one before it, and how many seeds", () => {
  const after = (edit: (now: typeof document) => typeof document) => runChange(scene, sceneOf(edit(document)), 3);
  expect(runChange(undefined, scene, 1)).toBe("first run, 1 seed");
  expect(runChange(scene, scene, 3)).toBe("the same scene, 3 seeds");
  expect(after(moveBoxes(["moon"], 0.2, 0))).toBe("moved yellow moon, 3 seeds");
  expect(after(removeBoxes(["moon"]))).toBe("removed yellow moon, 3 seeds");
  expect(after(setPrompt(`${prompt} at night`))).toBe("another prompt, 3 seeds");
  expect(after((now) => changeSettingsOf({ guidanceScale: 9 })(moveBoxes(["moon"], 0.2, 0)(now)))).toBe(
    "moved yellow moon, guidance scale 9, 3 seeds",
  );
});

test("with alternatives pictures are counted, of so many prompts", () => {
  const scene = sceneOf({ ...EMPTY_DOCUMENT, prompt: "a {red|blue} moon" });
  expect(runChange(undefined, scene, 6)).toBe("first run, 6 pictures of 2 prompts");
});

test("a number behind words that are read from the right stays behind them", () => {
  const arabic = "قمر أصفر فوق بحر";
  const one = addBox("moon", { x: 0.1, y: 0.1, width: 0.3, height: 0.3 }, [{ start: 0, end: 8 }])({
    ...EMPTY_DOCUMENT,
    prompt: arabic,
  });
  expect(runChange(sceneOf(one), sceneOf(moveBoxes(["moon"], 0.2, 0)(one)), 3)).toBe(
    "moved \u2068قمر أصفر\u2069, 3 seeds",
  );
});

test("LoRAs are written as ever in the middle of a sentence", () => {
  const ink = { ...scene, settings: { ...scene.settings, loras: [{ name: "ink", strength: 0.5, on: true }] } };
  expect(runChange(scene, ink, 2)).toBe("LoRAs ink 0.5, 2 seeds");
});
