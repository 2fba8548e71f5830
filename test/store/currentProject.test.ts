/** A project whose file is renamed, deleted, replaced or written over while it is open: nothing is lost, and nothing is called saved that is not. */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ProjectInfo } from "../../src-main/api/store.ts";
import { CurrentProject } from "../../src-main/store/currentProject.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { Unfinished } from "../../src-main/store/unfinished.ts";
import { sampleDraft, sampleResult, sampleScene, temporaryFolder } from "../support/projects.ts";

function start() {
  const folder = temporaryFolder();
  const path = join(folder, "cats.diorama");
  const told: { project: ProjectInfo; note: string | null }[] = [];
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const current = new CurrentProject({
    unfinished: new Unfinished(join(folder, "notes"), warn),
    onPlace: (project, note) => void told.push({ project, note }),
    warn,
  });
  onTestFinished(() => current.close());
  current.create(path, sampleDraft(), false);
  const runId = current.change(({ results }) => results.beginRun(sampleScene(), "demo", 9)).id;
  const draw = (seed: string) => current.change(({ results }) => results.addResult(sampleResult(runId, seed)));
  draw("1");
  return { folder, path, current, told, warnings, draw };
}

/** What a closed project holds. */
function contentOf(path: string): { prompt: string; seeds: string[] } {
  const file = ProjectFile.open(path);
  const { results } = file.results.listResults({ order: "oldest", offset: 0, limit: 99 });
  const { prompt } = file.readDraft().draft.scene;
  expect(file.verify()).toEqual([]);
  file.close();
  return { prompt, seeds: results.map(({ seed }) => seed) };
}

/** Another project, closed. */
function otherProject(folder: string): string {
  const path = join(folder, "other.diorama");
  ProjectFile.create(path, sampleDraft("somebody else's")).close();
  return path;
}

const projectsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.includes(".diorama"))
    .sort();

test("a project that is renamed is followed, under its new name, and its journal too", () => {
  const { folder, path, current, told, draw } = start();
  const renamed = join(folder, "dogs.diorama");
  renameSync(path, renamed);
  current.saveDraft(sampleDraft("a dog"));
  draw("2");
  expect(told).toEqual([
    {
      project: expect.objectContaining({ path: renamed, name: "dogs", trouble: null }) as unknown,
      note: expect.stringContaining(renamed) as unknown,
    },
  ]);
  expect(current.look()).toMatchObject({ path: renamed, notes: [] });
  expect(projectsIn(folder)).toEqual(["dogs.diorama", "dogs.diorama-journal"]);
  expect(() => ProjectFile.open(renamed)).toThrow(/is open in another window or program/);
  current.close();
  expect(projectsIn(folder)).toEqual(["dogs.diorama"]);
  expect(contentOf(renamed)).toEqual({ prompt: "a dog", seeds: ["1", "2"] });
});

test("a project that is moved to another folder is followed there", () => {
  const { folder, path, current } = start();
  const moved = join(folder, "archive", "cats.diorama");
  mkdirSync(dirname(moved));
  renameSync(path, moved);
  current.saveDraft(sampleDraft("a dog"));
  expect(current.look()).toMatchObject({ path: moved, trouble: null });
  current.close();
  expect(contentOf(moved).prompt).toBe("a dog");
});

test("a run that is going on when its project is renamed goes on", () => {
  const { folder, path, current } = start();
  renameSync(path, join(folder, "dogs.diorama"));
  current.look();
  expect(current.read(({ results }) => results.readRun(1)).outcome).toBe("running");
});

test.each(["deleted", "thrown into the trash"])(
  "a project that is %s is written anew, with everything in it",
  (how) => {
    const { folder, path, current, told, draw } = start();
    const trash = join(folder, ".Trash-0", "files");
    mkdirSync(trash, { recursive: true });
    if (how === "deleted") rmSync(path);
    else renameSync(path, join(trash, "cats.diorama"));
    expect(current.saveDraft(sampleDraft("an hour of work"))).toMatchObject({ changed: true });
    expect(existsSync(path)).toBe(true);
    draw("2");
    expect(told.map(({ note }) => note)).toEqual([
      `${path} was deleted by another program. It was written anew, with everything in it.`,
    ]);
    expect(() => ProjectFile.open(path)).toThrow(/is open in another window or program/);
    current.close();
    expect(contentOf(path)).toEqual({ prompt: "an hour of work", seeds: ["1", "2"] });
    expect(projectsIn(folder)).toEqual(["cats.diorama"]);
  },
);

