/** The table of settings agrees with the methods that use its rows, and each row has what is made of it. */
import { expect, test } from "vitest";
import { SETTING_OPTIONS } from "../../src-main/cli/settingOptions.ts";
import { actingSettings } from "../../src-main/scene/actingSettings.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { type Problem, readField } from "../../src-main/scene/fields.ts";
import { METHOD_ROWS, METHODS } from "../../src-main/scene/methods.ts";
import { serializeScene } from "../../src-main/scene/parser.ts";
import { contradictions } from "../../src-main/scene/settingChanges.ts";
import { isGuidance, rowOf, SETTING_NAMES } from "../../src-main/scene/settings.ts";

/** All but those that every method has. */
const guidance = SETTING_NAMES.filter((name) => isGuidance(name) && name !== "method" && name !== "overlap");

test("every setting of layout control is used by some method, and methods use no others", () => {
  const used = new Set<string>(METHODS.flatMap((method) => METHOD_ROWS[method].uses));
  expect([...used].toSorted()).toEqual(guidance.toSorted());
});

test.each(SETTING_NAMES)("%s is usually something that its row allows, and has words and an option", (name) => {
  const row = rowOf(name);
  const problems: Problem[] = [];
  const usual = "usual" in row ? row.usual : row.nothing;
  if (usual !== undefined) readField(row, usual, name, problems);
  expect(problems).toEqual([]);
  expect(row.about).toMatch(/\.$/);
  expect(Object.keys(SETTING_OPTIONS)).toContain(row.option?.name);
  // What has a label in the window is explained there, and named in the list of what can be undone.
  expect([row.help, row.undo].every((words) => (words === undefined) === (row.label === undefined))).toBe(true);
});

test("the usual settings do not contradict each other, and a file names each", () => {
  expect(contradictions(DEFAULT_SETTINGS)).toEqual([]);
  const scene = { prompt: "", negativePrompt: "", regions: [], settings: { ...DEFAULT_SETTINGS, karras: false } };
  const file = Object.keys(serializeScene(scene));
  const missing = SETTING_NAMES.filter((name) => !file.includes(name));
  expect(missing.filter((name) => "usual" in rowOf(name))).toEqual([]);
});

test("only what the method and the scheduler use makes a difference", () => {
  const plain = { ...DEFAULT_SETTINGS, guidance: { ...DEFAULT_SETTINGS.guidance, method: "none" as const } };
  const other = { ...plain, guidance: { ...plain.guidance, nu: 3, lossSteps: { start: 2, end: 5 } } };
  expect(actingSettings(other)).toEqual(actingSettings(plain));
  expect(actingSettings({ ...other, guidance: { ...other.guidance, method: "injection" } })).toMatchObject({ nu: 3 });
  const ddim = { ...plain, scheduler: "ddim" as const };
  expect(actingSettings({ ...ddim, karras: true })).toEqual(actingSettings(ddim));
  expect(actingSettings({ ...plain, karras: true })).not.toEqual(actingSettings(plain));
  // Who is in front is asked of the regions, whatever the method: words of a box's own are attended inside it.
  const front = { ...plain, guidance: { ...plain.guidance, overlap: "front" as const } };
  expect(actingSettings(front)).not.toEqual(actingSettings(plain));
  expect(actingSettings({ ...front, guidance: { ...front.guidance, overlap: "share" } })).toEqual(
    actingSettings(plain),
  );
});
