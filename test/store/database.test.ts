/** What could go wrong with the file: each has one clear error, and none changes a byte. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { isAppError } from "../../src-main/wire/errors.ts";
import { createDatabase, openDatabase } from "../../src-main/store/database.ts";
import { guarded } from "../../src-main/store/databaseErrors.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { PROJECT_FORMAT } from "../../src-main/store/projectFormat.ts";
import { newProject, sampleDraft, sampleResult, sampleScene, temporaryFolder } from "../support/projects.ts";

/** A closed project with a few results, its path. */
function closedProject(): string {
  const project = newProject();
  const { id } = project.results.beginRun(sampleScene(), "demo", 2);
  for (const seed of ["1", "2"]) project.results.addResult(sampleResult(id, seed));
  project.results.endRun(id, "done", null);
  project.close();
  return project.path;
}

/** The message that opening gives; the file must be as it was before. */
function refusal(path: string): string {
  const before = existsSync(path) ? readFileSync(path) : undefined;
  try {
    ProjectFile.open(path).close();
  } catch (error) {
    if (!isAppError(error, "project-invalid")) throw error;
    expect(error.details).toEqual({ path });
    if (before) expect(readFileSync(path).equals(before)).toBe(true);
    return error.message;
  }
  throw new Error("it was opened");
}

function changed(path: string, sql: string): string {
  const db = new Database(path);
  db.exec(sql);
  db.close();
  return path;
}

describe("a file that is no project:", () => {
  const written = (bytes: string | Buffer) => {
    const path = join(temporaryFolder(), "x.diorama");
    writeFileSync(path, bytes);
    return path;
  };
  test("none at all", () =>
    expect(refusal("/nowhere/x.diorama")).toBe("There is no Diorama project at /nowhere/x.diorama."));
  test("empty", () => expect(refusal(written(""))).toMatch(/is not a Diorama project\.$/));
  test("a text", () => expect(refusal(written("hello ".repeat(99)))).toMatch(/is not a Diorama project\.$/));
  test("SQLite's first bytes and rubbish", () => {
    expect(refusal(written(Buffer.from(`SQLite format 3\0${"x".repeat(5_000)}`)))).toMatch(
      /is not a Diorama project\.$/,
    );
  });
  test("another program's database", () => {
    const path = join(temporaryFolder(), "x.diorama");
    changed(path, "CREATE TABLE project (id INTEGER)");
    expect(refusal(path)).toMatch(/is not a Diorama project\.$/);
  });
  test("a folder", () => {
    const path = join(temporaryFolder(), "x.diorama");
    mkdirSync(path);
    expect(() => ProjectFile.open(path)).toThrow(expect.objectContaining({ code: "project-invalid" }));
  });
  test("one whose making was cut off", () => {
    const path = changed(
      join(temporaryFolder(), "x.diorama"),
      `PRAGMA application_id = ${PROJECT_FORMAT.applicationId}`,
    );
    expect(refusal(path)).toMatch(/was never finished/);
  });
});

const NEWEST = PROJECT_FORMAT.migrations.length;

test("a project of a newer version asks for an update", () => {
  const path = changed(closedProject(), "PRAGMA user_version = 99");
  expect(refusal(path)).toMatch(
    new RegExp(`written by a newer version of Diorama \\(its form is 99, this version knows ${NEWEST}\\)\\. Update`),
  );
});

test("a write-protected project is opened for reading, whoever opens it, and not a byte of it is changed", () => {
  const path = closedProject();
  const before = readFileSync(path);
  chmodSync(path, 0o444);
  const project = ProjectFile.open(path);
  expect(project.readOnly).toBe("it is write-protected");
  expect(project.results.listResults({ order: "newest", offset: 0, limit: 9 }).total).toBe(2);
  expect(() => project.guard(() => project.saveDraft(sampleDraft("a dog")))).toThrow(/cannot be written/);
  project.close();
  expect(readFileSync(path).equals(before)).toBe(true);
  chmodSync(path, 0o644);
  ProjectFile.open(path).close();
});

test("a write-protected project of an older form says that it must be copied first", () => {
  const path = changed(closedProject(), "PRAGMA user_version = 2");
  chmodSync(path, 0o444);
  expect(refusal(path)).toMatch(/must be brought up to date, but it is write-protected\. Copy it|is damaged/);
});