test("a project that is deleted and not changed after is there again when it is looked at, and when it is closed", () => {
  const { path, current } = start();
  rmSync(path);
  expect(current.look()).toMatchObject({ path, trouble: null });
  expect(existsSync(path)).toBe(true);
  rmSync(path);
  current.close();
  expect(contentOf(path).seeds).toEqual(["1"]);
});

test("a project that is gone with its folder is not called saved; all of it is kept, and a copy can be made elsewhere", () => {
  const { folder, path, current, told, draw } = start();
  const deep = join(folder, "deep");
  mkdirSync(deep);
  current.copy(join(deep, "cats.diorama"), false);
  current.open(join(deep, "cats.diorama"));
  rmSync(deep, { recursive: true });
  expect(() => current.saveDraft(sampleDraft("an hour of work"))).toThrow(
    /deep\/cats\.diorama is not there any more.*There is no folder.*save a copy in another place/,
  );
  expect(draw("2")).toMatchObject({ seed: "2" });
  expect(told).toMatchObject([{ project: { trouble: { kind: "gone" } }, note: null }]);
  const copy = join(folder, "copy.diorama");
  current.copy(copy, false);
  expect(contentOf(copy)).toEqual({ prompt: "an hour of work", seeds: ["1", "2"] });
  expect(existsSync(path)).toBe(true);
});

test("with another file in its place nothing is called saved, both versions are kept, and the other one is not touched", () => {
  const { folder, path, current, told, draw } = start();
  renameSync(otherProject(folder), path);
  const theirs = readFileSync(path);
  expect(() => current.saveDraft(sampleDraft("an hour of work"))).toThrow(
    /Another program put a different file at .*save a copy/,
  );
  expect(() => current.save((file) => file.nameVersion("v"))).toThrow(/different file/);
  expect(draw("2")).toMatchObject({ seed: "2" });
  expect(told).toMatchObject([{ project: { trouble: { kind: "replaced" } }, note: null }]);
  const copy = join(folder, "mine.diorama");
  current.copy(copy, false);
  current.close();
  expect(readFileSync(path).equals(theirs)).toBe(true);
  expect(contentOf(copy)).toEqual({ prompt: "an hour of work", seeds: ["1", "2"] });
  expect(contentOf(path).prompt).toBe("somebody else's");
});

test("what nobody made a copy of is kept beside the file in its place when the project is closed", () => {
  const { folder, path, current, warnings } = start();
  renameSync(otherProject(folder), path);
  expect(() => current.saveDraft(sampleDraft("an hour of work"))).toThrow(/different file/);
  current.close();
  expect(contentOf(join(folder, "cats (kept).diorama"))).toEqual({ prompt: "an hour of work", seeds: ["1"] });
  expect(contentOf(path).prompt).toBe("somebody else's");
  expect(warnings.join()).toContain("is kept as");
});

test("a project that another program has written over is left as that left it, and the draft is kept", () => {
  const { folder, path, current, told } = start();
  const other = otherProject(folder);
  copyFileSync(other, path);
  const theirs = readFileSync(path);
  expect(() => current.saveDraft(sampleDraft("an hour of work"))).toThrow(/Another program has written over/);
  expect(() => current.change(({ results }) => results.emptyBin())).toThrow(/has written over/);
  expect(told).toMatchObject([{ project: { trouble: { kind: "overwritten" } } }]);
  const copy = join(folder, "mine.diorama");
  current.copy(copy, false);
  current.close();
  expect(readFileSync(path).equals(theirs)).toBe(true);
  expect(contentOf(copy).prompt).toBe("an hour of work");
});

test("an older state of the project, written over it, is told from its own", () => {
  const { folder, path, current } = start();
  const older = join(folder, "older");
  copyFileSync(path, older);
  current.saveDraft(sampleDraft("a dog"));
  copyFileSync(older, path);
  expect(() => current.saveDraft(sampleDraft("a fox"))).toThrow(/has written over/);
});

test("a file that was only touched is still the project's own", () => {
  const { path, current, told } = start();
  utimesSync(path, 1, 1);
  expect(current.saveDraft(sampleDraft("a dog"))).toMatchObject({ changed: true });
  expect(told).toEqual([]);
});

