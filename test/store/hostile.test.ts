/**
 * Projects of strangers, each in a store process of its own as in the app: what it says, how long it takes, how much memory it takes, and
 * that it can be closed. The makers are those of the campaign.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AppError } from "../../src-main/wire/errors.ts";
import { createDatabase, openDatabase } from "../../src-main/store/database.ts";
import { startStore } from "../../src-main/store/host.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { PROJECT_FORMAT } from "../../src-main/store/projectFormat.ts";
import { HOSTILE_PROJECTS, writeHonest, type HostileProject } from "../campaign/hostileProjects.ts";
import { sampleDraft, sampleResult, sampleScene, temporaryFolder } from "../support/projects.ts";

/** Megabytes that a store process may take at its most, and seconds of a processor for all its answers together. */
const MOST_MEMORY = 500;
const MOST_WORK = 5;

const EVERYTHING = { order: "newest", offset: 0, limit: 500 } as const;

function start(folder: string) {
  const store = startStore({ dataFolder: join(folder, "data"), onLine: () => undefined });
  onTestFinished(() => store.stop());
  return store;
}

/** Peak memory of a process in megabytes; only Linux tells. */
function peakOf(pid: number | undefined): number {
  if (process.platform !== "linux") return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

/** Seconds of a processor that a process has used: unlike the time on the wall, the same on a busy machine. */
function workOf(pid: number | undefined): number {
  if (process.platform !== "linux") return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Asks everything that a window asks; gives the slowest answer in milliseconds. */
async function askAll({ api }: ReturnType<typeof startStore>): Promise<number> {
  let slowest = 0;
  const timed = async <T>(call: Promise<T>): Promise<T | AppError> => {
    const begun = performance.now();
    const answer = await call.catch((error: unknown) => error as AppError);
    slowest = Math.max(slowest, performance.now() - begun);
    if (answer instanceof Error) expect(answer).not.toMatchObject({ code: "internal" });
    return answer;
  };
  await timed(api.readDraft());
  await timed(api.listVersions());
  for (const id of [1, 2]) {
    await timed(api.readRun({ id }));
    await timed(api.readResult({ id }));
    await timed(api.readAttention({ id }));
    await timed(api.readPicture({ id, size: "full" }));
    await timed(api.readPicture({ id, size: "thumbnail" }));
  }
  for (const text of [undefined, "cat"]) {
    const asked = text === undefined ? {} : { text };
    await timed(api.listRuns({ ...asked, offset: 0, limit: 500 }));
    await timed(api.listResults({ ...EVERYTHING, ...asked }));
  }
  await timed(api.markResults({ ids: [1, 2], starred: true }));
  const run = await timed(api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 }));
  if (!(run instanceof Error)) await timed(api.addResult(sampleResult(run.id, "7")));
  await timed(api.verifyProject());
  const { path } = (await api.currentProject())!;
  await timed(api.copyProject({ path: path.replace("h.", "copy."), replace: false }));
  await timed(api.closeProject());
  return slowest;
}

describe("a project of a stranger:", () => {
  test.each(HOSTILE_PROJECTS)("$name", { timeout: 60_000 }, async ({ write, outcome }) => {
    const folder = temporaryFolder();
    const path = join(folder, "h.diorama");
    write(path);
    const isSmall = statSync(path).isFile() && statSync(path).size < 1e8;
    const before = isSmall ? readFileSync(path) : undefined;
    const store = start(folder);
    const begun = performance.now();
    const said = await store.api.openProject({ path }).then(
      () => "opened",
      (error: unknown) => (error as AppError).message,
    );
    let slowest = performance.now() - begun;
    if (outcome === "refused") {
      expect(said).toContain(path);
      expect(said).not.toBe("opened");
      if (before) expect(readFileSync(path).equals(before), "it was left as it is").toBe(true);
      expect(["-journal", "-wal", "-shm"].filter((ending) => existsSync(path + ending))).toEqual([]);
    } else {
      expect(said).toBe("opened");
      slowest = Math.max(slowest, await askAll(store));
    }
    // The store serves the next one.
    const next = join(folder, "next.diorama");
    writeHonest(next);
    await store.api.openProject({ path: next });
    expect((await store.api.listResults(EVERYTHING)).total).toBe(6);
    const [memory, work] = [peakOf(store.pid), workOf(store.pid)];
    if (process.env["DIORAMA_MEASURE"])
      console.log(`${Math.round(memory)} MB, ${work} s, slowest ${Math.round(slowest)} ms: ${said}`);
    expect(memory).toBeLessThan(MOST_MEMORY);
    expect(work).toBeLessThan(MOST_WORK);
  });
});

