/**
 * Damaged project files: honest ones changed byte by byte, page by page, or by SQL that no honest program would run. All go through the
 * store's service. The claim: each is refused in words that name it, and the file is byte for byte as it was; or it opens, every call
 * answers in words or with a value, it can be closed, and what was announced as saved into it is there when it is opened again.
 */
import Database from "better-sqlite3";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, sampleResult, sampleScene } from "../support/projects.ts";
import { answerOf, changeEverything, readEverything } from "./everyCall.ts";
import { Fault, type Clock, type Part } from "./part.ts";
import { damageBytes, joined, noise, oneOf, type Pick } from "./random.ts";
import { storeHere } from "./serviceHere.ts";

type Api = ReturnType<typeof storeHere>["api"];

/** An honest project of so many runs with three pictures each. */
function honest(path: string, runs: number): Buffer {
  const project = ProjectFile.create(path, sampleDraft());
  for (let run = 1; run <= runs; run++) {
    const { id } = project.results.beginRun(sampleScene(), "demo", 3);
    for (const n of [1, 2, 3]) project.results.addResult(sampleResult(id, String(100 * run + n)));
    project.results.endRun(id, "done", null);
    project.nameVersion(`version ${run}`);
  }
  project.close();
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

const pageSizeOf = (file: Uint8Array) => Buffer.from(file).readUInt16BE(16) || 4_096;

type Damage = (file: Uint8Array, pick: Pick, path: string) => Uint8Array;

/** Works on one page, and on its first bytes more often than elsewhere: the tree is there. */
const onPage =
  (change: (page: Uint8Array, pick: Pick, file: Uint8Array) => Uint8Array): Damage =>
  (file, pick) => {
    const size = pageSizeOf(file);
    const at = size * pick(Math.max(1, Math.floor(file.length / size)));
    return joined(
      file.subarray(0, at),
      change(Uint8Array.from(file.subarray(at, at + size)), pick, file),
      file.subarray(at + size),
    );
  };

const VALUES = ["NULL", "0", "-1", "1e999", "9223372036854775807", "'x'", "''", "x'00'", "'{}'", "'[]'", "'null'", "'\"'", "zeroblob(100000)", "hex(zeroblob(50000))", "'../../x'", "char(0, 10, 55296)"]; // prettier-ignore
const COLUMNS = ["project.created", "project.draft", "project.saved", "project.version", "project.in_use", "version.name", "version.document", "version.created", "version.automatic", "run.scene", "run.prompt", "run.negative_prompt", "run.model", "run.asked", "run.outcome", "run.message", "run.created", "result.run", "result.seed", "result.created", "result.width", "result.height", "result.obedience", "result.seconds", "result.bytes", "result.record", "result.state", "result.starred", "picture.png", "picture.thumbnail", "attention.regions", "attention.maps", "attention.width", "attention.height", "sqlite_sequence.seq", "run_text_data.block"]; // prettier-ignore
const STATEMENTS = ["DROP TABLE picture", "DROP TABLE run_text", "DROP INDEX result_by_run", "DROP TRIGGER run_added", "CREATE TABLE more (x)", "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM result; END", "PRAGMA user_version = 99", "PRAGMA user_version = 1", "PRAGMA user_version = 0", "PRAGMA user_version = -1", "PRAGMA application_id = 7", "PRAGMA journal_mode = WAL", "DELETE FROM project", "DELETE FROM run", "DELETE FROM picture", "DELETE FROM sqlite_sequence", "ALTER TABLE run ADD COLUMN x", "ALTER TABLE run DROP COLUMN message", "ALTER TABLE run RENAME TO walk", "INSERT INTO run_text (run_text) VALUES ('delete-all')", "UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'run'", "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '')", "VACUUM"]; // prettier-ignore

const DAMAGES: Damage[] = [
  damageBytes,
  onPage(damageBytes),
  onPage((page, pick) => {
    for (let n = 1 + pick(3); n > 0; n--) page[pick(Math.min(page.length, oneOf(pick, [12, 100, 4_096])))] = pick(256);
    return page;
  }),
  onPage((page) => page.fill(0)),
  onPage((page, pick) => noise(pick, page.length)),
  // A page of another place in the file.
  onPage((page, pick, file) =>
    file.subarray(page.length * pick(Math.floor(file.length / page.length))).subarray(0, page.length),
  ),
  (file, pick) => {
    const copy = Uint8Array.from(file);
    for (let n = 1 + pick(3); n > 0; n--) copy[16 + pick(84)] = oneOf(pick, [0, 1, 2, 255, pick(256)]);
    return copy;
  },
  (file, pick) => file.subarray(0, pageSizeOf(file) * pick(Math.ceil(file.length / pageSizeOf(file)))),
  bySql,
  bySql,
  bySql,
];

/** Statements as a stranger would run them, with every check switched off. What SQLite itself refuses is left out. */
function bySql(file: Uint8Array, pick: Pick, path: string): Uint8Array {
  writeFileSync(path, file);
  const db = new Database(path);
  try {
    db.unsafeMode();
    for (const pragma of ["ignore_check_constraints = ON", "writable_schema = ON", "foreign_keys = OFF"])
      db.pragma(pragma);
    for (let n = 1 + pick(3); n > 0; n--) {
      const [table, column] = oneOf(pick, COLUMNS).split(".") as [string, string];
      const sql = pick(3) > 0 ? `UPDATE ${table} SET ${column} = ${oneOf(pick, VALUES)}` : oneOf(pick, STATEMENTS);
      try {
        db.exec(sql);
      } catch (error) {
        if (!(error instanceof Database.SqliteError)) throw error;
      }
    }
  } finally {
    db.close();
  }
  return readFileSync(path);
}

/** A journal beside the file that no process of ours left. */
function writeJournal(path: string, pick: Pick): void {
  const header = Buffer.from("d9d505f920a163d7ffffffff", "hex");
  const kind = oneOf(pick, ["-journal", "-wal", "-shm"]);
  writeFileSync(path + kind, kind === "-journal" ? joined(header, noise(pick, 2_000)) : noise(pick, 4_000));
}

export const projects: Part = {
  title: "damaged projects",
  count: 3_500,
  memory: "worker",
  prepare({ folder }) {
    mkdirSync(folder, { recursive: true });
    const sounds = [0, 1, 8].map((runs) => honest(join(folder, `honest-${runs}.diorama`), runs));
    const store = storeHere(join(folder, "data"));
    return Promise.resolve({
      run: async (index: number, pick: Pick, clock: Clock) => {
        const home = join(folder, `case-${index}`);
        mkdirSync(home);
        const path = join(home, "project.diorama");
        let file: Uint8Array = oneOf(pick, sounds);
        for (let n = 1 + pick(2); n > 0 && file.length > 0; n--) file = oneOf(pick, DAMAGES)(file, pick, path);
        for (const name of readdirSync(home)) rmSync(join(home, name));
        writeFileSync(path, file);
        const hasJournal = pick(12) === 0;
        if (hasJournal) writeJournal(path, pick);
        try {
          return await tryProject(
            store.api,
            { path, file: hasJournal ? undefined : file },
            clock,
            String(1_000 + index),
          );
        } catch (error) {
          throw error instanceof Fault
            ? new Fault(error.message, { lost: error.lost, cause: error.cause, evidence: { "project.diorama": file } })
            : error;
        } finally {
          await store.api.closeProject();
          rmSync(home, { recursive: true, force: true });
        }
      },
      close: () => store.close(),
    });
  },
};

/** `file`: the bytes that a refusal must leave, where the file is all there is. */
async function tryProject(
  api: Api,
  { path, file }: { path: string; file: Uint8Array | undefined },
  clock: Clock,
  seed: string,
): Promise<string> {
  const opened = await answerOf(clock, "openProject", () => api.openProject({ path }));
  if ("refusal" in opened) {
    if (!opened.refusal.includes(path)) throw new Fault(`the message does not name the file: ${opened.refusal}`);
    if (file && Buffer.compare(readFileSync(path), file) !== 0)
      throw new Fault(`refused and changed all the same: ${opened.refusal}`, { lost: 1 });
    return "refused";
  }
  const { refusals } = await readEverything(api, clock);
  const kept = await changeEverything(api, clock, seed);
  await readEverything(api, clock);
  await clock.time("closeProject", () => api.closeProject());
  const again = await answerOf(clock, "openProject again", () => api.openProject({ path }));
  if ("refusal" in again) {
    if (Object.keys(kept).length > 0)
      throw new Fault(`what was announced as saved cannot be opened: ${again.refusal}`, {
        lost: Object.keys(kept).length,
      });
    return "opened in part";
  }
  const draft = await answerOf(clock, "readDraft again", () => api.readDraft());
  if (kept.draft !== undefined && !("value" in draft && draft.value.draft.scene.prompt === kept.draft))
    throw new Fault("the draft that was announced as saved is not there", { lost: 1 });
  if (kept.seed !== undefined) await findPicture(api, clock, kept.seed);
  return refusals > 0 ? "opened in part" : "opened";
}

async function findPicture(api: Api, clock: Clock, seed: string): Promise<void> {
  const page = await answerOf(clock, "listResults again", () =>
    api.listResults({ order: "newest", offset: 0, limit: 5 }),
  );
  const result = "value" in page ? page.value.results.find((one) => one.seed === seed) : undefined;
  if (!result)
    throw new Fault(`the picture that was announced as kept is not listed (${JSON.stringify(page).slice(0, 300)})`, {
      lost: 1,
    });
  const picture = await answerOf(clock, "readPicture again", () => api.readPicture({ id: result.id, size: "full" }));
  if ("refusal" in picture)
    throw new Fault(`the picture that was announced as kept cannot be read: ${picture.refusal}`, { lost: 1 });
}
