/** What was drawn already is found, whatever its boxes are called inside, and nothing else is. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Scene } from "../../src-main/scene/scene.ts";
import { INTERRUPTED } from "../../src-main/api/store.ts";
import { decodePng, encodePng, withTexts } from "../../src-main/image/png.ts";
import { metadataTexts } from "../../src-main/image/metadata.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import {
  sampleDraft,
  samplePixels,
  sampleRecord,
  sampleResult,
  sampleScene,
  temporaryFolder,
} from "../support/projects.ts";

const path = () => join(temporaryFolder(), "a.diorama");

function newProject(file = path()): ProjectFile {
  const project = ProjectFile.create(file, sampleDraft());
  onTestFinished(() => project.close());
  return project;
}

/** A project in which these seeds were drawn. */
function drawn(seeds: string[], scene: Scene = sampleScene()) {
  const project = newProject();
  const run = project.results.beginRun(scene, "demo", seeds.length, { seeds: seeds.join(",") });
  const ids = seeds.map((seed) => project.results.addResult(sampleResult(run.id, seed, scene)).id);
  project.results.endRun(run.id, "done", null);
  const find = (seeds: string[], change: object = {}) =>
    project.results.drawn.find({ scene, seeds, model: "demo", provider: "cpu", ...change });
  return { project, results: project.results, ids, find, run };
}

const plain = (seeds: string[]) => seeds.map((seed) => ({ seed, alternative: null }));

test("the seeds of one scene are found in the order asked for, the newest picture of each", () => {
  const { results, ids, find } = drawn(["5", "18446744073709551615"]);
  expect(find(["18446744073709551615", "6", "5"])).toEqual([
    { id: ids[1], seed: "18446744073709551615", state: "kept", alternative: null },
    { id: ids[0], seed: "5", state: "kept", alternative: null },
  ]);
  const later = results.beginRun(sampleScene(), "demo", 1, { seeds: "5" });
  const again = results.addResult(sampleResult(later.id, "5"));
  expect(find(["5"])).toMatchObject([{ id: again.id }]);
});

test("boxes that are called otherwise inside make the same picture; another place, setting, checkpoint or device does not", () => {
  const { find } = drawn(["5"], sampleScene("a cat on a mat", ["one", "two"]));
  const scene = sampleScene("a cat on a mat", ["three", "four"]);
  expect(find(["5"], { scene })).toHaveLength(1);
  const [first, ...rest] = scene.regions;
  const moved = { ...scene, regions: [{ ...first!, box: { ...first!.box, x: 0.11 } }, ...rest] };
  expect(find(["5"], { scene: moved })).toEqual([]);
  expect(find(["5"], { scene: { ...scene, settings: { ...scene.settings, steps: 5 } } })).toEqual([]);
  expect(find(["5"], { scene: { ...scene, negativePrompt: "" } })).toEqual([]);
  expect(find(["5"], { model: "another" })).toEqual([]);
  expect(find(["5"], { provider: "cuda" })).toEqual([]);
});

test("what is in the bin may be drawn again; what was rejected is known", () => {
  const { results, ids, find } = drawn(["5", "6"]);
  results.markResults([ids[0]!], undefined, "rejected");
  results.markResults([ids[1]!], undefined, "binned");
  expect(find(["5", "6"])).toEqual([{ id: ids[0], seed: "5", state: "rejected", alternative: null }]);
});

