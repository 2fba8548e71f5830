/** What unfinished pictures go on from: kept, read, counted, let go; scouted results, and what is offered after the program's end. */
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { type DrawnQuery, INTERRUPTED, type NewResult, type ResultQuery } from "../../src-main/api/store.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { newProject, reopened, samplePixels, sampleResult, sampleScene } from "../support/projects.ts";

const all: ResultQuery = { order: "newest", offset: 0, limit: 500 };
const bytes = (value: number, length = 1_000) => new Uint8Array(length).fill(value);

function scouted(runId: number, seed: string, obedience?: number[]): NewResult {
  const result = sampleResult(runId, seed, sampleScene(), obedience);
  return { ...result, record: { ...result.record, scouted: 2 }, state: bytes(Number(seed)) };
}

function withRun(until?: number) {
  const project = newProject();
  const { results } = project;
  const run = results.beginRun(sampleScene(), "demo", 3, { seeds: "1-3", until });
  const inWork = (seed: string) => ({ runId: run.id, seed, alternative: null, resultId: null });
  return { project, results, states: results.states, run, inWork };
}

/** The finished picture of a scouted result. */
function finished(runId: number, seed: string): Omit<NewResult, "runId" | "state"> {
  const { seconds, record, attention } = sampleResult(runId, seed, sampleScene(), [0.9, 0.9]);
  return { seed, seconds, record, attention, pixels: samplePixels(99) };
}

/** Closed as by a crash: nothing is tidied up, and the project says that it is in use. */
function crashed(project: ProjectFile): ProjectFile {
  project.release();
  const again = ProjectFile.open(project.path);
  onTestFinished(() => again.close());
  return again;
}

test("the state of the picture in work replaces the one before, and is gone with its picture", () => {
  const { results, states, run, inWork } = withRun();
  states.keep(inWork("1"), 1, bytes(1));
  states.keep(inWork("1"), 2, bytes(2));
  states.keep({ ...inWork("1"), alternative: "red" }, 1, bytes(3));
  expect(states.read(inWork("1"))).toEqual(bytes(2));
  expect(states.read({ ...inWork("1"), alternative: "red" })).toEqual(bytes(3));
  expect(states.read(inWork("2"))).toBeNull();
  expect(states.room()).toEqual({ pictures: 2, bytes: 2_000 });
  results.addResult(sampleResult(run.id, "1"));
  expect(states.read(inWork("1"))).toBeNull();
  states.keep({ ...inWork("9"), runId: 99 }, 1, bytes(1)); // its run is gone
  expect(states.room().pictures).toBe(1);
});

test("a state that cannot be written leaves the one before", () => {
  const { states, inWork } = withRun();
  states.keep(inWork("1"), 1, bytes(1));
  expect(() => states.keep(inWork("1"), null as never, bytes(2))).toThrow("NOT NULL");
  expect(states.read(inWork("1"))).toEqual(bytes(1));
});

test("a scouted result says so everywhere, can be finished, and is the same result then", () => {
  const { project, results, states, run } = withRun(2);
  const { id } = results.addResult(scouted(run.id, "1"));
  results.markResults([id], true, undefined);
  const of = { runId: run.id, seed: "1", alternative: null, resultId: id };
  expect(results.readResult(id)).toMatchObject({ scouted: 2, resumable: true, starred: true, record: { scouted: 2 } });
  expect(readMetadata(results.readPicture(id, "full"))).toMatchObject({ record: { scouted: 2 } });
  expect(states.read(of)).toEqual(bytes(1));
  states.keep(of, 3, bytes(7)); // while it is being finished
  expect(states.read(of)).toEqual(bytes(7));
  expect(results.readInfo(id).scouted).toBe(2); // what is shown is still that
  expect(results.listResults({ ...all, scouted: true }).total).toBe(1);

  const done = results.finishResult(id, finished(run.id, "1"));
  expect(done).toMatchObject({ id, scouted: null, resumable: false, starred: true, obedience: 0.9 });
  expect(results.finishResult(id, finished(run.id, "1"))).toEqual(done); // once more is no other
  const again = reopened(project).results;
  expect(again.readResult(id).record.scouted).toBeUndefined();
  expect(again.readAttention(id)?.width).toBe(4);
  expect(again.listResults({ ...all, scouted: true }).total).toBe(0);
  expect(again.states.room()).toEqual({ pictures: 0, bytes: 0 });
});

test("a rule finds scouted results by their mean and by every box", () => {
  const { results, run } = withRun(2);
  for (const [seed, boxes] of [["1", [0.9, 0.5]], ["2", [0.75, 0.72]], ["3", [0.2, 0.1]]] as const) {
    results.addResult(scouted(run.id, seed, [...boxes]));
  } // prettier-ignore
  const seedsOf = (query: Partial<ResultQuery>) =>
    results.listResults({ ...all, order: "obedience", scouted: true, ...query }).results.map(({ seed }) => seed);
  expect(seedsOf({ limit: 2 })).toEqual(["2", "1"]);
  expect(seedsOf({ leastBox: 0.7 })).toEqual(["2"]);
  expect(seedsOf({ leastObedience: 0.7 })).toEqual(["2", "1"]);
});

