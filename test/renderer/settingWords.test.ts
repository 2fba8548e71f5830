/** What is said of settings in comparisons and in the history. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Guidance } from "../../src-main/scene/settings.ts";
import { runChange } from "../../src-renderer/state/runChanges.ts";
import { settingWords } from "../../src-renderer/state/words.ts";

const settingsOf = (change: Partial<Guidance>) => ({
  ...DEFAULT_SETTINGS,
  guidance: { ...DEFAULT_SETTINGS.guidance, ...change },
});
const sceneOf = (change: Partial<Guidance>) => {
  return { prompt: "a cat", negativePrompt: "", regions: [], settings: settingsOf(change) };
};

test("settings of a method are said with the method that uses them, the authors' where a scene leaves them out", () => {
  const boxdiff = Object.fromEntries(settingWords(settingsOf({ method: "boxdiff", moveStrength: 7 })));
  expect(boxdiff).toMatchObject({ Method: "BoxDiff", "Move strength": "7", "Move steps": "1–24", Refine: "on" });
  expect(boxdiff).not.toHaveProperty("Loss strength η");
  const ilgd = Object.fromEntries(settingWords(settingsOf({})));
  expect(ilgd).toMatchObject({ "Injection strength ν′": "0.75", "Loss steps": "2–25" });
  expect(ilgd).not.toHaveProperty("Move strength");
});

test("another method is said by its name, and another number of the same by that", () => {
  expect(runChange(sceneOf({}), sceneOf({ method: "boxdiff" }), 1)).toBe("method BoxDiff, 1 seed");
  const before = sceneOf({ method: "boxdiff" });
  expect(runChange(before, sceneOf({ method: "boxdiff", moveStrength: 7 }), 2)).toBe("move strength 7, 2 seeds");
});

test("what asks for nothing is said where settings are compared, and not of a picture alone", () => {
  const settings = { ...DEFAULT_SETTINGS, wholeEvery: 3 };
  const alone = Object.fromEntries(settingWords(settings, false));
  expect(alone).toMatchObject({ "Whole network every": "3", Steps: "50" });
  expect(alone).not.toHaveProperty("Attention in tiles");
  expect(Object.fromEntries(settingWords(settings))).toMatchObject({ "Attention in tiles": "1" });
});
