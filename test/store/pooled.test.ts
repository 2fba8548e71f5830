/** A run has one picture of a seed, however often it arrives; and a project knows what a pool draws for it. */
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { newProject, reopened, sampleResult, sampleScene } from "../support/projects.ts";

const NAME = "0b0e6c6e-3d1c-4f6f-9a55-0d2a7b6f1c11";
const model = { path: `pool:${"1".repeat(16)}/${"a".repeat(64)}`, provider: "cpu", memory: "auto" } as const;

function begun(seeds = "5,6") {
  const project = newProject();
  const { results } = project;
  const run = results.beginRun(sampleScene(), "demo", 2, { seeds });
  return { project, results, run };
}

test("of a second picture of the same run and seed nothing is kept, and the first is given", () => {
  const { results, run } = begun();
  const first = results.addResult(sampleResult(run.id, "5"));
  const again = results.addResult({ ...sampleResult(run.id, "5"), seconds: 99 });
  expect(again).toEqual(first);
  results.markResults([first.id], undefined, "binned");
  expect(results.addResult(sampleResult(run.id, "5"))).toMatchObject({ id: first.id, state: "binned" });
  results.emptyBin();
  expect(results.addResult(sampleResult(run.id, "5")).id).toBe(first.id);
  const other = results.beginRun(sampleScene(), "demo", 1, { seeds: "5" });
  expect(results.addResult(sampleResult(other.id, "5")).id).not.toBe(first.id);
  expect(results.readRun(run.id).finished).toBe(0);
});

test("each alternative of a seed is a picture of its own, once", () => {
  const { results, run } = begun();
  const plain = sampleResult(run.id, "5");
  const as = (alternative: string) => results.addResult({ ...plain, record: { ...plain.record, alternative } }).id;
  const [white, black] = [as("white"), as("black")];
  expect(white).not.toBe(black);
  expect([as("white"), as("black")]).toEqual([white, black]);
});

test("what a pool draws of a run is known until nobody wants it any more; what is damaged is nothing", () => {
  const { project, results, run } = begun();
  expect(results.pooled.read(run.id)).toBeNull();
  results.pooled.set(run.id, { name: NAME, model });
  expect(results.pooled.read(run.id)).toEqual({ name: NAME, model });
  results.pooled.set(run.id, null);
  expect(results.pooled.read(run.id)).toBeNull();
  results.pooled.set(run.id, { name: NAME, model });
  project.close();
  const file = new Database(project.path);
  file.prepare("UPDATE pooled SET model = ?").run(JSON.stringify({ ...model, path: "" }));
  file.close();
  expect(reopened(project).results.pooled.read(run.id)).toBeNull();
});