test("a project that is open already is refused to the second, and the first goes on", () => {
  const project = newProject();
  expect(() => ProjectFile.open(project.path)).toThrow(/is open in another window or program/);
  expect(project.saveDraft(sampleDraft("a dog on a mat")).changed).toBe(true);
});

describe("a damaged project:", () => {
  test("cut off in the middle", () => {
    const path = closedProject();
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    expect(refusal(path)).toMatch(/is damaged \(.*\)\. It was left as it is/);
  });
  test("a page overwritten", () => {
    const path = closedProject();
    const bytes = readFileSync(path);
    const page = bytes.indexOf("blurry") - (bytes.indexOf("blurry") % 4096);
    bytes.fill(0xab, page, page + 4096);
    writeFileSync(path, bytes);
    expect(refusal(path)).toMatch(/is damaged/);
  });
  test("a table missing", () => expect(refusal(changed(closedProject(), "DROP TABLE run"))).toMatch(/is damaged/));
  test("no project row", () =>
    expect(refusal(changed(closedProject(), "DELETE FROM project"))).toMatch(/no project in it/));
  test("a picture damaged is found by verifying", () => {
    const path = closedProject();
    const bytes = readFileSync(path);
    const at = bytes.lastIndexOf("IHDR");
    bytes.fill(0xab, at - (at % 4096), at - (at % 4096) + 4096);
    writeFileSync(path, bytes);
    const project = ProjectFile.open(path);
    expect(project.verify()).not.toEqual([]);
    project.close();
  });
});

describe("a part of a project that is not what it should be is refused by itself:", () => {
  const opened = (sql: string) => {
    const project = ProjectFile.open(changed(closedProject(), sql));
    onTestFinished(() => project.close());
    return project;
  };
  test.each([
    ["the scene of a run", "UPDATE run SET scene = '{}'", ({ results }: ProjectFile) => results.readRun(1)],
    [
      "the settings of a picture",
      "UPDATE result SET record = '{}'",
      ({ results }: ProjectFile) => results.readResult(1),
    ],
    [
      "a picture of a hundred megabytes",
      "UPDATE picture SET png = zeroblob(140000000)",
      ({ results }: ProjectFile) => results.readPicture(1, "full"),
    ],
    [
      "attention of a million by a million cells",
      "UPDATE attention SET width = 1000000, height = 1000000",
      ({ results }: ProjectFile) => results.readAttention(1),
    ],
    [
      "attention of no boxes",
      "UPDATE attention SET regions = '{}'",
      ({ results }: ProjectFile) => results.readAttention(1),
    ],
    [
      "a version",
      "INSERT INTO version (name, automatic, created, document) VALUES ('x', 0, '', '[]')",
      (project: ProjectFile) => project.restoreVersion(1),
    ],
  ])("%s", (_name, sql, read) => {
    const project = opened(sql);
    expect(() => read(project)).toThrow(/damaged|too large/);
    expect(project.readDraft().draft).toEqual(sampleDraft());
    expect(project.results.listResults({ order: "newest", offset: 0, limit: 9 }).total).toBe(2);
  });
});

test("a transaction that a crash cut off is rolled back on opening", () => {
  const path = closedProject();
  const folder = temporaryFolder();
  const db = new Database(path);
  db.pragma("cache_size = 1"); // spills changed pages into the file before the commit
  db.exec("BEGIN; UPDATE project SET draft = '{}'; UPDATE picture SET png = zeroblob(500000);");
  for (const name of readdirSync(join(path, ".."))) copyFileSync(join(path, "..", name), join(folder, name));
  db.exec("ROLLBACK");
  db.close();
  expect(readdirSync(folder).sort()).toEqual(["cats.diorama", "cats.diorama-journal"]);
  const project = ProjectFile.open(join(folder, "cats.diorama"));
  expect(project.readDraft().draft).toEqual(sampleDraft());
  expect(project.verify()).toEqual([]);
  project.close();
});

