/** Results are found by what they are: collections and tags, model and method, the words of a box and how far it is obeyed. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import type { ResultQuery } from "../../src-main/api/store.ts";
import { createDatabase } from "../../src-main/store/database.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { PROJECT_FORMAT } from "../../src-main/store/projectFormat.ts";
import { newProject, reopened, sampleDraft, sampleResult, sampleScene, temporaryFolder } from "../support/projects.ts";

const all: ResultQuery = { order: "oldest", offset: 0, limit: 500 };

/** Three runs of two seeds: "cat" and "dog" by iLGD, "cat" by another method and checkpoint. */
function withRuns() {
  const project = newProject();
  const { results } = project;
  const cat = sampleScene("a cat on a mat", ["x", "y"]);
  const spans = [{ start: 11, end: 14 }];
  cat.regions[1] = { ...cat.regions[1]!, spans };
  const dog = sampleScene("a Dog on a mat", ["z"]);
  const other = { ...cat, settings: { ...cat.settings, guidance: { ...cat.settings.guidance, method: "boxdiff" as const } } };
  const drawn = (scene: typeof cat, model: string, seeds: string[], obedience: number[]) => {
    const run = results.beginRun(scene, model, seeds.length);
    const ids = seeds.map((seed) => results.addResult(sampleResult(run.id, seed, scene, obedience)).id);
    return { run, ids };
  };
  const cats = drawn(cat, "demo", ["1", "2"], [0.9, 0.2]);
  const dogs = drawn(dog, "demo", ["3"], [0.4]);
  const others = drawn(other, "photon", ["4"], [0.3, 0.8]);
  const found = (query: Partial<ResultQuery>) => results.listResults({ ...all, ...query }).results.map(({ seed }) => seed);
  return { project, results, labels: results.labels, cats, dogs, others, found };
} // prettier-ignore

test("a result is in several collections and has several tags, and is found by all of them together", () => {
  const { project, labels, cats, dogs, others, found } = withRuns();
  const poster = labels.make("collection", "Poster");
  const client = labels.make("collection", " For the client ");
  const warm = labels.make("tag", "warm");
  expect(labels.set(poster.id, [cats.ids[0]!, dogs.ids[0]!], true)).toEqual([cats.ids[0], dogs.ids[0]]);
  expect(labels.set(client.id, [dogs.ids[0]!, others.ids[0]!], true)).toHaveLength(2);
  expect(labels.set(warm.id, [dogs.ids[0]!], true)).toHaveLength(1);
  expect(labels.set(poster.id, [cats.ids[0]!], true)).toEqual([]); // it is in it
  expect(found({ labels: [poster.id] })).toEqual(["1", "3"]);
  expect(found({ labels: [poster.id, client.id] })).toEqual(["3"]);
  expect(found({ labels: [poster.id, warm.id], model: "photon" })).toEqual([]);
  expect(labels.of([...cats.ids, ...dogs.ids])).toEqual([
    { id: poster.id, results: [cats.ids[0], dogs.ids[0]] },
    { id: client.id, results: [dogs.ids[0]] },
    { id: warm.id, results: [dogs.ids[0]] },
  ]);
  const again = reopened(project).results;
  expect(again.labels.list().map(({ kind, name, results }) => [kind, name, results])).toEqual([
    ["collection", "For the client", 2],
    ["collection", "Poster", 2],
    ["tag", "warm", 1],
  ]);
});

test("a label has one name, however it is written; it is deleted until the project is closed", () => {
  const { project, labels, cats } = withRuns();
  const { id } = labels.make("collection", "Poster");
  expect(labels.make("collection", "POSTER ").id).toBe(id);
  expect(labels.make("tag", "poster").id).not.toBe(id);
  const other = labels.make("collection", "Flyer");
  expect(() => labels.rename(other.id, "poster")).toThrow("There is a collection called Poster already. Choose another name."); // prettier-ignore
  labels.rename(other.id, "flyer");
  labels.set(id, cats.ids, true);
  labels.delete(id, true);
  expect(labels.list().map(({ name }) => name)).toEqual(["flyer", "poster"]);
  expect(() => labels.set(id, cats.ids, true)).toThrow("no longer in the project");
  labels.delete(id, false);
  expect(labels.list()[1]).toMatchObject({ id, results: 2 });
  labels.delete(id, true);
  const again = reopened(project);
  again.results.labels.delete(id, false);
  expect(again.results.labels.list()).toHaveLength(2);
  expect(again.verify()).toEqual([]);
});