test("a project that is put back to its place is saved again", () => {
  const { folder, path, current, told } = start();
  const aside = join(folder, ".Trash-0", "cats.diorama");
  mkdirSync(dirname(aside));
  renameSync(path, aside);
  mkdirSync(path); // its place is taken
  expect(current.look()).toMatchObject({ trouble: { kind: "replaced" } });
  rmSync(path, { recursive: true });
  renameSync(aside, path);
  expect(current.saveDraft(sampleDraft("a dog"))).toMatchObject({ changed: true });
  expect(told.at(-1)).toMatchObject({
    project: { trouble: null },
    note: `${path} is there again. It is saved there, as before.`,
  });
});

test("a project opened through a link is the one that is open", () => {
  const { folder, path, current } = start();
  const link = join(folder, "link");
  symlinkSync(folder, link);
  expect(current.open(join(link, basename(path)))).toMatchObject({ path });
  expect(() => current.copy(join(link, basename(path)), true)).toThrow(/is the project that is open/);
  expect(() => current.create(join(link, basename(path)), sampleDraft(), true)).toThrow(/is the project that is open/);
  expect(() => ProjectFile.open(path)).toThrow(/is open in another window or program/);
});

test("after the process was lost, a project is found by what it is, and no other file is taken for it", () => {
  const { folder, path, current } = start();
  const { identity } = current.look()!;
  current.close();
  renameSync(path, join(folder, "dogs.diorama"));
  expect(current.open(path, identity)).toMatchObject({ name: "dogs" });
  current.close();
  rmSync(join(folder, "dogs.diorama"));
  expect(() => current.open(path, identity)).toThrow(/is not there any more\. What is in this window is kept/);
  renameSync(otherProject(folder), path);
  expect(() => current.open(path, identity)).toThrow(/is another file now/);
});

test("a project in a folder where nothing can be written is opened for reading, and a copy of it takes the draft along", () => {
  const { folder, path, current } = start();
  current.close();
  const locked = join(folder, "locked");
  mkdirSync(locked);
  renameSync(path, join(locked, "cats.diorama"));
  chmodSync(locked, 0o555);
  onTestFinished(() => chmodSync(locked, 0o755));
  const info = current.open(join(locked, "cats.diorama"));
  expect(info.trouble).toMatchObject({
    kind: "read-only",
    message: expect.stringMatching(/open for reading only: nothing can be written in .*locked/) as string,
  });
  expect(() => current.saveDraft(sampleDraft("a dog"))).toThrow(/open for reading only/);
  const copy = join(folder, "copy.diorama");
  current.copy(copy, false);
  expect(current.open(copy)).toMatchObject({ trouble: null });
  current.close();
  expect(contentOf(copy)).toEqual({ prompt: "a dog", seeds: ["1"] });
  expect(readdirSync(locked)).toEqual(["cats.diorama"]);
});

test("a project that was open for reading is saved again as soon as that is allowed", () => {
  const { path, current, told } = start();
  current.close();
  chmodSync(path, 0o444);
  current.open(path);
  expect(() => current.saveDraft(sampleDraft("a dog"))).toThrow(/open for reading only: it is write-protected/);
  chmodSync(path, 0o644);
  expect(current.saveDraft(sampleDraft("a dog"))).toMatchObject({ changed: true });
  expect(told).toMatchObject([
    { project: { trouble: null }, note: `${path} can be written again. It is saved there from now on.` },
  ]);
  current.close();
  expect(contentOf(path).prompt).toBe("a dog");
});

test("a project with a damaged page can be left, and the one that was opened after it is not locked", () => {
  const { folder, path, current, warnings } = start();
  const other = otherProject(folder);
  const { id } = current.read(({ results }) => results.listResults({ order: "newest", offset: 0, limit: 1 }))
    .results[0]!;
  current.change(({ results }) => results.markResults([id], undefined, "binned"));
  current.change(({ results }) => results.emptyBin());
  current.read((file) => file.verify());
  const bytes = readFileSync(path);
  const page = bytes.lastIndexOf("IHDR") - (bytes.lastIndexOf("IHDR") % 4096);
  const file = openSync(path, "r+"); // not closed before SQLite does: that would take away its lock
  writeSync(file, Buffer.alloc(4096, 0xab), 0, 4096, page);
  expect(current.open(other)).toMatchObject({ path: other });
  expect(warnings).toEqual([expect.stringMatching(/cats\.diorama is damaged/)]);
  closeSync(file);
  current.close();
  expect(contentOf(other).prompt).toBe("somebody else's");
});