describe("what a stranger may have put into the file is found before it is asked anything:", () => {
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
  test.each([
    [
      "a trigger",
      "CREATE TRIGGER evil AFTER UPDATE ON project BEGIN SELECT load_extension('/tmp/evil.so'); END",
      /the trigger evil does not belong in it/,
    ],
    [
      "a view in a table's place, which never ends",
      `DROP TABLE attention; CREATE VIEW attention AS ${endless} SELECT i AS result FROM n`,
      /the view attention is not as it should be/,
    ],
    [
      "a column that is computed, and fills the memory",
      "ALTER TABLE result ADD COLUMN x BLOB GENERATED ALWAYS AS (zeroblob(100000)) VIRTUAL",
      /the table result is not as it should be/,
    ],
    ["an index on an expression", "CREATE INDEX evil ON run (hex(zeroblob(100000000)))", /the index evil does not/],
    ["a table more", "CREATE TABLE more (x)", /the table more does not belong in it/],
    ["an index less", "DROP INDEX result_by_run", /the index result_by_run is missing/],
    [
      "a table of the search that computes",
      "DROP TABLE run_text; CREATE TABLE run_text_data (id INTEGER PRIMARY KEY, block BLOB DEFAULT (zeroblob(9)))",
      /run_text/,
    ],
  ])("%s", (_name, sql, message) => expect(refusal(changed(closedProject(), sql))).toMatch(message));

  test.each([
    ["a draft that is none", "'{}'", /its draft cannot be read \(scene: /],
    [
      "a draft with a box outside the picture",
      "json_set(draft, '$.scene.regions[0].box.x', 7)",
      /regions\[0\]\.box\.x/,
    ],
    ["a draft of megabytes", `json_set(draft, '$.editor.x', hex(zeroblob(9000000)))`, /it is too long/],
  ])("%s", (_name, draft, message) => {
    expect(refusal(changed(closedProject(), `UPDATE project SET draft = ${draft}`))).toMatch(message);
  });

  test("and what SQLite itself adds is none of that", () => {
    const path = changed(closedProject(), "ANALYZE");
    ProjectFile.open(path).close();
  });
});

describe("each released form is brought up to date:", () => {
  test.each([1, 2, 3, 4, 5, 6])("form %i", (version) => {
    const path = join(temporaryFolder(), "old.diorama");
    const db = createDatabase(path, { ...PROJECT_FORMAT, migrations: PROJECT_FORMAT.migrations.slice(0, version) });
    const draft = JSON.stringify(sampleDraft());
    db.prepare("INSERT INTO project (id, created, draft, saved) VALUES (1, 'then', ?, 'later')").run(draft);
    db.prepare(
      `INSERT INTO run (created, scene, prompt, negative_prompt, model, asked, outcome)
       VALUES ('then', ?, 'a cat on a mat', 'blurry', 'demo', 1, 'done')`,
    ).run(JSON.stringify(sampleScene()));
    db.prepare(
      `INSERT INTO result (run, seed, created, width, height, seconds, bytes, record)
       VALUES (1, '18446744073709551615', 'then', 8, 8, 1, 3, '{}')`,
    ).run();
    db.close();

    const project = ProjectFile.open(path);
    expect(project.readDraft().draft).toEqual(sampleDraft());
    const found = project.results.listResults({ text: "CAT ma", order: "newest", offset: 0, limit: 9 });
    expect(found.results.map(({ seed }) => seed)).toEqual(["18446744073709551615"]);
    expect(project.results.readAttention(1)).toBeNull();
    expect(project.results.emptyBin()).toEqual([]);
    expect(project.verify()).toEqual([]);
    const copies = readdirSync(join(path, "..")).filter((name) => name.includes("version"));
    expect(copies).toEqual(version < NEWEST ? [`old.diorama.version-${version}`] : []);
    expect(project.info().notes).toHaveLength(copies.length);
    project.close();
  });
});

test("a migration that fails leaves the file at its form, and whole", () => {
  const path = closedProject();
  const before = readFileSync(path);
  const next = { name: "cannot be", sql: "CREATE TABLE more (x); CREATE TABLE run (x);" };
  const format = { ...PROJECT_FORMAT, migrations: [...PROJECT_FORMAT.migrations, next] };
  expect(() => openDatabase(path, format)).toThrow(/is damaged \(table run already exists\)/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a full disk is an error that says so, and what was there stays", () => {
  const path = join(temporaryFolder(), "full.diorama");
  const db = createDatabase(path, PROJECT_FORMAT);
  db.pragma(`max_page_count = ${Number(db.pragma("page_count", { simple: true })) + 2}`);
  const write = () =>
    db
      .prepare("INSERT INTO project (id, created, draft, saved) VALUES (1, 'now', ?, 'now')")
      .run(`"${"x".repeat(99_999)}"`);
  expect(() => guarded(path, PROJECT_FORMAT, write)).toThrow(/The disk with .* is full\. Nothing was changed/);
  expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
  db.close();
});
