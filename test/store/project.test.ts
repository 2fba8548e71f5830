/** Drafts, named versions and copies: what was saved is there again, and nothing is replaced unasked. */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { encodePng } from "../../src-main/image/png.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { shrink } from "../../src-main/store/room.ts";
import {
  newProject,
  reopened,
  sampleDraft,
  samplePixels,
  sampleRecord,
  sampleResult,
  sampleScene,
  temporaryFolder,
} from "../support/projects.ts";

test("a draft is there again after closing, as it was", () => {
  const project = newProject();
  const draft = { ...sampleDraft("a dög — 犬 🐕 on a mat"), seeds: "18446744073709551615" };
  project.saveDraft(draft);
  expect(reopened(project).readDraft().draft).toEqual(draft);
});

test("a draft is in the file as soon as saving returns, without closing", () => {
  const project = newProject();
  project.saveDraft(sampleDraft("a horse in a field"));
  expect(readFileSync(project.path).includes("a horse in a field")).toBe(true);
});

test("autosaving never touches the named version", () => {
  const project = newProject();
  const { id } = project.nameVersion("first");
  project.saveDraft(sampleDraft("a dog on a mat"));
  expect(project.readVersion(id).draft).toEqual(sampleDraft());
  expect(project.readDraft()).toMatchObject({ versionId: id, changed: true });
});

test("a draft counts as unchanged when it says the same as its version again", () => {
  const project = newProject();
  expect(project.readDraft().changed).toBe(true); // not named yet
  project.nameVersion("first");
  expect(project.readDraft().changed).toBe(false);
  expect(project.saveDraft(sampleDraft("a dog on a mat")).changed).toBe(true);
  expect(project.saveDraft(sampleDraft()).changed).toBe(false);
});

test("going back to a version keeps the unsaved draft as a version of its own", () => {
  const project = newProject();
  const { id } = project.nameVersion("first");
  project.saveDraft(sampleDraft("a dog on a mat"));
  expect(project.restoreVersion(id)).toMatchObject({ draft: sampleDraft(), versionId: id, changed: false });
  const [kept, first] = project.listVersions();
  expect(kept).toMatchObject({ name: "Before going back to first", automatic: true });
  expect(project.readVersion(kept!.id).draft).toEqual(sampleDraft("a dog on a mat"));
  expect(first).toMatchObject({ name: "first", automatic: false });
});

test("going back without unsaved changes keeps nothing more", () => {
  const project = newProject();
  const first = project.nameVersion("first");
  project.restoreVersion(first.id);
  expect(project.listVersions()).toEqual([first]);
});

test("versions can be renamed and deleted; the draft stays", () => {
  const project = newProject();
  const { id } = project.nameVersion("first");
  project.renameVersion(id, "the first");
  expect(project.listVersions()).toMatchObject([{ name: "the first" }]);
  project.deleteVersion(id);
  expect(project.listVersions()).toEqual([]);
  expect(project.readDraft()).toMatchObject({ draft: sampleDraft(), versionId: null, changed: true });
});

test("a deleted version can come back until the project is closed", () => {
  const project = newProject();
  const first = project.nameVersion("first");
  const second = project.nameVersion("second");
  project.deleteVersion(first.id);
  project.deleteVersion(second.id);
  project.undeleteVersion(second.id);
  expect(project.readDraft()).toMatchObject({ versionId: second.id, changed: false });
  const again = reopened(project);
  expect(again.listVersions()).toEqual([second]);
  expect(() => again.undeleteVersion(first.id)).toThrow(expect.objectContaining({ code: "not-found" }));
});

test("a version that is not there is an error that says so", () => {
  const project = newProject();
  const expected = expect.objectContaining({ code: "not-found", details: { what: "version", id: "9" } }) as Error;
  expect(() => project.readVersion(9)).toThrow(expected);
  expect(() => project.restoreVersion(9)).toThrow(expected);
  expect(() => project.renameVersion(9, "nine")).toThrow(expected);
  expect(() => project.deleteVersion(9)).toThrow(expected);
  expect(project.listVersions()).toEqual([]);
});

test("a copy is a whole project without the room of what was deleted", () => {
  const project = newProject();
  const { id: runId } = project.results.beginRun(sampleScene(), "demo", 1);
  const { id } = project.results.addResult(sampleResult(runId, "5"));
  const target = join(temporaryFolder(), "copy.diorama");
  project.copyTo(target, false);
  const copy = ProjectFile.open(target);
  expect(copy.readDraft().draft).toEqual(sampleDraft());
  expect(copy.results.readPicture(id, "full")).toEqual(project.results.readPicture(id, "full"));
  expect(copy.info().notes).toEqual([]);
  expect(copy.verify()).toEqual([]);
  copy.close();
});

