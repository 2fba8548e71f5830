/**
 * Projects that a stranger made to hang the program, to fill its memory, to delete what is in them, or to run something: one function for
 * each, that writes the file. What must hold of all: an answer within seconds, a store process of moderate size, and a project that can
 * be closed again.
 */
import { execFileSync } from "node:child_process";
import Database from "better-sqlite3";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, sampleResult, sampleScene } from "../support/projects.ts";

export interface HostileProject {
  name: string;
  /** Whether it is refused, or opens without what is wrong in it. */
  outcome: "refused" | "opened";
  /** Writes it to a path where nothing is. */
  write: (path: string) => void;
}

/** Two runs of three pictures each, a version, and a draft. */
export function writeHonest(path: string): void {
  const project = ProjectFile.create(path, sampleDraft());
  for (const run of [1, 2]) {
    const { id } = project.results.beginRun(sampleScene(), "demo", 3);
    for (const n of [1, 2, 3]) project.results.addResult(sampleResult(id, String(100 * run + n)));
    project.results.endRun(id, "done", null);
  }
  project.nameVersion("first");
  project.close();
}

type Change = (db: Database.Database) => void;

/** An honest project after `change`, which no check of the tables stands in the way of. */
const changed = (change: Change) => (path: string) => {
  writeHonest(path);
  const db = new Database(path);
  db.pragma("ignore_check_constraints = ON");
  change(db);
  db.close();
};
const sql = (text: string) => changed((db) => db.exec(text));
const many = (text: string, times: number) => text.repeat(times);

/** Puts a piece of JSON of any length in place of a field of the draft. */
const draftWith = (field: "regions" | "spans" | "editor", json: string) =>
  changed((db) => {
    const draft = sampleDraft() as unknown as { scene: { regions: unknown }; editor: unknown };
    if (field === "regions") draft.scene.regions = "@";
    else if (field === "spans") (draft.scene.regions as { spans: unknown }[])[0]!.spans = "@";
    else draft.editor = "@";
    db.prepare("UPDATE project SET draft = ?").run(JSON.stringify(draft).replace('"@"', () => json));
  });

/** As `changed`, while the columns may hold values of any type: an unsafe connection may rewrite the text of the schema, and put it back. */
const withAnyType = (change: Change) =>
  changed((db) => {
    const strict = db
      .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%STRICT'")
      .all();
    const write = (tables: typeof strict) => {
      db.unsafeMode();
      db.pragma("writable_schema = ON");
      for (const { name, sql } of tables) db.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = ?").run(sql, name);
      db.pragma(`schema_version = ${Number(db.pragma("schema_version", { simple: true })) + 1}`);
      db.pragma("writable_schema = RESET");
    };
    write(strict.map(({ name, sql }) => ({ name, sql: sql.replace(/STRICT$/, "") })));
    change(db);
    write(strict);
  });

const ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
const numbers = (n: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})`;

/** The first bytes of a PNG of this size, and then nothing. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008060000000000000000", "hex");
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header;
}

const refused = (name: string, write: HostileProject["write"]): HostileProject => ({ name, outcome: "refused", write });
const opened = (name: string, write: HostileProject["write"]): HostileProject => ({ name, outcome: "opened", write });

export const HOSTILE_PROJECTS: readonly HostileProject[] = [
  refused(
    "a trigger called almost as SQLite's statistics, which never ends",
    sql(`CREATE VIEW "sqlite-stat-v" AS ${ENDLESS} SELECT i FROM n;
      CREATE TRIGGER "sqlite-stat-t" AFTER UPDATE OF in_use ON project BEGIN
        UPDATE run SET message = (SELECT count(*) FROM "sqlite-stat-v") WHERE id = 1;
      END`),
  ),
  refused(
    "a trigger called almost as SQLite's statistics, which deletes earlier pictures",
    sql(`CREATE TRIGGER "sqlite-stat-t" AFTER INSERT ON result BEGIN DELETE FROM result WHERE id < new.id - 1; END`),
  ),
  refused(
    "a trigger called as a table is",
    sql(`CREATE TRIGGER result AFTER INSERT ON result BEGIN DELETE FROM result WHERE id < new.id - 1; END`),
  ),
  refused(
    "a trigger that fills the memory",
    sql(`CREATE TRIGGER "sqlite-stat-t" AFTER UPDATE OF in_use ON project BEGIN
        UPDATE run SET message = length(hex(zeroblob(300000000))) WHERE id = 1;
      END`),
  ),
  refused(
    "a view in a table's place",
    sql(`DROP TABLE attention; CREATE VIEW attention AS ${ENDLESS} SELECT i AS result FROM n`),
  ),
  refused(
    "a column that is computed",
    sql("ALTER TABLE result ADD COLUMN x BLOB GENERATED ALWAYS AS (zeroblob(100000)) VIRTUAL"),
  ),
  refused("a draft of four million boxes that are none", draftWith("regions", `[${many("0,", 3_900_000)}0]`)),
  refused("a draft of two million empty phrases", draftWith("spans", `[${many("{},", 2_000_000)}{}]`)),
  refused("a draft of half a million boxes in a box", draftWith("editor", `{"a":${many("[", 4e5)}${many("]", 4e5)}}`)),
  refused("a draft of 150 MB", draftWith("editor", `{"a":"${many("x", 150_000_000)}"}`)),
  opened(
    "the scene of a run with twenty million boxes",
    changed((db) => {
      const scene = JSON.stringify({ ...sampleScene(), regions: "@" });
      db.prepare("UPDATE run SET scene = ? WHERE id = 1").run(scene.replace('"@"', `[${many("0,", 2e7)}0]`));
    }),
  ),
  opened(
    "prompts of 150 MB",
    changed((db) => db.prepare("UPDATE run SET prompt = ?").run(many("x", 150_000_000))),
  ),
  opened(
    "the reason of a failure, of 100 MB",
    changed((db) => db.prepare("UPDATE run SET message = ?").run(many("x", 1e8))),
  ),
  opened(
    "the settings of a picture with sixty million tokens",
    changed((db) =>
      db.prepare("UPDATE result SET record = ? WHERE id = 1").run(`{"tokens":{"cat":[${many("0,", 6e7)}0]}}`),
    ),
  ),
  opened(
    "a seed of 80 MB, which is a path",
    changed((db) => db.prepare("UPDATE result SET seed = ? WHERE id = 1").run(`../../evil${many("A", 8e7)}`)),
  ),
  opened(
    "a seed that is a page, and sizes that are none",
    sql(`UPDATE result SET seed = '<img src=x onerror=alert(1)>', width = -5, height = 9007199254740993,
      starred = 7, state = 'x', seconds = -1 WHERE id = 1`),
  ),
  opened(
    "attention of 25 million boxes",
    changed((db) =>
      db
        .prepare("UPDATE attention SET regions = ?, width = 1, height = 1, maps = zeroblob(25000000) WHERE result = 1")
        .run(`["",${many('"",', 25_000_000 - 2)}""]`),
    ),
  ),
  opened(
    "attention of a hundred million cells",
    sql(`UPDATE attention SET regions = '["a"]', width = 100000000, height = 1, maps = zeroblob(100000000)`),
  ),
  opened(
    "a million and a half versions",
    sql(`${numbers(1_500_000)}
      INSERT INTO version (name, automatic, created, document) SELECT 'v' || i, 0, 'then', '1' FROM n`),
  ),
  opened(
    "400,000 runs that are all found",
    sql(`${numbers(400_000)}
      INSERT INTO run (created, scene, prompt, negative_prompt, model, asked, outcome)
      SELECT 'then', '1', 'cat', '', 'm', 1, 'running' FROM n`),
  ),
  opened(
    "small pictures of 20,000 by 20,000 pixels",
    changed((db) => db.prepare("UPDATE picture SET thumbnail = ?").run(pngHeader(20_000, 20_000))),
  ),
  opened(
    "pictures that say 30,000 by 30,000 pixels",
    changed((db) => db.prepare("UPDATE picture SET png = ?").run(pngHeader(30_000, 30_000))),
  ),
  opened(
    "values of another type than their columns",
    withAnyType((db) =>
      db.exec(`UPDATE result SET seconds = 'x', width = x'00', obedience = 'much' WHERE id = 1;
        UPDATE run SET asked = 'many', outcome = 'running', message = x'00' WHERE id = 2;
        UPDATE version SET name = x'0000'`),
    ),
  ),
  opened("scenes that are no JSON", sql("UPDATE run SET scene = '{'; UPDATE result SET record = '['")),
  opened("an index of the search that is rubbish", (path) => {
    writeHonest(path);
    const db = new Database(path);
    db.unsafeMode();
    db.exec("UPDATE run_text_data SET block = randomblob(4000) WHERE id > 1");
    db.close();
  }),
  refused(
    "a stranger's table, in a project that another program's journal is used for",
    changed((db) => {
      db.pragma("journal_mode = WAL");
      db.exec("CREATE TABLE more (x)");
    }),
  ),
  refused("a pipe", (path) => void execFileSync("mkfifo", [path])),
];
