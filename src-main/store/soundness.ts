/**
 * Rows that nobody could have made with this program: of a wrong type, or longer than anything that is ever kept. A stranger's file has
 * them, or a damaged one. They are found once, when a project is opened, by looking at types and lengths alone (SQLite tells both
 * without reading the value), and no list or question sees them from then on: a project of ours has none.
 */
import type Database from "better-sqlite3";
import { LIMITS } from "../api/engineMessages.ts";
import { RESULT_STATES } from "../api/store.ts";
import { LONGEST_RECORD } from "../image/metadata.ts";

/** In bytes; longer than any draft that was checked when it was saved. */
export const LONGEST_DRAFT = 8_000_000;
/** In bytes; all boxes and phrases that a scene may have, and prompts in which every character is escaped, are half of it. */
const LONGEST_SCENE = 1_000_000;
/** UTF-8 takes at most so many bytes for what JavaScript counts as one character. */
const WIDEST = 3;
/** What the program puts before the name of a version. */
const LONGEST_NAME = LIMITS.id + 100;

const text = (column: string, most: number) => `typeof(${column}) = 'text' AND octet_length(${column}) <= ${most}`;
const whole = (column: string, least: number, most: number) =>
  `typeof(${column}) = 'integer' AND ${column} BETWEEN ${least} AND ${most}`;
const real = (column: string, most: number) => `typeof(${column}) = 'real' AND ${column} BETWEEN 0 AND ${most}`;
const orNull = (column: string, condition: string) => `(${column} IS NULL OR ${condition})`;
const oneOf = (column: string, of: readonly string[]) => `${column} IN (${of.map((one) => `'${one}'`).join(", ")})`;
const flag = (column: string) => whole(column, 0, 1);
const id = (column: string) => whole(column, 1, Number.MAX_SAFE_INTEGER);
const time = (column: string) => text(column, 100);

/** What holds of a row that was made here, by table. */
const SOUND: Record<"version" | "run" | "result", readonly string[]> = {
  version: [
    id("id"),
    text("name", WIDEST * LONGEST_NAME),
    flag("automatic"),
    time("created"),
    text("document", LONGEST_DRAFT),
    flag("deleted"),
  ],
  run: [
    id("id"),
    time("created"),
    text("scene", LONGEST_SCENE),
    text("prompt", WIDEST * LIMITS.text),
    text("negative_prompt", WIDEST * LIMITS.text),
    text("model", WIDEST * LIMITS.path),
    whole("asked", 0, LIMITS.seeds),
    oneOf("outcome", ["running", "done", "cancelled", "failed"]),
    orNull("message", text("message", WIDEST * LIMITS.text)),
    orNull("until", whole("until", 1, LIMITS.steps)),
  ],
  result: [
    id("id"),
    id("run"),
    `${text("seed", 20)} AND seed <> '' AND seed NOT GLOB '*[^0-9]*'`,
    time("created"),
    whole("width", 1, LIMITS.pixels),
    whole("height", 1, LIMITS.pixels),
    flag("starred"),
    oneOf("state", RESULT_STATES),
    orNull("obedience", real("obedience", 1)),
    real("seconds", Number.MAX_SAFE_INTEGER),
    whole("bytes", 0, Number.MAX_SAFE_INTEGER),
    text("record", LONGEST_RECORD),
    flag("emptied"),
    orNull("scouted", whole("scouted", 1, LIMITS.steps)),
    flag("wanted"),
  ],
};

/** Conditions of SQL that leave such rows out; to be used after `findUnsound`. */
export const SOUND_VERSION = "version.id NOT IN temp.unsound_version";
export const SOUND_RUN = "run.id NOT IN temp.unsound_run";
export const SOUND_RESULT = "result.id NOT IN temp.unsound_result";

/** Whether a record may tell of an alternative, and is JSON. Few do: the others are not read as JSON, for every row of a list. */
export const TELLS_ALTERNATIVE = `instr(result.record, '"alternative"') > 0 AND json_valid(result.record)`;

/** An expression of SQL: the value, or null where it is of another type or has more bytes than the parameter that stands for it says. */
export function bounded(column: string, type: "text" | "blob"): string {
  return `iif(typeof(${column}) = '${type}' AND octet_length(${column}) <= ?, ${column}, NULL)`;
}

/** What a list shows at most of versions; a person makes some hundreds. */
export const MOST_VERSIONS = 10_000;

const WORDS = { version: ["version", "versions"], run: ["run", "runs"], result: ["picture", "pictures"] } as const;

/** Finds them. To be called once for each opening. */
export function findUnsound(db: Database.Database): void {
  for (const [table, conditions] of Object.entries(SOUND)) {
    db.exec(`CREATE TEMP TABLE unsound_${table} (id INTEGER PRIMARY KEY)`);
    const isSound = conditions.join(" AND ");
    db.exec(`INSERT INTO temp.unsound_${table} SELECT id FROM main.${table} WHERE (${isSound}) IS NOT TRUE`);
  }
}

/** What will not be shown, in words. */
export function tellUnsound(db: Database.Database): string[] {
  const count = (from: string) => db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${from}`).get()!.n;
  const found = Object.entries(WORDS).flatMap(([table, [one, many]]) => {
    const n = count(`temp.unsound_${table}`);
    return n === 0 ? [] : [`${n.toLocaleString("en")} ${n === 1 ? one : many}`];
  });
  const notes: string[] = [];
  if (found.length > 0) {
    notes.push(`${found.join(", ")} in this project cannot be read and are not shown. What is shown is whole.`);
  }
  const versions = count("version WHERE deleted = 0");
  if (versions > MOST_VERSIONS) {
    notes.push(
      `Of ${versions.toLocaleString("en")} versions the newest ${MOST_VERSIONS.toLocaleString("en")} are listed.`,
    );
  }
  return notes;
}

/** Texts that should be JSON and are not, in words. Those that are too long are not looked at: see `tellUnsound`. */
export function tellBrokenJson(db: Database.Database): string[] {
  const places = [
    ["version", "document", SOUND_VERSION],
    ["run", "scene", SOUND_RUN],
    ["result", "record", SOUND_RESULT],
  ] as const;
  return places.flatMap(([table, column, isSound]) => {
    const rows = db.prepare<[], { id: number }>(
      `SELECT id FROM ${table} WHERE ${isSound} AND NOT json_valid(${column}) LIMIT 100`,
    );
    return rows.all().map(({ id }) => `row ${id} of ${table} is damaged: its ${column} cannot be read`);
  });
}

/** Undefined where it is none: files of strangers pass no check of the table. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
