/** What stands on a sheet in words. */
import { expect, test } from "vitest";
import { captionLines, sharedSettings } from "../../src-main/image/sheetText.ts";
import { sampleRecord, sampleScene } from "../support/projects.ts";

test("the foot of a sheet calls scheduler, method and checkpoint as the window does", () => {
  const record = sampleRecord(sampleScene(), "7");
  const { scene } = record;
  const settings = { ...scene.settings, scheduler: "euler-a", spacing: "sgm-uniform", steps: 20 } as const;
  const drawn = { ...record, model: { ...record.model, name: "demo" }, scene: { ...scene, settings } };
  const foot = sharedSettings([drawn, { ...drawn, seed: "77" }]);
  expect(foot).toMatch(/^Demo model · .* · Euler ancestral, SGM uniform · 20 steps · guidance scale .* · iLGD/);
  expect(foot).not.toContain("seed");
  expect(foot.split(" · ")).toHaveLength(7); // nothing of what is as it is anyway
});

test("pictures of one seed are told apart by the alternative beside it", () => {
  const record = { ...sampleRecord(sampleScene(), "7", [0.2, 0.4]), alternative: "red" };
  expect(captionLines(record, ["seed", "score"], "x.png")).toEqual(["Seed 7 · red · obeyed 30 %"]);
  expect(captionLines(record, ["words"], "x.png")).toEqual(["red"]);
  expect(captionLines(record, ["seed", "words"], "x.png")).toEqual(["Seed 7 · red"]);
});