test("by checkpoint, method, the words of a box and how far it is obeyed", () => {
  const { results, found } = withRuns();
  expect(found({ model: "photon" })).toEqual(["4"]);
  expect(found({ method: "ilgd" })).toEqual(["1", "2", "3"]);
  expect(found({ phrase: "CAT" })).toEqual(["1", "2", "4"]);
  expect(found({ phrase: "mat" })).toEqual(["1", "2", "4"]); // the dog's has none
  expect(found({ phrase: "cat", leastOfPhrase: 0.5 })).toEqual(["1", "2"]);
  expect(found({ phrase: "mat", leastOfPhrase: 0.5 })).toEqual(["4"]);
  expect(found({ phrase: "ca" })).toEqual([]);
  expect(results.finding.facets()).toEqual({
    models: ["demo", "photon"],
    methods: ["boxdiff", "ilgd"],
    phrases: ["cat", "mat", "dog"],
  });
});

test("deleted results leave their collections, and undo of emptying the bin brings them back", () => {
  const { project, results, labels, cats } = withRuns();
  const { id } = labels.make("collection", "Poster");
  labels.set(id, cats.ids, true);
  results.markResults([cats.ids[0]!], undefined, "binned");
  expect(labels.list()[0]!.results).toBe(1);
  results.emptyBin();
  const again = reopened(project).results;
  expect(again.labels.of(cats.ids)).toEqual([{ id, results: [cats.ids[1]] }]);
});

test("history is a tree of what came from what; an origin that cannot be is none", () => {
  const { results, cats, dogs, others } = withRuns();
  const origin = (run: number, result: number | null = null) => ({ origin: { run, result, how: "layout" as const } });
  const child = results.beginRun(sampleScene(), "demo", 1, origin(cats.run.id, cats.ids[0]));
  const grandchild = results.beginRun(sampleScene(), "demo", 1, origin(child.id));
  const second = results.beginRun(sampleScene(), "demo", 1, origin(cats.run.id));
  const lost = results.beginRun(sampleScene(), "demo", 1, origin(999));
  expect(results.readRun(child.id).origin).toEqual({ run: cats.run.id, result: cats.ids[0], how: "layout" });
  expect(results.readRun(lost.id).origin).toBeNull();
  const { runs, total } = results.listRuns({ tree: true, offset: 0, limit: 10 });
  expect(total).toBe(7);
  expect(runs.map(({ id, depth }) => [id, depth])).toEqual([
    [lost.id, 0],
    [others.run.id, 0],
    [dogs.run.id, 0],
    [cats.run.id, 0],
    [child.id, 1],
    [grandchild.id, 2],
    [second.id, 1],
  ]);
  expect(results.listRuns({ tree: true, offset: 4, limit: 2 }).runs.map(({ id }) => id)).toEqual([child.id, grandchild.id]);
}); // prettier-ignore

test("a project of the form before is found by the same", () => {
  const path = join(temporaryFolder(), "old.diorama");
  const db = createDatabase(path, { ...PROJECT_FORMAT, migrations: PROJECT_FORMAT.migrations.slice(0, 5) });
  db.prepare("INSERT INTO project (id, created, draft, saved) VALUES (1, 'then', ?, 'later')").run(JSON.stringify(sampleDraft())); // prettier-ignore
  const insert = db.prepare(
    `INSERT INTO run (created, scene, prompt, negative_prompt, model, asked, outcome) VALUES ('then', ?, '', '', 'demo', 1, 'done')`,
  );
  // A character of two units before the words: phrases are counted as JavaScript counts.
  const scene = sampleScene("🦊 cat", ["fox"]);
  insert.run(JSON.stringify({ ...scene, regions: [{ ...scene.regions[0]!, spans: [{ start: 3, end: 6 }] }] }));
  insert.run('{"prompt": 7}');
  db.close();
  const project = ProjectFile.open(path);
  onTestFinished(() => project.close());
  const { results } = project;
  expect(project.info().notes).toEqual([
    "The Diorama project was brought up to date. A copy of how it was is kept as old.diorama.version-5.",
  ]);
  expect(results.finding.facets()).toEqual({ models: ["demo"], methods: ["ilgd"], phrases: ["cat"] });
  expect(results.listRuns({ tree: true, offset: 0, limit: 9 }).runs.map(({ origin }) => origin)).toEqual([null, null]);
  expect(results.queue.read()).toEqual({ paused: false, places: [] });
});

test("the queue's order is remembered; what is damaged is no order", () => {
  const { project, results, cats } = withRuns();
  const places = [
    { run: cats.run.id, finishing: false, picture: { seed: "2", alternative: null }, held: true },
    { run: cats.run.id, finishing: false, picture: null, held: false },
  ];
  results.queue.write({ paused: true, places });
  const again = reopened(project);
  expect(again.results.queue.read()).toEqual({ paused: true, places });
  again.close();
  const db = new Database(again.path);
  db.prepare("UPDATE queue SET places = '[7]'").run();
  db.close();
  expect(reopened(again).results.queue.read()).toEqual({ paused: true, places: [] });
});
