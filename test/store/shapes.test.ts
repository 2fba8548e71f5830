/** Regions that are no boxes, and the order that wins, in all that keeps a scene: projects, versions, runs, pictures and their texts. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { expect, onTestFinished, test } from "vitest";
import type { RunRecord } from "../../src-main/api/engine.ts";
import { storedSceneSchema } from "../../src-main/api/sceneMessages.ts";
import { sceneFromInfotext } from "../../src-main/image/infotextScene.ts";
import { writeInfotext } from "../../src-main/image/infotext.ts";
import { LONGEST_RECORD, metadataTexts, readMetadata } from "../../src-main/image/metadata.ts";
import { encodePng } from "../../src-main/image/png.ts";
import { readSheetRecords, writeSheetRecords } from "../../src-main/image/sheetRecords.ts";
import { expandScene } from "../../src-main/scene/alternatives.ts";
import { parseSceneText, serializeScene } from "../../src-main/scene/parser.ts";
import type { Region, Scene } from "../../src-main/scene/scene.ts";
import { paintedOf, type RegionShape } from "../../src-main/scene/shapes.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { newProject, sampleDraft, samplePixels, sampleRecord, sampleResult, sampleScene, temporaryFolder } from "../support/projects.ts"; // prettier-ignore

const SHAPES: RegionShape[] = [
  { kind: "ellipse" },
  { kind: "polygon", points: [{ x: 0, y: 0.1 }, { x: 1 / 3, y: 0.7000000000000001 }, { x: 1, y: 1 }] },
  { kind: "painted", width: 5, height: 3, cells: "2 3 1 8 1" },
]; // prettier-ignore

function shapedScene(): Scene {
  const plain = sampleScene("a cat on a mat", ["one", "two", "three"]);
  const guidance = { ...plain.settings.guidance, overlap: "front" as const };
  const regions = plain.regions.map((region, i): Region => ({ ...region, shape: SHAPES[i]! }));
  return { ...plain, regions, settings: { ...plain.settings, guidance } };
}

function recordOf(scene: Scene): RunRecord {
  const tokens = Object.fromEntries(scene.regions.map(({ id }) => [id, [2]]));
  const obedience = scene.regions.map((_, i) => i / 100);
  return { ...sampleRecord(scene, "5", obedience), tokens };
}

const resultOf = (runId: number, scene: Scene) => ({ ...sampleResult(runId, "5", scene), record: recordOf(scene) });

test("a project keeps them in its draft, its versions and its results, closed and opened again", () => {
  const project = newProject();
  const draft = { ...sampleDraft(), scene: shapedScene() };
  project.saveDraft(draft);
  const version = project.nameVersion("shapes");
  project.saveDraft(sampleDraft());
  const run = project.results.beginRun(draft.scene, "demo", 1, { seeds: "5" });
  const { id } = project.results.addResult(resultOf(run.id, draft.scene));
  project.close();
  const again = ProjectFile.open(project.path);
  onTestFinished(() => again.close());
  expect(again.verify()).toEqual([]);
  expect(again.readVersion(version.id).draft).toEqual(draft);
  expect(again.restoreVersion(version.id).draft).toEqual(draft);
  expect(again.results.readResult(id).record.scene).toEqual(draft.scene);
});

test("a picture's own record brings them back, and so does its text for other programs alone", () => {
  const scene = shapedScene();
  const record = recordOf(scene);
  expect(readMetadata(encodePng(samplePixels(), metadataTexts(record)))).toEqual({ kind: "record", record });
  const { notes, scene: read } = sceneFromInfotext(writeInfotext(record));
  expect(notes).toEqual([]);
  expect(read).toEqual(scene);
  const path = join(temporaryFolder(), "picture.png");
  writeFileSync(path, encodePng(samplePixels(), metadataTexts(record)));
  const project = newProject();
  const picture = importPicture(project.results, path);
  expect(project.results.readResult(picture.id).record.scene).toEqual(scene);
  expect(readSheetRecords(writeSheetRecords([record])!)).toEqual([record]);
});

test("a scene file brings them back, and each of a prompt's alternatives has them", () => {
  const scene = shapedScene();
  expect(parseSceneText(JSON.stringify(serializeScene(scene)), sampleScene().settings).scene).toEqual(scene);
  const two = expandScene({ ...scene, prompt: "a cat on a {mat|rug}" });
  expect(two.map((one) => one.scene.regions.map(({ shape }) => shape))).toEqual([SHAPES, SHAPES]);
});

test("another shape, and another order that wins, is another picture", () => {
  const project = newProject();
  const scene = shapedScene();
  const run = project.results.beginRun(scene, "demo", 1, { seeds: "5" });
  project.results.addResult(resultOf(run.id, scene));
  const find = (one: Scene) => project.results.drawn.find({ scene: one, seeds: ["5"], model: "demo", provider: "cpu" });
  expect(find(scene)).toHaveLength(1);
  const [first, ...rest] = scene.regions;
  const box = { ...first! };
  delete box.shape;
  expect(find({ ...scene, regions: [box, ...rest] })).toEqual([]);
  expect(find({ ...scene, regions: [{ ...first!, shape: SHAPES[1]! }, ...rest] })).toEqual([]);
  const guidance = { ...scene.settings.guidance, overlap: "share" as const };
  expect(find({ ...scene, settings: { ...scene.settings, guidance } })).toEqual([]);
});

test("as many regions as can be, painted as finely as can be, fit into a picture", () => {
  const cells = (odd: number) => Uint8Array.from({ length: 256 * 256 }, (_, i) => (i + Math.floor(i / 256) + odd) % 2);
  const plain = sampleScene(
    "a cat on a mat",
    Array.from({ length: 64 }, (_, i) => `region ${i}`),
  );
  const regions = plain.regions.map((region, i): Region => {
    return { ...region, shape: paintedOf({ width: 256, height: 256, set: cells(i % 2) })! };
  });
  const record = recordOf({ ...plain, regions });
  const texts = metadataTexts(record);
  expect(Math.max(...texts.map(({ text }) => text.length))).toBeLessThan(LONGEST_RECORD);
  expect(readMetadata(encodePng(samplePixels(), texts))).toEqual({ kind: "record", record });
});

test("scenes of before have no shapes and share what overlaps; a bad shape in a project is refused by its place", () => {
  const before = sampleScene();
  expect(v.parse(storedSceneSchema, before)).toEqual(before);
  const [region] = before.regions;
  const broken = { ...before, regions: [{ ...region!, shape: { kind: "painted", width: 2, height: 1, cells: "9" } }] };
  const { issues } = v.safeParse(storedSceneSchema, broken);
  expect(issues).toHaveLength(1);
  expect(v.getDotPath(issues![0])).toBe("regions.0.shape.cells");
  expect(issues![0].message).toBe("the runs have 9 cells, and 2 × 1 are 2");
});
