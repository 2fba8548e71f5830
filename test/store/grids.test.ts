/** Grids in a project: what was asked for, and which pictures, of whatever run, are those of its cells. */
import { expect, test } from "vitest";
import Database from "better-sqlite3";
import { INTERRUPTED } from "../../src-main/api/store.ts";
import { cellsOf, type Grid } from "../../src-main/scene/grid.ts";
import { beginGridRuns } from "../../src-main/store/grids.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { newProject, reopened, sampleResult, sampleScene } from "../support/projects.ts";

const scene = sampleScene();
const model = { path: "/models/mine", provider: "cpu", memory: "auto" } as const;
const grid: Grid = {
  rows: { kind: "setting", name: "method", values: ["none", "ilgd"] },
  columns: { kind: "seeds", seeds: ["1", "2"] },
  seed: "1",
};
const asked = { name: "Method × Seed", scene, grid, model, modelName: "demo" };
const cells = cellsOf(grid, scene).cells;
const [none, ilgd] = [cells[0]!.scene, cells[2]!.scene];

test("what was asked for is in the project, whole, before anything is drawn", () => {
  const project = newProject();
  const { id } = project.results.grids.save(asked);
  const { grids } = reopened(project).results;
  expect(grids.list().map((one) => [one.id, one.name])).toEqual([[id, "Method × Seed"]]);
  expect(grids.read(id)).toMatchObject({
    name: "Method × Seed",
    scene,
    grid,
    model,
    modelName: "demo",
    interrupted: [],
  });
  expect(grids.read(id).cells).toEqual(Array(4).fill({ result: null, outcome: "none", why: null }));
});

test("a cell has the newest picture of its scene and seed, of whatever run, by its checkpoint and not in the bin", () => {
  const { results } = newProject();
  const { id } = results.grids.save(asked);
  const found = () => results.grids.read(id).cells.map(({ result }) => result?.id ?? null);
  const other = results.beginRun(none, "another", 1);
  results.addResult(sampleResult(other.id, "1", none));
  const run = results.beginRun(none, "demo", 2, { seeds: "1,2" }); // not of the grid
  const first = results.addResult(sampleResult(run.id, "1", none));
  expect(found()).toEqual([first.id, null, null, null]);
  // What boxes are called makes no other picture, nor do settings that the method does not use.
  const renamed = { ...none, regions: none.regions.map((one) => ({ ...one, id: `${one.id}-2` })) };
  const weaker = { ...renamed, settings: { ...none.settings, guidance: { ...none.settings.guidance, eta: 9 } } };
  const again = results.beginRun(weaker, "demo", 1);
  const newer = results.addResult(sampleResult(again.id, "1", weaker));
  expect(found()).toEqual([newer.id, null, null, null]);
  results.markResults([newer.id], undefined, "rejected");
  expect(found()).toEqual([newer.id, null, null, null]);
  results.markResults([newer.id], undefined, "binned");
  expect(found()).toEqual([first.id, null, null, null]);
});

test("a run says whose cells it draws, as long as that grid is there", () => {
  const project = newProject();
  const { results } = project;
  const { id } = results.grids.save(asked);
  const [plain] = beginGridRuns(results, id, [{ scene: none, asked: 2, seeds: "1,2" }]);
  const alone = results.beginRun(none, "demo", 1);
  const gridOf = (run: number) => results.readRun(run).grid;
  expect([gridOf(plain!), gridOf(alone.id)]).toEqual([{ id, name: "Method × Seed" }, null]);
  results.grids.rename(id, "Methods");
  const listed = [
    { offset: 0, limit: 9 },
    { tree: true, offset: 0, limit: 9 },
  ].map((query) => results.listRuns(query));
  expect(listed.map(({ runs }) => runs.map(({ grid }) => grid?.name ?? null))).toEqual([
    [null, "Methods"],
    [null, "Methods"],
  ]);
  results.grids.delete(id, true);
  expect(gridOf(plain!)).toBeNull();
  results.grids.delete(id, false);
  expect(reopened(project).results.readRun(plain!).grid).toEqual({ id, name: "Methods" });
});

