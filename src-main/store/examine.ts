/** Whether a project can be worked with, found out before anything in it is changed. */
import type Database from "better-sqlite3";
import { SqliteError } from "better-sqlite3";
import { invalid } from "./databaseErrors.ts";
import { parseDraft } from "./drafts.ts";
import { bounded, LONGEST_DRAFT } from "./soundness.ts";

/** Tables small enough to be checked on every opening; pictures are read by `verify` alone. */
const QUICK_TABLES = ["version", "run"];
const THOROUGH_TABLES = [...QUICK_TABLES, "result"];

/** What SQLite says of a value in a table that is whole. */
const WRONG_VALUE = /^(NULL|NUMERIC|TEXT|non-[A-Z]+) value in /;
/** In bytes; a time has 24. */
const LONGEST_TIME = 100;

/** Throws where it cannot; tells whether the project was open when the program ended. */
export function examine(path: string, db: Database.Database, what: "draft alone" | "tables too"): boolean {
  const problem = (why: string) => `${path} is damaged: ${why}. It was left as it is; open a copy from a backup.`;
  const row = db
    .prepare<[number, number, number], Record<"created" | "saved" | "draft", string | null> & { in_use: number }>(
      `SELECT in_use, ${["created", "saved", "draft"].map((column) => `${bounded(column, "text")} AS ${column}`).join(", ")}
       FROM project WHERE id = 1`,
    )
    .get(LONGEST_TIME, LONGEST_TIME, LONGEST_DRAFT);
  if (!row) throw invalid(path, problem("it has no project in it"));
  if (row.draft === null) throw invalid(path, problem("its draft cannot be read (it is too long, or no text)"));
  if (row.created === null || row.saved === null) throw invalid(path, problem("its times are none"));
  if (what === "tables too") {
    const damage = check(db, "quick_check(project)");
    // Of the other tables a row may be wrong, which is left out (soundness.ts), but not the table itself.
    db.pragma("ignore_check_constraints = ON");
    for (const table of row.in_use ? THOROUGH_TABLES : QUICK_TABLES) {
      damage.push(...check(db, `quick_check(${table})`).filter((message) => !WRONG_VALUE.test(message)));
    }
    db.pragma("ignore_check_constraints = OFF");
    if (damage.length > 0) throw invalid(path, problem(damage[0]!));
  }
  parseDraft(row.draft, (why) => problem(`its draft cannot be read (${why})`), path);
  return row.in_use !== 0;
}

/** SQLite puts up to a hundred findings into one text, under a heading. */
const HEADING = /^\*\*\* in database .* \*\*\*$/;

/** What a checking pragma finds, one by one; some damage stops the check itself, and is then what was found. */
export function check(db: Database.Database, pragma: string): string[] {
  try {
    const rows = db.pragma(pragma) as Record<string, string>[];
    const lines = rows.flatMap((row) => Object.values(row)).flatMap((message) => message.split("\n"));
    return lines.filter((line) => line !== "ok" && !HEADING.test(line));
  } catch (error) {
    if (error instanceof SqliteError && error.code.startsWith("SQLITE_CORRUPT")) return [error.message];
    throw error;
  }
}