function written(name: HostileProject["name"]): string {
  const path = join(temporaryFolder(), "h.diorama");
  HOSTILE_PROJECTS.find((project) => project.name === name)!.write(path);
  return path;
}

function opened(path: string): ProjectFile {
  const project = ProjectFile.open(path);
  onTestFinished(() => project.close());
  return project;
}

describe("what is wrong in a project is left out, and told:", () => {
  test("values of another type", () => {
    const project = opened(written("values of another type than their columns"));
    expect(project.info()).toMatchObject({
      results: 5,
      notes: ["1 version, 1 run, 1 picture in this project cannot be read and are not shown. What is shown is whole."],
    });
    const { results, total } = project.results.listResults(EVERYTHING);
    expect([total, results.map(({ id }) => id)]).toEqual([5, [6, 5, 4, 3, 2]]);
    expect(project.results.listRuns({ offset: 0, limit: 9 })).toMatchObject({
      total: 1,
      runs: [{ id: 1, finished: 2 }],
    });
    expect(project.results.listRuns({ text: "cat", offset: 0, limit: 9 })).toMatchObject({
      total: 1,
      runs: [{ id: 1 }],
    });
    expect(project.listVersions()).toEqual([]);
    for (const read of ["readResult", "readAttention"] as const) {
      expect(() => project.results[read](1)).toThrow(/no longer in the project/);
    }
    expect(() => project.results.readRun(2)).toThrow(/not in the project/);
    expect(project.results.markResults([1, 2], true, undefined)).toBe(1);
  });

  test("verifying tells of it, too", () => {
    expect(opened(written("a seed that is a page, and sizes that are none")).verify()).toEqual([
      "1 picture in this project cannot be read and are not shown. What is shown is whole.",
    ]);
    expect(opened(written("scenes that are no JSON")).verify()).toContain(
      "row 2 of run is damaged: its scene cannot be read",
    );
  });

  test("more versions than anybody makes", () => {
    const project = opened(written("a million and a half versions"));
    expect(project.listVersions()).toHaveLength(10_000);
    expect(project.info().notes).toEqual(["Of 1,500,001 versions the newest 10,000 are listed."]);
  });

  test.each([
    ["small pictures of 20,000 by 20,000 pixels", "thumbnail", /20000 x 20000 pixels; at most 1024 a side/],
    ["pictures that say 30,000 by 30,000 pixels", "full", /30000 x 30000 pixels; at most 4096 a side/],
  ] as const)("%s", (name, size, message) => {
    const project = opened(written(name));
    expect(() => project.results.readPicture(1, size)).toThrow(message);
    expect(project.results.readPicture(1, size === "full" ? "thumbnail" : "full").length).toBeGreaterThan(99);
  });

  test("bytes that are no picture", () => {
    const path = written("scenes that are no JSON");
    const db = new Database(path);
    db.exec("UPDATE picture SET png = randomblob(5000), thumbnail = x''");
    db.close();
    const { results } = opened(path);
    for (const size of ["full", "thumbnail"] as const) expect(() => results.readPicture(1, size)).toThrow(/not a PNG/);
    expect(() => results.readRun(1)).toThrow(/scene of this run is damaged/);
    expect(() => results.readResult(1)).toThrow(/settings .* are damaged/);
  });
});

test("SQLite's defences are up: neither schema nor the tables behind the search can be written to", () => {
  const path = join(temporaryFolder(), "h.diorama");
  writeHonest(path);
  const { db } = openDatabase(path, PROJECT_FORMAT);
  onTestFinished(() => void db.close());
  expect(db.pragma("trusted_schema", { simple: true })).toBe(0);
  db.pragma("writable_schema = ON");
  expect(() => db.exec("UPDATE sqlite_schema SET sql = 'x'")).toThrow(/may not be modified/);
  expect(() => db.exec("DELETE FROM run_text_data")).toThrow(/may not be modified/);
});