test("cells say what became of them: running, failed with why, cancelled, cut off by the end of the program", () => {
  const project = newProject();
  const { results } = project;
  const { id } = results.grids.save(asked);
  const [plain, guided] = beginGridRuns(results, id, [
    { scene: none, asked: 2, seeds: "1,2" },
    { scene: ilgd, asked: 2, seeds: "1,2" },
  ]);
  const outcomes = (of = results) => of.grids.read(id).cells.map(({ outcome, why }) => [outcome, why]);
  expect(outcomes().map(([outcome]) => outcome)).toEqual(["running", "running", "running", "running"]);
  results.addResult(sampleResult(plain!, "1", none));
  results.endRun(plain!, "failed", "The LoRA ink is gone.");
  expect(outcomes().slice(0, 2)).toEqual([
    ["drawn", null],
    ["failed", "The LoRA ink is gone."],
  ]);
  const again = reopened(project).results; // a crash, for the run that was going on
  expect(outcomes(again).slice(2)).toEqual([
    ["interrupted", null],
    ["interrupted", null],
  ]);
  expect(again.grids.read(id).interrupted).toEqual([guided!]);
  expect(again.grids.unfinished()).toMatchObject([{ id, name: "Method × Seed", runs: [guided!] }]);
  const found = again.grids.find({ scene, grid, modelName: "demo", provider: "cpu" });
  expect(found.map((one) => one !== null)).toEqual([true, false, false, false]);
  expect(again.readRun(guided!)).toMatchObject({ message: INTERRUPTED, missing: [{ seed: "1" }, { seed: "2" }] });
  again.resumeRun(guided!);
  again.endRun(guided!, "cancelled", null);
  expect(outcomes(again).slice(2)).toEqual([
    ["cancelled", null],
    ["cancelled", null],
  ]);
  expect(again.grids.read(id).interrupted).toEqual([]);
});

test("with more cells a grid keeps the pictures that it has", () => {
  const { results } = newProject();
  const { id } = results.grids.save(asked);
  const run = results.beginRun(ilgd, "demo", 1);
  const { id: picture } = results.addResult(sampleResult(run.id, "2", ilgd));
  const wider: Grid = { ...grid, columns: { kind: "seeds", seeds: ["9", "2", "1"] } };
  expect(results.grids.save({ ...asked, name: "Wider", grid: wider, id }).id).toBe(id);
  expect(results.grids.list()).toHaveLength(1);
  expect(results.grids.read(id).cells.map(({ result }) => result?.id ?? null)).toEqual([
    null,
    null,
    null,
    null,
    picture,
    null,
  ]);
});

test("cells of a prompt's alternatives are told apart", () => {
  const { results } = newProject();
  const two = { ...sampleScene("a {red|blue} cat", []), regions: [] };
  const { id } = results.grids.save({
    ...asked,
    scene: two,
    grid: { rows: { kind: "prompts" }, columns: null, seed: "4" },
  });
  const run = results.beginRun(two, "demo", 1);
  const drawn = sampleResult(run.id, "4", { ...two, prompt: "a blue cat" });
  const { id: picture } = results.addResult({ ...drawn, record: { ...drawn.record, alternative: "blue" } });
  expect(results.grids.read(id).cells.map(({ result }) => result?.id ?? null)).toEqual([null, picture]);
});

test("a grid is deleted until the project is closed; its pictures stay", () => {
  const project = newProject();
  const { results } = project;
  const { id } = results.grids.save(asked);
  const run = beginGridRuns(results, id, [{ scene: none, asked: 1, seeds: "1" }])[0]!;
  results.addResult(sampleResult(run, "1", none));
  results.grids.delete(id, true);
  expect(results.grids.list()).toEqual([]);
  expect(() => results.grids.read(id)).toThrow("This grid is no longer in the project.");
  results.grids.delete(id, false);
  expect(results.grids.list()).toHaveLength(1);
  results.grids.rename(id, "By method");
  results.grids.delete(id, true);
  const again = reopened(project).results;
  again.grids.delete(id, false);
  expect(again.grids.list()).toEqual([]);
  expect(again.listResults({ order: "oldest", offset: 0, limit: 9 }).total).toBe(1);
});

test("a grid that cannot be drawn is not kept; runs that cannot be put on record are none of them", () => {
  const { results } = newProject();
  expect(() => results.grids.save({ ...asked, grid: { ...grid, rows: null, columns: null } })).toThrow(
    "a grid needs rows or columns",
  );
  expect(() => beginGridRuns(results, 7, [{ scene, asked: 1, seeds: "1" }])).toThrow("no longer in the project");
  expect(results.listRuns({ offset: 0, limit: 9 }).total).toBe(0);
});

test.each([
  ["axes", `'{"rows":null,"columns":null,"seed":"1"}'`, "is damaged (rows: a grid needs rows or columns"],
  ["axes", `'{"rows":{"kind":"seeds","seeds":["x"]},"columns":null,"seed":"1"}'`, "is damaged (rows.seeds[0]:"],
  ["scene", `'{"prompt":1}'`, "is damaged ("],
  ["model", `'[]'`, "is damaged ("],
])("a grid whose %s a stranger has changed is refused by name, and harms nothing else", (column, value, message) => {
  const project = newProject();
  const { id } = project.results.grids.save(asked);
  project.close();
  const db = new Database(project.path);
  db.exec(`UPDATE grid SET ${column} = ${value}`);
  db.close();
  const again = ProjectFile.open(project.path);
  expect(() => again.results.grids.read(id)).toThrow(message);
  expect(again.results.grids.list()).toHaveLength(1);
  again.close();
});
