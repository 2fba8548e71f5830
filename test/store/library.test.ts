/** The app's own small database: it remembers, and it never stands in the way of starting. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import { Library } from "../../src-main/store/library.ts";
import { temporaryFolder, tickingClock } from "../support/projects.ts";

const model: LoadRequest = { path: "/models/sd", provider: "cpu", memory: "auto" };

function openLibrary(path = join(temporaryFolder(), "library.db")) {
  const notes: string[] = [];
  const library = new Library(path, { onNote: (note) => notes.push(note), clock: tickingClock() });
  onTestFinished(() => library.close());
  return { library, path, notes };
}

test("recent projects come latest first, each once, with whether they are there", () => {
  const { library, path } = openLibrary();
  const gone = "/gone/Untitled.diorama";
  for (const one of [gone, path, gone]) library.rememberProject({ path: one, title: `title of ${one}` });
  library.retitleProject({ path, title: "Untitled: a red circle" });
  expect(library.recentProjects()).toMatchObject([
    { path: gone, title: `title of ${gone}`, present: false },
    { path, title: "Untitled: a red circle", present: true },
  ]);
});

test("models come latest used first, and how they were opened is kept", () => {
  const { library } = openLibrary();
  library.rememberModel(model, "sd");
  library.rememberModel({ ...model, path: "/models/demo" }, "demo");
  library.rememberModel({ ...model, memory: "low" }, "sd");
  expect(library.knownModels().map(({ name, request }) => [name, request.memory])).toEqual([
    ["sd", "low"],
    ["demo", "auto"],
  ]);
  library.forgetModel("/models/sd");
  expect(library.knownModels()).toHaveLength(1);
});

test("preferences are set one by one, and null removes one", () => {
  const { library } = openLibrary();
  library.writePreferences({ theme: "dark", zoom: 1.25, panels: { left: true } });
  library.writePreferences({ zoom: null, theme: "light" });
  expect(library.readPreferences()).toEqual({ theme: "light", panels: { left: true } });
});

test("a name such as __proto__ is a preference like any other", () => {
  const { library } = openLibrary();
  library.writePreferences(JSON.parse('{"__proto__": 1}') as Record<string, unknown>);
  expect(Object.entries(library.readPreferences())).toEqual([["__proto__", 1]]);
});

test("what was written is there after closing", () => {
  const { library, path } = openLibrary();
  library.writePreferences({ theme: "dark" });
  library.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  expect(openLibrary(path).library.readPreferences()).toEqual({ theme: "dark" });
});

test("several processes share a library from its first moment on", () => {
  const { library, path, notes } = openLibrary();
  library.writePreferences({ theme: "dark" });
  const other = openLibrary(path); // what the first one wrote is still in its log
  expect(other.library.readPreferences()).toEqual({ theme: "dark" });
  other.library.writePreferences({ theme: "light" });
  expect(library.readPreferences()).toEqual({ theme: "light" });
  expect([...notes, ...other.notes]).toEqual([]);
  expect(existsSync(`${path}.unusable`)).toBe(false);
});

test("a library that cannot be read is kept aside, and a new one begun", () => {
  const path = join(temporaryFolder(), "library.db");
  writeFileSync(path, "rubbish");
  const { library, notes } = openLibrary(path);
  expect(library.readPreferences()).toEqual({});
  expect(readFileSync(`${path}.unusable`, "utf8")).toBe("rubbish");
  expect(notes.at(-1)).toContain("library.db.unusable");
});

test("a library of a newer version is kept aside too, for when that version comes back", () => {
  const { library, path } = openLibrary();
  library.writePreferences({ theme: "dark" });
  library.close();
  const db = new Database(path);
  db.pragma("user_version = 9");
  db.close();
  const { notes } = openLibrary(path);
  expect(notes[0]).toContain("newer version");
  expect(existsSync(`${path}.unusable`)).toBe(true);
});