describe("the room of deleted pictures", () => {
  const SIZE = 1_000_000;
  /** Two pictures of a megabyte each, the first of them out of the emptied bin. */
  const emptied = (project: ProjectFile) => {
    const { id: runId } = project.results.beginRun(sampleScene(), "demo", 2);
    const record = sampleRecord(sampleScene(), "5");
    const small = encodePng(samplePixels());
    const png = Buffer.concat([small, randomBytes(SIZE - small.length)]); // a megabyte that nothing packs
    const picture = { width: 8, height: 8, seconds: 1, png, thumbnail: small };
    const [first, second] = ["5", "6"].map((seed) => project.results.keep({ runId, seed, record, ...picture }));
    project.results.markResults([first!.id], undefined, "binned");
    project.results.emptyBin();
    return second!.id;
  };

  test("is given back when the project is closed, and nothing else is", () => {
    const project = newProject();
    const left = emptied(project);
    expect(statSync(project.path).size).toBeGreaterThan(2 * SIZE);
    const again = reopened(project);
    expect(statSync(project.path).size).toBeLessThan(1.2 * SIZE);
    expect(again.results.readPicture(left, "full")).toHaveLength(SIZE);
    expect(again.verify()).toEqual([]);
  });

  test("is given back bit by bit: what there was no time for, the next time", () => {
    const project = newProject();
    emptied(project);
    project.close();
    const db = new Database(project.path);
    db.exec("CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (zeroblob(30000000)); DROP TABLE ballast");
    const before = statSync(project.path).size;
    shrink(db, 0);
    expect(statSync(project.path).size).toBe(before);
    shrink(db);
    expect(statSync(project.path).size).toBeLessThan(1.2 * SIZE);
    db.close();
  });

  test("stays in a file of the first days, but not in its copy", () => {
    const project = newProject();
    project.close();
    const old = new Database(project.path);
    old.pragma("auto_vacuum = NONE");
    old.exec("VACUUM");
    old.close();
    const opened = ProjectFile.open(project.path);
    emptied(opened);
    const again = reopened(opened);
    expect(statSync(again.path).size).toBeGreaterThan(2 * SIZE);
    const copy = join(temporaryFolder(), "copy.diorama");
    again.copyTo(copy, false);
    expect(statSync(copy).size).toBeLessThan(1.2 * SIZE);
    const db = new Database(copy);
    expect(db.pragma("auto_vacuum", { simple: true })).toBe(2);
    db.close();
  });
});

test("a closed project is one file, with nothing of SQLite's beside it", () => {
  const project = newProject();
  project.saveDraft(sampleDraft("a dog on a mat"));
  const folder = dirname(project.path);
  expect(readdirSync(folder)).toEqual(["cats.diorama", "cats.diorama-journal"]);
  project.close();
  expect(readdirSync(folder)).toEqual(["cats.diorama"]);
});

test("a copy replaces a file only when told to, and never the open one", () => {
  const project = newProject();
  const target = join(temporaryFolder(), "taken.diorama");
  writeFileSync(target, "mine");
  expect(() => project.copyTo(target, false)).toThrow(/already is a file/);
  expect(readFileSync(target, "utf8")).toBe("mine");
  expect(() => project.copyTo(project.path, true)).toThrow(/is the project that is open/);
  project.copyTo(target, true);
  ProjectFile.open(target).close();
});

test("a copy that cannot be finished leaves nothing behind and the old file alone", () => {
  const project = newProject();
  const target = join(temporaryFolder(), "no-such-folder", "copy.diorama");
  expect(() => project.guard(() => project.copyTo(target, true))).toThrow(/cannot be written|no-such-folder/);
  expect(existsSync(target)).toBe(false);
});

test("making a project refuses to replace a file, and tells of a folder that is not there", () => {
  const project = newProject();
  expect(() => ProjectFile.create(project.path, sampleDraft())).toThrow(/already is a file/);
  const lost = join(temporaryFolder(), "gone", "a.diorama");
  expect(() => project.copyTo(lost, false)).toThrow(/There is no folder .*gone any more\. Choose another place/);
  expect(() => ProjectFile.create(lost, sampleDraft())).toThrow(
    expect.objectContaining({ code: "project-invalid", details: { path: lost } }),
  );
});

test("a project that was not closed opens as it was last saved, and says so", () => {
  const project = newProject();
  const run = project.results.beginRun(sampleScene(), "demo", 5);
  const folder = temporaryFolder();
  const crashed = join(folder, "crashed.diorama");
  writeFileSync(crashed, readFileSync(project.path)); // the file as a power cut would leave it
  const again = ProjectFile.open(crashed);
  expect(again.info().notes).toEqual(["Diorama did not end properly last time. The project is as it was last saved."]);
  expect(again.results.readRun(run.id).outcome).toBe("cancelled");
  again.close();
  const third = ProjectFile.open(crashed);
  expect(third.info().notes).toEqual([]);
  third.close();
});
