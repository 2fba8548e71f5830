/** The store in a process of its own: the whole contract over its port, a crash in between, and a large project. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { startStore } from "../../src-main/store/host.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import {
  newProject,
  sampleDraft,
  samplePixels,
  sampleResult,
  sampleScene,
  temporaryFolder,
} from "../support/projects.ts";

function start() {
  const folder = temporaryFolder();
  const lines: string[] = [];
  const store = startStore({ dataFolder: join(folder, "data"), onLine: (line) => lines.push(line) });
  onTestFinished(() => store.stop());
  const changes: string[] = [];
  store.on("changed", ({ what }) => changes.push(what));
  return { store, api: store.api, changes, lines, path: join(folder, "cats.diorama"), folder };
}

test("a day's work: make, draw, star, name, close, open again", async () => {
  const { api, path, changes, folder } = start();
  await api.createProject({ path, draft: sampleDraft(), replace: false });
  const run = await api.beginRun({ scene: sampleScene(), model: "demo", asked: 2 });
  const result = await api.addResult(sampleResult(run.id, "18446744073709551615"));
  await api.endRun({ runId: run.id, outcome: "done", message: null });
  await api.markResults({ ids: [result.id], starred: true });
  await api.saveDraft(sampleDraft("a dog on a mat"));
  const version = await api.nameVersion({ name: "dog" });
  await api.closeProject();
  await expect(api.readDraft()).rejects.toMatchObject({ code: "not-found", message: /No project is open/ });

  expect(await api.openProject({ path })).toMatchObject({ path, name: "cats", results: 1, notes: [] });
  expect(await api.readDraft()).toMatchObject({
    draft: sampleDraft("a dog on a mat"),
    versionId: version.id,
    changed: false,
  });
  const page = await api.listResults({ text: "cat", starred: true, order: "newest", offset: 0, limit: 10 });
  expect(page).toMatchObject({ total: 1, results: [{ seed: "18446744073709551615" }] });
  const png = await api.readPicture({ id: result.id, size: "full" });
  expect(png).toBeInstanceOf(Uint8Array);
  expect(png.length).toBe(result.bytes);
  const file = join(folder, "picture.png");
  writeFileSync(file, png);
  await expect(api.importPicture({ path: file })).resolves.toMatchObject({ id: result.id, known: true });
  expect(await api.verifyProject()).toEqual([]);
  expect(await api.recentProjects()).toMatchObject([{ path, present: true }]);
  expect(new Set(changes)).toEqual(new Set(["project", "recent", "runs", "results", "draft", "versions", "states"]));
});

test("a project without a name of its own is called by its prompt, wherever it is listed", async () => {
  const { api } = start();
  const path = join(temporaryFolder(), "Untitled.diorama");
  const project = await api.createProject({ path, draft: sampleDraft("a cat"), replace: false });
  expect(project.title).toBe("Untitled: a cat");
  await api.saveDraft(sampleDraft("a dog on a mat"));
  expect(await api.recentProjects()).toMatchObject([{ path, title: "Untitled: a dog on a mat" }]);
  expect(await api.currentProject()).toMatchObject({ name: "Untitled", title: "Untitled: a dog on a mat" });
});

test("a store that is killed comes back with the project and everything that was saved", async () => {
  const { store, api, path } = start();
  await api.createProject({ path, draft: sampleDraft(), replace: false });
  await api.saveDraft(sampleDraft("a dog on a mat"));
  process.kill(store.pid!, "SIGKILL");
  await expect.poll(() => store.pid, { timeout: 20_000 }).toBeUndefined();
  expect(await api.readDraft()).toMatchObject({ draft: sampleDraft("a dog on a mat") });
  expect(await api.currentProject()).toMatchObject({ path, notes: [/did not end properly/] });
});

test.each(["library.db", "library.db-journal", "library.db-wal", "library.db-shm"])(
  "a store killed while it makes its library, at the sight of %s, comes back with one that works",
  async (sight) => {
    const { store, api, lines, folder } = start();
    const data = join(folder, "data");
    const first = api.recentProjects().catch((error: unknown) => error);
    const isSeen = () => existsSync(join(data, sight)) || existsSync(join(data, "library.db-wal"));
    while (!isSeen()) await new Promise(setImmediate);
    const killed = store.pid!;
    process.kill(killed, "SIGKILL");
    await first; // answered by this process or the next
    await expect.poll(() => store.pid, { timeout: 20_000 }).not.toBe(killed);
    await api.writePreferences({ theme: "dark" });
    expect(await api.readPreferences()).toEqual({ theme: "dark" });
    expect(lines.filter((line) => line.includes("library"))).toEqual([]); // none was set aside
  },
);

test("a library that cannot be written keeps no project from being opened, and says so", async () => {
  const { api, path, lines, folder } = start();
  await api.recentProjects();
  const library = new Database(join(folder, "data", "library.db"));
  library.exec("DROP TABLE recent");
  library.close();
  expect(await api.createProject({ path, draft: sampleDraft(), replace: false })).toMatchObject({ path });
  expect(await api.currentProject()).toMatchObject({ path });
  await expect.poll(() => lines.join(" ")).toContain("could not be noted as a recent project");
});

test("a project that cannot be opened leaves the one before open", async () => {
  const { api, path, folder } = start();
  await api.createProject({ path, draft: sampleDraft(), replace: false });
  await expect(api.openProject({ path: join(folder, "gone") })).rejects.toMatchObject({ code: "project-invalid" });
  expect(await api.currentProject()).toMatchObject({ path });
});

test("replacing a project takes the old one away only when the new one is there", async () => {
  const { api, path, folder } = start();
  const other = join(folder, "other.diorama");
  await api.createProject({ path, draft: sampleDraft(), replace: false });
  await api.createProject({ path: other, draft: sampleDraft(), replace: false });
  await expect(api.createProject({ path, draft: sampleDraft(), replace: false })).rejects.toMatchObject({
    code: "project-invalid",
  });
  await api.createProject({ path, draft: sampleDraft("a fox on a mat"), replace: true });
  expect((await api.readDraft()).draft.scene.prompt).toBe("a fox on a mat");
  expect(existsSync(`${path}.replaced`)).toBe(false);
});

test("requests out of bounds are refused with the field", async () => {
  const { api, path } = start();
  await api.createProject({ path, draft: sampleDraft(), replace: false });
  const outcome = (call: Promise<unknown>) => expect(call).rejects;
  const pixels = { ...samplePixels(), width: 63 };
  await outcome(api.addResult({ ...sampleResult(1, "5"), pixels })).toMatchObject({
    code: "bad-request",
    message: /pixels: expected 4 bytes/,
  });
  await outcome(api.listResults({ order: "newest", offset: 0, limit: 501 })).toMatchObject({ code: "bad-request" });
  await outcome(api.nameVersion({ name: "  " })).toMatchObject({ message: /name: expected a text/ });
  await outcome(api.writePreferences({ big: "x".repeat(1_000_001) })).toMatchObject({ code: "bad-request" });
  await outcome(api.openProject({ path: "a\0b" })).toMatchObject({ code: "bad-request" });
  await outcome(api.saveDraft({ ...sampleDraft(), editor: { f: 1n } })).toMatchObject({ code: "bad-request" });
});

test("a box without a phrase may be saved, but not drawn", async () => {
  const { api, path } = start();
  const scene = sampleScene();
  const draft = { ...sampleDraft(), scene: { ...scene, regions: [{ ...scene.regions[0]!, spans: [] }] } };
  await api.createProject({ path, draft, replace: false });
  expect((await api.readDraft()).draft).toEqual(draft);
  await expect(api.beginRun({ scene: draft.scene, model: "demo", asked: 1 })).rejects.toMatchObject({
    code: "bad-request",
  });
});

test("a project of 10,000 results opens and lists in well under a second", () => {
  const project = newProject();
  const { id } = project.results.beginRun(sampleScene(), "demo", 1);
  project.results.addResult(sampleResult(id, "1"));
  project.close();
  const db = new Database(project.path);
  db.exec(`
    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO result (run, seed, created, width, height, obedience, seconds, bytes, record)
    SELECT run, i, created, width, height, (i * 7919 % 10000) / 10000.0, seconds, bytes, record FROM result, n;
    INSERT INTO picture SELECT id, randomblob(4000), randomblob(12000) FROM result WHERE id > 1;
  `);
  db.close(); // 160 MB
  const begun = performance.now();
  const open = ProjectFile.open(project.path);
  const first = open.results.listResults({ order: "newest", offset: 0, limit: 100 });
  const best = open.results.listResults({ order: "obedience", offset: 5_000, limit: 100, text: "cat" });
  const seconds = (performance.now() - begun) / 1_000;
  expect(first.total).toBe(10_000);
  expect(best.results).toHaveLength(100);
  expect(seconds).toBeLessThan(1);
  open.close();
});
