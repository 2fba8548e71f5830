/** Pictures that scenes go on from are in the project as long as something refers to them, wherever the project goes. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pixelHash } from "../../src-main/image/pixelHash.ts";
import { decodePng, encodePng } from "../../src-main/image/png.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import {
  newProject,
  reopened,
  sampleDraft,
  samplePixels,
  sampleResult,
  sampleScene,
  temporaryFolder,
  tickingClock,
} from "../support/projects.ts";

const from = (hash: string): Scene => ({ ...sampleScene(), start: { hash, strength: 0.6 } });

test("a result's picture is kept by its pixels, once, and goes on though the result is deleted", () => {
  const project = newProject();
  const { results } = project;
  const run = results.beginRun(sampleScene(), "demo", 1);
  const { id } = results.addResult(sampleResult(run.id, "1"));
  results.endRun(run.id, "done", null);
  const start = results.starts.keep(results.readPicture(id, "full"));
  const pixels = samplePixels();
  expect(start).toEqual({ hash: pixelHash(pixels), width: 64, height: 48 });
  expect(results.starts.keep(encodePng(pixels))).toEqual(start);
  results.beginRun(from(start.hash), "demo", 1, { origin: { run: run.id, result: id, how: "picture" } });
  results.markResults([id], undefined, "binned");
  results.emptyBin();
  const again = reopened(project).results;
  expect(() => again.readResult(id)).toThrow("no longer in the project");
  expect(again.starts.read(start.hash)).toEqual(pixels);
  expect(again.starts.info(start.hash)).toEqual(start);
  expect(again.starts.info("0".repeat(64))).toBeNull();
  expect(decodePng(again.starts.thumbnail(start.hash)!).pixels).toMatchObject({ width: 64, height: 48 });
});

describe("is kept as long as something refers to it:", () => {
  const keptBy = (refer: (project: ProjectFile, hash: string) => void) => {
    const project = newProject();
    const { hash } = project.results.starts.keep(encodePng(samplePixels()));
    refer(project, hash);
    return reopened(project).results.starts.read(hash) !== null;
  };

  test("a run, the draft, a version", () => {
    expect(keptBy(({ results }, hash) => void results.beginRun(from(hash), "demo", 1))).toBe(true);
    expect(keptBy((project, hash) => void project.saveDraft({ ...sampleDraft(), scene: from(hash) }))).toBe(true);
    const version = (project: ProjectFile, hash: string) => {
      project.saveDraft({ ...sampleDraft(), scene: from(hash) });
      project.nameVersion("one");
      project.saveDraft(sampleDraft());
    };
    expect(keptBy(version)).toBe(true);
  });

  test("nothing does", () => {
    expect(keptBy(() => undefined)).toBe(false);
    expect(keptBy((project) => void project.saveDraft({ ...sampleDraft(), scene: from("a".repeat(64)) }))).toBe(false);
  });
});

test("a copy that is moved has it, and what is not there is null", () => {
  const project = newProject();
  const { hash } = project.results.starts.keep(encodePng(samplePixels()));
  project.results.beginRun(from(hash), "demo", 1);
  const path = join(temporaryFolder(), "moved.diorama");
  project.copyTo(path, false);
  const copy = ProjectFile.open(path, tickingClock());
  expect(copy.results.starts.read(hash)).toEqual(samplePixels());
  expect(copy.results.starts.read("b".repeat(64))).toBeNull();
  expect(copy.results.starts.thumbnail("b".repeat(64))).toBeNull();
  copy.close();
});
