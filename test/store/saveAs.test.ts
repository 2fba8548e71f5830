/** Saving over a file: what was there is there until the new one is whole, whoever is killed when; who has it open keeps it. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { startStore } from "../../src-main/store/host.ts";
import { createDatabase } from "../../src-main/store/database.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { PROJECT_FORMAT } from "../../src-main/store/projectFormat.ts";
import { Unfinished } from "../../src-main/store/unfinished.ts";
import { newProject, sampleDraft, sampleResult, sampleScene, temporaryFolder } from "../support/projects.ts";

function start(dataFolder: string) {
  const lines: string[] = [];
  const store = startStore({ dataFolder, onLine: (line) => lines.push(line) });
  onTestFinished(() => store.stop());
  return { store, api: store.api, lines };
}

/** Another process: locks are of processes. Ends with 9 where the file is locked. */
const OPEN_IT = `
  const [entry, path] = process.argv.slice(1);
  const { default: Database } = await import(entry);
  const db = new Database(path, { timeout: 1 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    process.exit(error.code === "SQLITE_BUSY" ? 9 : 1);
  }`;
const DATABASE = import.meta.resolve("better-sqlite3");

function promptIn(path: string): string {
  const file = ProjectFile.open(path);
  const { prompt } = file.readDraft().draft.scene;
  expect(file.verify()).toEqual([]);
  file.close();
  return prompt;
}

test("a project that another process has open is not replaced, also not through a link, and both go on", async () => {
  const folder = temporaryFolder();
  const [a, b, link] = ["a.diorama", "b.diorama", "link"].map((name) => join(folder, name)) as [string, string, string];
  symlinkSync(folder, link);
  const [one, two] = [start(join(folder, "one")), start(join(folder, "two"))];
  await one.api.createProject({ path: a, draft: sampleDraft("of the first"), replace: false });
  await two.api.createProject({ path: b, draft: sampleDraft("of the second"), replace: false });
  for (const path of [a, join(link, "a.diorama")]) {
    const refused = {
      code: "project-invalid",
      message: `${path} is open in another window or program. Close it there, or choose another name.`,
    };
    await expect(two.api.copyProject({ path, replace: true })).rejects.toMatchObject(refused);
    await expect(two.api.createProject({ path, draft: sampleDraft(), replace: true })).rejects.toMatchObject(refused);
  }
  await one.api.saveDraft(sampleDraft("an hour later"));
  await one.api.closeProject();
  await two.api.closeProject();
  expect([promptIn(a), promptIn(b)]).toEqual(["an hour later", "of the second"]);
  expect(readdirSync(folder).sort()).toEqual(["a.diorama", "b.diorama", "link", "one", "two"]);
});

test("a project keeps its lock when it was brought up to date", () => {
  const path = join(temporaryFolder(), "old.diorama");
  const db = createDatabase(path, { ...PROJECT_FORMAT, migrations: PROJECT_FORMAT.migrations.slice(0, 2) });
  db.prepare("INSERT INTO project (id, created, draft, saved) VALUES (1, 'now', ?, 'now')").run(
    JSON.stringify(sampleDraft()),
  );
  db.close();
  const project = ProjectFile.open(path);
  onTestFinished(() => project.close());
  expect(project.info().notes).toHaveLength(1);
  expect(() => ProjectFile.open(path)).toThrow(/is open in another window/);
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", OPEN_IT, DATABASE, path]);
  expect(status).toBe(9);
});

test("saving over a link replaces what it leads to", () => {
  const project = newProject();
  const folder = temporaryFolder();
  const real = join(folder, "real.diorama");
  const link = join(folder, "link.diorama");
  ProjectFile.create(real, sampleDraft("before")).close();
  symlinkSync(real, link);
  project.saveDraft(sampleDraft("after"));
  project.copyTo(link, true);
  expect(promptIn(real)).toBe("after");
});

test("the journal of a file that was there is not taken for the new one's", () => {
  const project = newProject();
  const target = join(temporaryFolder(), "taken.diorama");
  writeFileSync(target, "no project");
  writeFileSync(`${target}-journal`, readFileSync(project.path).subarray(0, 9_000));
  project.copyTo(target, true);
  expect(existsSync(`${target}-journal`)).toBe(false);
  expect(promptIn(target)).toBe(sampleDraft().scene.prompt);
});

test("a folder, a pipe and a device are no files to save over", () => {
  const project = newProject();
  const folder = join(temporaryFolder(), "folder.diorama");
  mkdirSync(folder);
  for (const path of [folder, "/dev/null"])
    expect(() => project.copyTo(path, true)).toThrow(/is not a file that could be replaced/);
});

test("a store killed while it saves over a project leaves the old one or the new one, whole, and the next start cleans up", async () => {
  const folder = temporaryFolder();
  const data = join(folder, "data");
  const [from, to, old] = ["from.diorama", "to.diorama", "old"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const big = ProjectFile.create(from, sampleDraft("the new one"));
  const { id } = big.results.beginRun(sampleScene(), "demo", 1);
  big.results.addResult(sampleResult(id, "1"));
  big.close();
  const db = new Database(from);
  db.exec("UPDATE picture SET png = zeroblob(60000000)");
  db.close();
  ProjectFile.create(to, sampleDraft("the old one")).close();
  copyFileSync(to, old);
  const { store, api } = start(data);
  await api.openProject({ path: from });
  const begun = performance.now();
  await api.copyProject({ path: to, replace: true });
  const whole = performance.now() - begun;
  const seen = new Set<string>();
  let unfinished = 0;
  // Later and later, until one save was cut off before it was done and one after: on a busy machine neither comes by itself.
  for (let i = 0; i < 12 || (seen.size < 2 && i < 60); i++) {
    copyFileSync(old, to);
    await api.readDraft();
    const { pid } = store;
    const saving = api.copyProject({ path: to, replace: true }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, (whole * 1.2 * i) / 12));
    process.kill(pid!, "SIGKILL");
    await saving;
    await expect.poll(() => store.pid, { timeout: 20_000 }).not.toBe(pid);
    unfinished += readdirSync(folder).filter((name) => name.includes(".unfinished")).length;
    seen.add(promptIn(to));
  }
  expect([...seen].sort()).toEqual(["the new one", "the old one"]);
  expect(unfinished).toBeGreaterThan(0);
  await api.readDraft(); // the next start
  expect(readdirSync(folder).sort()).toEqual(["data", "from.diorama", "from.diorama-journal", "old", "to.diorama"]);
  expect(readdirSync(join(data, "unfinished"))).toEqual([]);
}, 60_000);

test("only what a process that is no more has noted as unfinished is removed", async () => {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  const file = (name: string) => {
    const path = join(folder, name);
    writeFileSync(path, "x");
    return path;
  };
  const [dead, alive, foreign] = [
    file("a.diorama.unfinished"),
    file("b.diorama.unfinished"),
    file("c.diorama.unfinished"),
  ];
  const precious = file("precious.diorama");
  const notes = join(folder, "notes");
  mkdirSync(notes);
  writeFileSync(join(notes, `${child.pid}-1`), dead);
  writeFileSync(join(notes, `${process.ppid}-1`), alive);
  writeFileSync(join(notes, `${child.pid}-2`), precious);
  expect(new Unfinished(notes, () => undefined).clean()).toEqual([dead]);
  expect([dead, alive, foreign, precious].map((path) => existsSync(path))).toEqual([false, true, true, true]);
});