describe("a project in another program's journal mode", () => {
  const inLog = () => {
    const path = join(temporaryFolder(), "h.diorama");
    writeHonest(path);
    const db = new Database(path);
    db.pragma("journal_mode = WAL");
    return { db, path };
  };

  test("is opened, and is one file again", () => {
    const { db, path } = inLog();
    db.close();
    opened(path).close();
    expect(readFileSync(path)[18]).toBe(1); // a rollback journal, by SQLite's file format
    expect(readdirSync(join(path, ".."))).toEqual(["h.diorama"]);
  });

  test("whose program was cut off says what became of its last changes when it is refused", () => {
    const { db, path } = inLog();
    db.exec("CREATE TABLE more (x)");
    const copy = join(temporaryFolder(), "h.diorama");
    for (const ending of ["", "-wal"]) copyFileSync(path + ending, copy + ending);
    db.close();
    expect(() => opened(copy)).toThrow(
      /the changes in h\.diorama-wal, left by a program that was cut off, were put in order/,
    );
  });
});

test("a project that is refused is not brought up to date before", () => {
  const path = join(temporaryFolder(), "h.diorama");
  const db = createDatabase(path, { ...PROJECT_FORMAT, migrations: PROJECT_FORMAT.migrations.slice(0, 2) });
  db.exec("INSERT INTO project (id, created, draft, saved) VALUES (1, 'then', '{}', 'then')");
  db.close();
  const before = readFileSync(path);
  expect(() => opened(path)).toThrow(/its draft cannot be read .*It was left as it is/);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(join(path, "..")).filter((name) => name.includes("version"))).toEqual([]);
});

describe("only files are opened:", () => {
  test.each([
    ["a pipe", (path: string) => void execFileSync("mkfifo", [path])],
    ["a device without an end", (path: string) => symlinkSync("/dev/zero", path)],
    ["a folder", (path: string) => mkdirSync(path, { recursive: false })],
  ])("%s", (_name, make) => {
    const folder = temporaryFolder();
    const [picture, project] = [join(folder, "x.png"), join(folder, "x.diorama")];
    make(picture);
    make(project);
    const honest = join(folder, "h.diorama");
    writeHonest(honest);
    const { results } = opened(honest);
    expect(() => importPicture(results, picture)).toThrow(/x\.png is a folder, a pipe or a device|EISDIR/);
    expect(() => opened(project)).toThrow(/x\.diorama is a folder, a pipe or a device/);
  });
});

describe("a search of very many words takes no time:", () => {
  test.each([
    ["the same again and again", "a ".repeat(9_999)],
    ["all different", Array.from({ length: 4_000 }, (_, i) => `w${i}`).join(" ")],
    ["one, without an end", "a".repeat(20_000)],
  ])("%s", (_name, text) => {
    const path = join(temporaryFolder(), "h.diorama");
    const long = sampleScene(`a cat ${"a ".repeat(9_000)}`);
    const project = ProjectFile.create(path, sampleDraft());
    onTestFinished(() => project.close());
    for (let i = 0; i < 50; i++) project.results.beginRun(long, "demo", 1);
    const before = process.cpuUsage();
    project.results.listRuns({ text, offset: 0, limit: 500 });
    project.results.listResults({ ...EVERYTHING, text });
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(3);
  });

  test("a prompt that is pasted finds its run", () => {
    const path = join(temporaryFolder(), "h.diorama");
    const project = ProjectFile.create(path, sampleDraft());
    onTestFinished(() => project.close());
    const prompt = Array.from({ length: 300 }, (_, i) => `word${i}`).join(", ");
    project.results.beginRun(sampleScene(prompt), "demo", 1);
    project.results.beginRun(sampleScene(), "demo", 1);
    expect(project.results.listRuns({ text: prompt, offset: 0, limit: 9 })).toMatchObject({
      total: 1,
      runs: [{ id: 1 }],
    });
    expect(project.results.listRuns({ text: "CAT cat Cat", offset: 0, limit: 9 }).total).toBe(1);
  });
});
