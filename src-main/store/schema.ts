/**
 * What a database may have in its schema: exactly what ours has. Views, triggers and computed columns of a stranger's making could keep us
 * busy for ever, delete what was made, or fill the memory, however harmless the question.
 */
import type Database from "better-sqlite3";

interface SchemaRow {
  type: string;
  name: string;
  /** The table that an index or a trigger is for. */
  tbl_name: string;
  sql: string | null;
}

/** SQLite's own statistics (`ANALYZE`, `PRAGMA optimize`), which are there or not. */
const STATISTICS: readonly SchemaRow[] = [
  ["sqlite_stat1", "tbl,idx,stat"],
  ["sqlite_stat4", "tbl,idx,neq,nlt,ndlt,sample"],
].map(([name, columns]) => ({
  type: "table",
  name: name!,
  tbl_name: name!,
  sql: `CREATE TABLE ${name}(${columns})`,
}));

/** What is in `db` and not in `model`, a new database of the same version, or the other way round, in words. */
export function findStranger(db: Database.Database, model: Database.Database): string | undefined {
  const own = schemaOf(model);
  // A trigger may be called as a table is: a name alone says nothing.
  const open = new Map([...own, ...STATISTICS].map((row) => [key(row), row]));
  for (const theirs of schemaOf(db)) {
    const ours = open.get(key(theirs));
    open.delete(key(theirs)); // each of ours stands for one of theirs
    const what = `the ${theirs.type} ${theirs.name}`;
    if (!ours) {
      const isKnown = own.some(({ name }) => name === theirs.name);
      return isKnown ? `${what} is not as it should be` : `${what} does not belong in it`;
    }
    // The tables behind a search are SQLite's own, and its next version may word them otherwise.
    const isWordedAnew = isShadow(theirs.name, own) && !/\b(AS|CHECK|DEFAULT|GENERATED)\b/i.test(theirs.sql ?? "");
    if (ours.tbl_name !== theirs.tbl_name || (ours.sql !== theirs.sql && !isWordedAnew)) {
      return `${what} is not as it should be`;
    }
  }
  const missing = own.find((row) => open.has(key(row)));
  return missing && `the ${missing.type} ${missing.name} is missing`;
}

const key = ({ type, name }: SchemaRow) => `${type} ${name}`;

/** Whether a table belongs to a virtual one: `run_text_data` to `run_text`. */
function isShadow(name: string, schema: readonly SchemaRow[]): boolean {
  const owner = schema.find((row) => row.type === "table" && row.name === name.replace(/_[a-z]+$/, ""));
  return /^CREATE VIRTUAL TABLE/i.test(owner?.sql ?? "");
}

/** Texts that are longer than any of ours come as null: as good as wrong. */
function schemaOf(db: Database.Database): SchemaRow[] {
  const text = (column: string) => `iif(octet_length(${column}) <= 10000, ${column}, NULL)`;
  return db
    .prepare<[], SchemaRow>(
      `SELECT type, coalesce(${text("name")}, 'with a long name') AS name, ${text("tbl_name")} AS tbl_name, ${text("sql")} AS sql
       FROM sqlite_schema LIMIT 1000`,
    )
    .all();
}