test("what was scouted is not drawn, unless scouting is asked for", () => {
  const { results, run } = withRun(2);
  results.addResult(scouted(run.id, "1"));
  const query: DrawnQuery = { scene: sampleScene(), seeds: ["1", "2"], model: "demo", provider: "cpu" };
  expect(results.drawn.find(query)).toEqual([]);
  expect(results.drawn.find({ ...query, until: 2 }).map(({ seed }) => seed)).toEqual(["1"]);
  results.endRun(run.id, "cancelled", null);
  expect(results.readRun(run.id)).toMatchObject({ until: 2, missing: [{ seed: "2" }, { seed: "3" }] });
  const whole = results.beginRun(sampleScene(), "demo", 2, { seeds: "1-2" });
  results.endRun(whole.id, "cancelled", null);
  expect(results.readRun(whole.id).missing.map(({ seed }) => seed)).toEqual(["1", "2"]);
});

test("a picture file that was scouted is taken in as such", () => {
  const { project, results, run } = withRun(2);
  const { id } = results.addResult(scouted(run.id, "1"));
  const png = results.readPicture(id, "full");
  expect(importPicture(results, "same.png", png)).toMatchObject({ id, known: true });
  const other = newProject();
  expect(importPicture(other.results, "new.png", png)).toMatchObject({ scouted: 2, resumable: false, known: false });
  expect(project.verify()).toEqual([]);
});

test("when the session ends, states of rejected, binned and finished ones are dropped, and taking back before that keeps them", () => {
  const { project, results, states, run, inWork } = withRun(2);
  const ids = ["1", "2", "3"].map((seed) => results.addResult(scouted(run.id, seed)).id);
  results.markResults([ids[0]!, ids[1]!], undefined, "rejected");
  expect(states.room().pictures).toBe(3);
  results.markResults([ids[1]!], undefined, "kept");
  states.keep(inWork("9"), 1, bytes(9));
  results.endRun(run.id, "done", null);
  const again = reopened(project).results;
  expect(ids.map((id) => again.readInfo(id).resumable)).toEqual([false, true, true]);
  expect(again.states.room().pictures).toBe(2);
  expect(again.states.read(inWork("9"))).toBeNull();
});

test("room can be let go, which can be undone until the project is closed", () => {
  const { project, results, states, run } = withRun(2);
  const { id } = results.addResult(scouted(run.id, "1"));
  const let1 = states.letGo();
  expect([states.room().pictures, results.readInfo(id).resumable]).toEqual([0, false]);
  states.takeBack(let1);
  expect([states.room().pictures, results.readInfo(id).resumable]).toEqual([1, true]);
  states.letGo();
  const again = reopened(project).results;
  expect(again.readInfo(id)).toMatchObject({ scouted: 2, resumable: false }); // it can be drawn from the start
  again.states.takeBack(let1);
  expect(again.states.room().pictures).toBe(0);
});

test("after a crash a run is offered with how far its picture was, and goes on as the same run", () => {
  const { project, results, states, run, inWork } = withRun();
  results.addResult(sampleResult(run.id, "1"));
  states.keep(inWork("2"), 3, bytes(2));
  const after = crashed(project).results;
  expect(after.unfinished()).toMatchObject([
    {
      id: run.id,
      message: INTERRUPTED,
      missing: [{ seed: "2" }, { seed: "3" }],
      finishing: [],
      inWork: [{ seed: "2", alternative: null, step: 3 }],
    },
  ]);
  expect(after.resumeRun(run.id)).toMatchObject({ outcome: "running", message: null, missing: [{}, {}] });
  expect(after.states.read(inWork("2"))).toEqual(bytes(2));
  expect(after.unfinished()).toEqual([]);
});

test("scouted results that were being finished are offered, too; what is forgotten is not offered again", () => {
  const { project, results, states, run } = withRun(2);
  const ids = ["1", "2", "3"].map((seed) => results.addResult(scouted(run.id, seed)).id);
  results.endRun(run.id, "done", null);
  states.want(ids.slice(0, 2), true);
  results.finishResult(ids[0]!, finished(run.id, "1"));
  const after = crashed(project).results;
  expect(after.unfinished()).toMatchObject([{ id: run.id, missing: [], finishing: [ids[1]] }]);
  after.leaveUnfinished(run.id);
  expect(after.unfinished()).toEqual([]);
  expect(after.readInfo(ids[1]!).resumable).toBe(true);
});

test("a forgotten run keeps nothing of what it would have gone on from", () => {
  const { project, states, run, inWork } = withRun();
  states.keep(inWork("2"), 3, bytes(2));
  const after = crashed(project).results;
  after.leaveUnfinished(run.id);
  expect(after.states.room().pictures).toBe(0);
  expect(after.readRun(run.id)).toMatchObject({ outcome: "cancelled", message: null });
});

test.each([
  ["a state of a wrong size", "UPDATE picture_state SET data = zeroblob(70000000)"],
  ["a step that is none", "UPDATE result SET scouted = 5000"],
  ["no JSON in a record", "PRAGMA ignore_check_constraints = ON; UPDATE result SET record = 'no'"],
])("a stranger's project with %s can be asked everything", (_what, sql) => {
  const { project, results, run, inWork } = withRun(2);
  const { id } = results.addResult(scouted(run.id, "1"));
  results.states.keep(inWork("2"), 1, bytes(1));
  project.close();
  const db = new Database(project.path);
  db.exec(sql);
  db.close();
  const other = ProjectFile.open(project.path);
  const of = { runId: run.id, seed: "1", alternative: null, resultId: id };
  expect(() => [
    other.results.listResults({ ...all, leastBox: 0.5, scouted: true }),
    other.results.states.read(of),
    other.results.states.read(inWork("2")),
    other.results.unfinished(),
    other.results.states.room(),
  ]).not.toThrow();
  other.close();
});
