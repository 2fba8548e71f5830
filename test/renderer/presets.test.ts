/** Presets: what the library says of them may be of another version, or anything. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { EMPTY_DOCUMENT } from "../../src-renderer/state/document.ts";
import { changeSettingsOf } from "../../src-renderer/state/edits.ts";
import { flatSettings } from "../../src-main/scene/flatSettings.ts";
import { MOST_PRESETS, readPresets, readSettings } from "../../src-renderer/state/presets.svelte.ts";

const settings = flatSettings({ ...DEFAULT_SETTINGS, width: 640, steps: 60 });

test("a preset is applied as it was kept, whatever was set before", () => {
  const kept = JSON.parse(JSON.stringify(settings)) as unknown;
  const before = changeSettingsOf({ steps: 7, eta: 3, karras: true })(EMPTY_DOCUMENT);
  const { settings: now } = changeSettingsOf(readSettings(kept)!)(before);
  expect(flatSettings(now)).toEqual(settings);
});

test("a preset of a version that did not have a setting yet has the usual one", () => {
  expect(readSettings({ ...settings, eta: undefined })).toEqual({ ...settings, eta: DEFAULT_SETTINGS.guidance.eta });
});

test("what is none, or has the name of another, is left out; there are never too many", () => {
  const one = { name: "one", settings };
  expect(readPresets([one, { ...one, settings: {} }, { name: " ", settings }, one, null, { name: 3 }])).toEqual([one]);
  const many = Array.from({ length: 300 }, (_, i) => ({ name: `preset ${i}`, settings }));
  expect(readPresets(many)).toHaveLength(MOST_PRESETS);
  fc.assert(fc.property(fc.anything(), (value) => void readPresets(value)));
});

test.each([
  ["a size no checkpoint has", { width: 100_000 }],
  ["a sampler that is not known", { scheduler: "magic" }],
  ["steps past the last one", { steps: 10, lossSteps: { start: 1, end: 25 } }],
])("settings with %s are none", (_, change) => {
  expect(readSettings({ ...settings, ...change })).toBeUndefined();
});