test("a picture that the project has is found by what it shows, also packed otherwise, and is not taken in again", () => {
  const { results, ids } = drawn(["5"]);
  const folder = temporaryFolder();
  const file = join(folder, "exported.png");
  writeFileSync(file, results.readPicture(ids[0]!, "full"));
  expect(importPicture(results, file)).toMatchObject({ known: true, id: ids[0] });
  const { pixels } = decodePng(results.readPicture(ids[0]!, "full"));
  const texts = metadataTexts(sampleRecord(sampleScene(), "5"));
  const packed = join(folder, "packed.png");
  writeFileSync(packed, withTexts(encodePng(pixels), [...texts, { keyword: "Comment", text: "mine" }]));
  expect(importPicture(results, packed)).toMatchObject({ known: true, id: ids[0] });
  const painted = join(folder, "painted.png");
  writeFileSync(painted, withTexts(encodePng(samplePixels(9)), texts));
  expect(importPicture(results, painted)).toMatchObject({ known: false, seed: "5" });
  expect(results.listRuns({ offset: 0, limit: 9 }).total).toBe(2);
});

test("the seeds that a run owes are those asked for and not drawn, by it or by a later run of its scene", () => {
  const { results } = newProject();
  const run = results.beginRun(sampleScene(), "demo", 5, { seeds: "1-4,9" });
  results.addResult(sampleResult(run.id, "2"));
  expect(results.readRun(run.id).missing).toEqual([]); // it goes on
  results.endRun(run.id, "cancelled", null);
  expect(results.readRun(run.id).missing).toEqual(plain(["1", "3", "4", "9"]));
  const later = results.beginRun(sampleScene(), "demo", 1, { seeds: "3" });
  results.addResult(sampleResult(later.id, "3"));
  results.endRun(later.id, "done", null);
  expect(results.readRun(run.id).missing).toEqual(plain(["1", "4", "9"]));
  const old = results.beginRun(sampleScene("fog", []), "demo", 2);
  results.endRun(old.id, "cancelled", null);
  expect(results.readRun(old.id).missing).toEqual([]); // its seeds were not noted
});

test("of a prompt with alternatives each picture is known by its words, and only what is not there is owed", () => {
  const { results } = newProject();
  const scene = sampleScene("a {red|blue} house", []);
  const run = results.beginRun(scene, "demo", 4, { seeds: "1,2" });
  const draw = (seed: string, alternative: string) => {
    const sample = sampleResult(run.id, seed, scene);
    return results.addResult({ ...sample, record: { ...sample.record, alternative } }).id;
  };
  const red = draw("1", "red");
  const blue = draw("2", "blue");
  results.endRun(run.id, "cancelled", null);
  expect(results.readRun(run.id).missing).toEqual([
    { seed: "1", alternative: "blue" },
    { seed: "2", alternative: "red" },
  ]);
  const query = { scene, seeds: ["1", "2", "3"], model: "demo", provider: "cpu" as const };
  expect(results.drawn.find(query)).toEqual([
    { id: red, seed: "1", state: "kept", alternative: "red" },
    { id: blue, seed: "2", state: "kept", alternative: "blue" },
  ]);
});

test("a run that was cut off says so when the project is opened again, and what it owes", () => {
  const file = path();
  const project = ProjectFile.create(file, sampleDraft());
  const run = project.results.beginRun(sampleScene(), "demo", 3, { seeds: "1-3" });
  project.results.addResult(sampleResult(run.id, "1"));
  project.close(); // in the middle of it
  const again = ProjectFile.open(file);
  onTestFinished(() => again.close());
  expect(again.results.readRun(run.id)).toMatchObject({
    outcome: "cancelled",
    message: INTERRUPTED,
    missing: plain(["2", "3"]),
  });
});

test("a small picture has 128 pixels on its shorter side, and a smaller one stays as it is", () => {
  const scene = sampleScene();
  const { results } = newProject();
  const run = results.beginRun(scene, "demo", 2);
  const sizeOf = (seed: string, width: number, height: number) => {
    const sample = { ...sampleResult(run.id, seed, scene), pixels: samplePixels(7, width, height) };
    const { pixels } = decodePng(results.readPicture(results.addResult(sample).id, "small"));
    return [pixels.width, pixels.height];
  };
  expect(sizeOf("5", 512, 384)).toEqual([171, 128]);
  expect(sizeOf("6", 64, 48)).toEqual([64, 48]);
});
