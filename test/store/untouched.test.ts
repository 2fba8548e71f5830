/** A project that is refused is as it was, wherever in it the damage is found. */
import Database from "better-sqlite3";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ProjectFile } from "../../src-main/store/project.ts";
import { newProject, sampleResult, sampleScene } from "../support/projects.ts";

function honest(): string {
  const project = newProject();
  const { id } = project.results.beginRun(sampleScene(), "demo", 1);
  project.results.addResult(sampleResult(id, "1"));
  project.close();
  return project.path;
}

test("a project whose counters are damaged is refused before anything is written", () => {
  const path = honest();
  const db = new Database(path, { readonly: true });
  const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_sequence'").pluck().get() as number;
  const size = db.pragma("page_size", { simple: true }) as number;
  db.close();
  const file = readFileSync(path);
  file.fill(0xff, (page - 1) * size, page * size);
  writeFileSync(path, file);
  expect(() => ProjectFile.open(path)).toThrow(/is damaged .*It was left as it is/);
  expect(readFileSync(path).equals(file)).toBe(true);
});

test("a file that contradicts itself is told of in a person's words", () => {
  const path = honest();
  const db = new Database(path);
  db.pragma("foreign_keys = OFF");
  db.exec("INSERT INTO picture SELECT 2, thumbnail, png FROM picture"); // of a result that is still to come
  db.close();
  const project = ProjectFile.open(path);
  try {
    expect(() => project.guard(() => project.results.addResult(sampleResult(1, "2")))).toThrow(
      /is damaged: it contradicts itself .*Nothing was changed/,
    );
  } finally {
    project.close();
  }
});

/** The file with a page of this table filled with nonsense. */
function withBrokenTable(path: string, table: string): Buffer {
  const db = new Database(path, { readonly: true });
  const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").pluck().get(table) as number;
  const size = db.pragma("page_size", { simple: true }) as number;
  db.close();
  const file = readFileSync(path);
  file.fill(0xff, (page - 1) * size, page * size);
  writeFileSync(path, file);
  return file;
}

test("a project whose pictures cannot be counted is refused before it is marked as open", () => {
  const path = honest();
  const file = withBrokenTable(path, "result");
  expect(() => ProjectFile.open(path)).toThrow(/is damaged/);
  expect(readFileSync(path).equals(file)).toBe(true);
});

test("a header with a wrong count of pages is not mended in a project that is refused", () => {
  const path = honest();
  const file = withBrokenTable(path, "version");
  file.writeUInt32BE(file.readUInt32BE(28) - 1, 28); // pages
  file.writeUInt32BE(file.readUInt32BE(24) + 1, 92); // of another change, so SQLite believes the file's size instead
  writeFileSync(path, file);
  expect(() => ProjectFile.open(path)).toThrow(/is damaged/);
  expect(readFileSync(path).equals(file)).toBe(true);
});
