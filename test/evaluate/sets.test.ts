/** Sets of scenes beside the fixed ones, and how pictures of shapes are judged. */
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { drawScene } from "../../tools/evaluate/drawScene.ts";
import { planJobs } from "../../tools/evaluate/jobs.ts";
import { makeScenes } from "../../tools/evaluate/makeScenes.ts";
import { maskScores } from "../../tools/evaluate/maskScore.ts";
import { variantResult } from "../../tools/evaluate/results.ts";
import { captionOf, iou, type IconScene } from "../../tools/evaluate/scene.ts";
import { SCENE_SETS, scenesOf } from "../../tools/evaluate/sceneSets.ts";
import { methodVariant } from "../../tools/evaluate/variants.ts";

test.each(SCENE_SETS)("%s is the same at every call, in the picture, and has all its kinds in the first scenes", (set) => {
  const scenes = scenesOf(set);
  expect(scenesOf(set)).toEqual(scenes);
  expect(scenesOf(set, 5)).not.toEqual(scenes);
  expect(new Set(scenes.map(({ id }) => id)).size).toBe(scenes.length);
  for (const { things } of scenes) {
    for (const { box } of things) {
      expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.x + box.width, box.y + box.height)).toBeLessThanOrEqual(1);
    }
  }
  const kinds = (some: readonly IconScene[]) => new Set(some.map(({ group }) => group));
  expect(kinds(scenes.slice(0, 10))).toEqual(kinds(scenes));
  const fixed = new Set(makeScenes().map(captionOf));
  expect(scenes.filter((scene) => fixed.has(captionOf(scene))).length).toBeLessThan(scenes.length / 10);
}); // prettier-ignore

test("boxes overlap as their kind says, and six things are asked for at most", () => {
  for (const { things, group } of scenesOf("overlap")) {
    const [, least, most] = /IoU (?:([\d.]+) )?to ([\d.]+)/.exec(group!) ?? [];
    const overlap = iou(things[0]!.box, things[1]!.box);
    if (group === "apart") expect(overlap).toBe(0);
    else expect(overlap > Number(least ?? 0) && overlap <= Number(most)).toBe(true);
  }
  expect(Math.max(...scenesOf("things").map(({ things }) => things.length))).toBe(6);
});

test("a scene's own size is the picture's, and things keep their proportions in pixels", () => {
  const scene = scenesOf("sizes").find(({ group }) => group === "256 x 128")!;
  const [job] = planJobs([scene], [methodVariant("ilgd", DEFAULT_SETTINGS, 2)], ["1"], "hash");
  expect(job!.request.scene.settings).toMatchObject({ width: 256, height: 128 });
  for (const { box } of scene.things) {
    const aspect = (box.width * 256) / (box.height * 128);
    expect(aspect).toBeGreaterThan(1 / 1.3);
    expect(aspect).toBeLessThan(1.3);
  }
});

describe("shapes", () => {
  const scenes = scenesOf("shapes");

  test("are given to the model, or their boxes alone, with the same noise", () => {
    const [shaped, boxed] = scenes;
    const [a, b] = planJobs([shaped!, boxed!], [methodVariant("ilgd", DEFAULT_SETTINGS, 2)], ["1"], "hash");
    expect(a!.request.scene.regions[0]!.shape).toEqual({ kind: "ellipse" });
    expect(b!.request.scene.regions[0]).not.toHaveProperty("shape");
    expect(a!.request.seed).toBe(b!.request.seed);
    expect(a!.key).not.toBe(b!.key);
  });

  test("judge a circle in an ellipse as inside, and a square in a triangle as half outside", () => {
    const box = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
    const shape = { kind: "polygon", points: [{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }] } as const; // prettier-ignore
    const scoreOf = (thing: IconScene["things"][number]) => {
      const scene = { background: "white", things: [thing] } as const;
      return maskScores(scene, drawScene(scene, 128, 128))[0]!;
    };
    const circle = scoreOf({ colour: "red", icon: "circle", box, shape: { kind: "ellipse" } });
    expect(circle.iou).toBeGreaterThan(0.97);
    const square = scoreOf({ colour: "blue", icon: "square", box, shape: { ...shape, points: [...shape.points] } });
    expect(square.inside).toBeCloseTo(0.5, 1);
    expect(square.filled).toBeGreaterThan(0.97);
    expect(square.iou).toBeCloseTo(0.5, 1);
  });

  test("results are by kind of scenes, and of things with shapes by their pixels", () => {
    const mask = { inside: 0.5, filled: 1, iou: 0.5 };
    const pictures = scenes.slice(0, 4).map((scene) => ({
      ...{ scene, background: scene.background, detections: [], contrast: 0, saturation: 0, features: [0] },
      masks: scene.things.map(() => mask),
    }));
    const { byGroup } = variantResult("ilgd", pictures, []);
    expect(Object.keys(byGroup!)).toEqual(scenes.slice(0, 4).map(({ group }) => group));
    expect(byGroup!["ellipses"]!.masks!.inside.value).toBe(0.5);
    expect(byGroup!["polygons"]!.iou.value).toBe(0);
    expect(variantResult("ilgd", [{ ...pictures[0]!, scene: makeScenes()[0]! }], [])).not.toHaveProperty("byGroup");
  });
});
