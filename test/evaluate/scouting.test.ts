/** What scouting is worth, counted by hand on three seeds of one scene. */
import { expect, test } from "vitest";
import { figuresOf, scoutingReport, waysOf, type ScoutedPicture } from "../../tools/evaluate/scoutingFigures.ts";
import type { IconScene } from "../../tools/evaluate/scene.ts";

const box = { x: 0.1, y: 0.1, width: 0.4, height: 0.4 };
const scene: IconScene = { id: "1", background: "white", things: [{ colour: "red", icon: "circle", box }] };

/** Drawn in four steps of a second, and one of decoding; its thing is in its box or far from it. */
function picture(seed: number, course: number[], isRight: boolean): ScoutedPicture {
  const found = isRight ? box : { ...box, x: 0.6, y: 0.6 };
  const detections = [{ colour: "red", icon: "circle", box: found, confidence: 0.9 }] as const;
  return { scene: "1", seed, course, times: [1, 2, 3, 4], seconds: 5, guided: 2, detections: [...detections] };
}

const pictures = [
  picture(1, [0.1, 0.2, 0.2, 0.9], false),
  picture(2, [0.2, 0.8, 0.8, 0.8], true),
  picture(3, [0.9, 0.5, 0.5, 0.5], false),
];

test("each way delivers its pictures and pays for what it draws", () => {
  const ways = waysOf(3, 1, pictures[0]!).map((way) => figuresOf(way, [pictures], () => scene));
  expect(ways.map(({ name, right, hit, seconds }) => [name, right.value, hit.value, seconds.value])).toEqual([
    ["1 seeds drawn", 1 / 3, 1 / 3, 5],
    // A second of drawing and one of decoding for each, and four more for the best of then, which is wrong.
    ["3 scouted to step 1, the best 1 finished", 0, 0, 10],
    ["3 scouted to step 2, the best 1 finished", 1, 1, 12],
    ["3 drawn, the best 1 kept", 0, 0, 15],
    ["3 drawn, all kept", 1 / 3, 1, 15],
  ]);
});

test("a way whose step was not noted in some scenes is told of the others alone, beside all ways there", () => {
  const other = pictures.map((one) => ({ ...one, scene: "2", course: [null, ...one.course.slice(1)] }));
  const report = scoutingReport([pictures, other], (id) => ({ ...scene, id }), 1);
  const [all, part] = report.split("Every step noted:");
  expect(all).toMatch(/^2 scenes/);
  expect(all).toContain("| 3 scouted to step 2, the best 1 finished | 100.0% (100 to 100)");
  expect(all).not.toContain("to step 1");
  expect(part).toContain("1 scenes");
  expect(part).toContain("| 3 scouted to step 1, the best 1 finished | 0.0% (0 to 0)");
  expect(part).toMatch(/\| 10\.0 \| 2\.0 \|/);
});

test("the report has a row of each; without a whole scene it says so", () => {
  expect(scoutingReport([pictures], () => scene, 1)).toContain("| 3 scouted to step 2, the best 1 finished | 100.0%");
  expect(scoutingReport([], () => scene, 1)).toBe("No scene has all its pictures yet.\n");
});
