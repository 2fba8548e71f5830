/** What pictures go on from, as changes of the document. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { fromDraft, newBox, sceneOf, toDraft, type Document } from "../../src-renderer/state/document.ts";
import { EMPTY_DOCUMENT } from "../../src-renderer/state/document.ts";
import { runChange } from "../../src-renderer/state/runChanges.ts";
import { settingWords } from "../../src-renderer/state/words.ts";
import {
  areaOf,
  areaWords,
  beginFromNoise,
  changeStart,
  enlarge,
  enlargeBy,
  redrawAll,
  redrawBoxes,
  startWords,
  timesAsLarge,
} from "../../src-renderer/state/startEdits.ts";

const prompt = "a cat and a dog";
const plain = { ...EMPTY_DOCUMENT, prompt };
const place = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
const cat = {
  ...newBox(plain, { box: place, spans: [{ start: 2, end: 5 }] }, "cat"),
  shape: { kind: "ellipse" as const },
};
const started: Document = { ...plain, boxes: [cat], start: { hash: "a".repeat(64), strength: 0.6 } };

test("what a box holds is drawn anew, and stays where it was when the box is moved", () => {
  const anew = redrawBoxes([cat])(started);
  expect(anew.start?.redraw).toEqual({ areas: [{ box: place, shape: { kind: "ellipse" } }], feather: 16 });
  const moved = { ...anew, boxes: [{ ...cat, box: { ...place, x: 0.5 } }] };
  expect(sceneOf(moved).start?.redraw?.areas[0]?.box).toEqual(place);
  expect(areaWords(anew, anew.start!.redraw!.areas)).toBe("cat");
  expect(areaWords(moved, moved.start!.redraw!.areas)).toBe("an area");
  expect(redrawBoxes([])(started)).toBe(started);
  const wider = changeStart({ redraw: { areas: [areaOf(cat)], feather: 40 } })(anew);
  expect(redrawBoxes([cat])(wider).start?.redraw?.feather).toBe(40);
  expect(redrawAll(wider).start).toEqual(started.start);
});

test("it is in drafts and comes back from them", () => {
  const anew = redrawBoxes([cat])(started);
  expect(fromDraft(toDraft(anew)).start).toEqual(anew.start);
  expect("start" in fromDraft(toDraft(plain))).toBe(false);
});

test("begins from noise again, neither from a picture nor as a variation", () => {
  const settings = { ...DEFAULT_SETTINGS, variationOf: "7", variationStrength: 0.2 };
  const plainly = beginFromNoise({ ...started, settings });
  expect(plainly.start).toBeUndefined();
  expect(plainly.settings).toEqual(DEFAULT_SETTINGS);
});

test("is enlarged so many times, as a picture or as a latent", () => {
  const picture = { width: 512, height: 768 };
  const own = { ...started, settings: { ...started.settings, ...picture } };
  expect(timesAsLarge(own, picture)).toBeUndefined();
  for (const factor of [1.5, 2, 2.6]) {
    const larger = enlarge(picture, factor)(own);
    expect(timesAsLarge(larger, picture)).toBe(factor);
    expect(larger.settings).toMatchObject({
      width: Math.round((512 * factor) / 8) * 8,
      height: Math.round((768 * factor) / 8) * 8,
    });
    expect(larger.start).toEqual(own.start);
  }
  // Of one that is cut at its sides, the side that is stretched most.
  expect(timesAsLarge({ settings: { ...own.settings, width: 1024 } }, picture)).toBe(2);
  const latent = enlargeBy("latent")(own);
  expect(latent.start).toEqual({ ...own.start, by: "latent" });
  expect(enlargeBy("picture")(latent).start).toEqual(own.start);
  expect(enlargeBy("latent")(plain)).toBe(plain);
});

test("is said in words", () => {
  const redraw = { areas: [areaOf(cat)], feather: 4 };
  expect(startWords({ strength: 0.6 })).toBe("a picture, strength 0.6");
  expect(startWords({ strength: 1, redraw }, { width: 512, height: 768 })).toBe(
    "a picture of 512 × 768, strength 1, one area drawn anew",
  );
});

test("a run says what it went on from, where that is new", () => {
  const before = sceneOf({ ...plain, boxes: [cat] });
  const told = (after: Document) => runChange(before, sceneOf(after), 1);
  expect(told(started)).toBe("went on from a picture, 1 seed");
  expect(told(redrawBoxes([cat])(started))).toBe("a part drawn anew, 1 seed");
  const varied = {
    ...plain,
    boxes: [cat],
    settings: { ...DEFAULT_SETTINGS, variationOf: "7", variationStrength: 0.2 },
  };
  expect(told(varied)).toBe("variations of seed 7, 1 seed");
  expect(runChange(sceneOf(varied), before, 1)).toBe("began from noise, 1 seed");
  expect(settingWords(varied.settings)).toContainEqual(["Variation", "0.2"]);
});
