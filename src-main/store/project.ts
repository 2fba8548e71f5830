/** One open project file: its draft, its named versions, and whether it is whole. Runs and results are in results.ts. */
import { existsSync, rmSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import type Database from "better-sqlite3";
import { SqliteError } from "better-sqlite3";
import { messageOf } from "../wire/errors.ts";
import { PROMPT_BEGINNING, projectTitle } from "../scene/projectTitle.ts";
import type { Draft, ProjectInfo } from "../api/store.ts";
import { identityOf, realPath } from "../service/fileIdentity.ts";
import { closeDocument, createDatabase, openDatabase } from "./database.ts";
import { guarded, invalid, isInUse } from "./databaseErrors.ts";
import { Drafts } from "./drafts.ts";
import { check, examine } from "./examine.ts";
import { Place, type Whereabouts } from "./place.ts";
import { PROJECT_FORMAT } from "./projectFormat.ts";
import { putInPlace, type Placing } from "./replace.ts";
import { Results } from "./results.ts";
import { letShrink, shrink } from "./room.ts";
import { findUnsound, SOUND_RESULT, tellBrokenJson, tellUnsound } from "./soundness.ts";

/** What goes wrong with the file that is written while another is read. */
const WRITING_FAILED = /^SQLITE_(FULL|CANTOPEN|READONLY|PERM|IOERR(?!_(READ|SHORT_READ|DATA|CORRUPTFS)))/;

/** How a file is opened that this process had open before, or has just made. */
export interface Opening {
  /** Its session goes on: nothing is checked or ended as after a crash. */
  resumed?: boolean;
  /** The file that it must be: see service/fileIdentity.ts. */
  identity?: string | undefined;
}

export class ProjectFile extends Drafts {
  readonly results: Results;
  /** Why it can only be read, for a person; null where it can be written. */
  readonly readOnly: string | null;
  readonly #place: Place;
  readonly #notes: string[];
  /** What the file said when we wrote to it last. */
  #fingerprint: string;

  private constructor(
    place: Place,
    db: Database.Database,
    about: Pick<ProjectFile, "readOnly">,
    notes: string[],
    clock: () => string,
  ) {
    super(place.path, db, clock);
    this.readOnly = about.readOnly;
    this.#place = place;
    this.#notes = notes;
    this.results = new Results(db, clock);
    this.#fingerprint = fingerprintOf(db);
  }

  /** Makes a project and opens it. */
  static create(path: string, draft: Draft, clock = now, placing: Placing = { replace: false }): ProjectFile {
    ProjectFile.write(path, draft, clock, placing);
    return ProjectFile.open(path, clock, { resumed: true });
  }

  /** Makes a project of a draft, whole or not at all, and leaves it closed. */
  static write(path: string, draft: Draft, clock = now, placing: Placing = { replace: false }): void {
    const make = (unfinished: string) => {
      const db = createDatabase(unfinished, PROJECT_FORMAT);
      try {
        db.prepare("INSERT INTO project (id, created, draft, saved) VALUES (1, @time, @draft, @time)").run({
          time: clock(),
          draft: JSON.stringify(draft),
        });
        closeDocument(db);
      } finally {
        db.close();
      }
    };
    putInPlace(path, make, placing);
  }

  static open(path: string, clock = now, { resumed = false, identity }: Opening = {}): ProjectFile {
    const expected = identity ?? guarded(path, PROJECT_FORMAT, () => identityOf(path));
    if (Place.isOpenHere(expected)) throw isInUse(path);
    let wasInUse = false;
    const { db, notes, readOnly } = openDatabase(path, PROJECT_FORMAT, (db) => {
      wasInUse = examine(path, db, resumed ? "draft alone" : "tables too");
      fingerprintOf(db); // what cannot be told apart later is found now, before anything is written
    });
    let place: Place | undefined;
    try {
      return guarded(path, PROJECT_FORMAT, () => {
        findUnsound(db);
        notes.push(...tellUnsound(db));
        summarise(db); // damage that would refuse the project later refuses it before anything is written
        if (wasInUse && !resumed)
          notes.push("Diorama did not end properly last time. The project is as it was last saved.");
        if (readOnly === null) notes.push(...beginSession(db, path, clock, resumed));
        place = new Place(path);
        if (place.identity !== expected) throw invalid(path, `${path} is another file than it was. Open it again.`);
        return new ProjectFile(place, db, { readOnly }, notes, clock);
      });
    } catch (error) {
      db.close();
      place?.close();
      throw error;
    }
  }

  /** Device and inode of the open file. */
  get identity(): string {
    return this.#place.identity;
  }

  /** Whether a path leads to the open file. */
  isAt(path: string): boolean {
    return identityOf(realPath(path)) === this.identity;
  }

  /** Where the file is now, and whether it says what we wrote last. Throws where the system does not let anybody look. */
  whereabouts(): Exclude<Whereabouts, { kind: "touched" }> | { kind: "overwritten" } {
    const found = this.#place.look();
    if (found.kind !== "touched") return found;
    if (!this.#saysOurs()) return { kind: "overwritten" };
    this.#place.wrote();
    return { kind: "here" };
  }

  /** Call after each change: what is in the file from now on is ours. */
  wrote(): void {
    this.#fingerprint = fingerprintOf(this.db);
    this.#place.wrote();
  }

  /** Fails, and writes nothing, where it would not be in the file at the path; `anywhere` is for who tells that otherwise. */
  override saveDraft(draft: Draft, where: "in place" | "anywhere" = "in place"): { saved: string; changed: boolean } {
    if (where === "in place" && !["here", "touched"].includes(this.#place.look().kind)) {
      throw invalid(this.path, `${this.path} is not the file any more that was opened. Save a copy as another file.`);
    }
    const saved = super.saveDraft(draft);
    this.wrote();
    return saved;
  }

  #saysOurs(): boolean {
    try {
      this.db.pragma("shrink_memory"); // what SQLite remembers of the file is not what is in it
      return fingerprintOf(this.db) === this.#fingerprint;
    } catch (error) {
      if (error instanceof SqliteError) return false;
      throw error;
    }
  }

  info(): Omit<ProjectInfo, "trouble"> {
    const name = basename(this.path, extname(this.path));
    const { beginning, ...summary } = summarise(this.db);
    return {
      path: this.path,
      name,
      title: projectTitle(name, beginning),
      ...summary,
      notes: this.#notes,
      identity: this.identity,
    };
  }

  /** A compact copy, whole or not there at all, with another draft where one is given. */
  copyTo(
    path: string,
    replace: boolean,
    { draft, unfinished }: { draft?: Draft } & Pick<Placing, "unfinished"> = {},
  ): void {
    if (this.isAt(path)) throw invalid(path, `${path} is the project that is open. Choose another name.`);
    const make = (target: string) => {
      this.#readInto(target);
      const { db } = openDatabase(target, PROJECT_FORMAT);
      try {
        db.prepare("UPDATE project SET in_use = 0").run();
        if (draft) db.prepare("UPDATE project SET draft = ?, saved = ?").run(JSON.stringify(draft), this.clock());
        closeDocument(db);
      } finally {
        db.close();
      }
    };
    putInPlace(path, make, { replace, unfinished });
  }

  /** Tells what went wrong with which of the two files. */
  #readInto(target: string): void {
    letShrink(this.db);
    try {
      this.db.prepare("VACUUM INTO ?").run(target);
    } catch (error) {
      if (error instanceof SqliteError && WRITING_FAILED.test(error.code)) throw error;
      this.guard(() => {
        throw error;
      });
    }
  }

  /** Everything that is wrong with the file, in SQLite's words. */
  verify(): string[] {
    // What stands in a row is asked about by its length first: SQLite's own check would take all of it apart.
    this.db.pragma("ignore_check_constraints = ON");
    const damage = check(this.db, "integrity_check");
    this.db.pragma("ignore_check_constraints = OFF");
    if (damage.length > 0) return damage; // the next question would stumble over it
    const strangers = this.db.pragma("foreign_key_check") as { table: string; rowid: number | null }[];
    const lost = strangers
      .filter(({ table }) => table !== "run_box") // what runs are found by is written from their scenes: nothing is lost with it
      .map(({ table, rowid }) => `${rowid === null ? "a row" : `row ${rowid}`} of ${table} belongs to nothing`);
    return [...tellUnsound(this.db), ...tellBrokenJson(this.db), ...lost];
  }

  /** What SQLite says of this project's file while `action` works on it. */
  guard<T>(action: () => T): T {
    return guarded(this.path, PROJECT_FORMAT, action);
  }

  /** Ends the session. What could not be written is told, in words, and keeps nobody from leaving: it never throws. */
  close(onProblem: (problem: string) => void = () => undefined): void {
    if (!this.db.open) return;
    try {
      if (this.readOnly === null) this.guard(() => this.#endSession());
    } catch (error) {
      onProblem(messageOf(error));
    }
    this.release();
  }

  #endSession(): void {
    this.db
      .transaction(() => {
        // Nobody can take these deletions back any more.
        this.db.prepare("DELETE FROM version WHERE deleted = 1").run();
        this.results.deleteEmptied();
        this.results.states.deleteUnneeded();
        this.results.labels.deleteUnneeded();
        this.results.grids.deleteUnneeded();
        this.results.starts.deleteUnneeded();
        this.db.prepare("UPDATE project SET in_use = 0").run();
      })
      .immediate();
    this.db.pragma("optimize");
    shrink(this.db);
    closeDocument(this.db);
  }

  /** Lets go of the file and writes nothing to it. */
  release(): void {
    if (this.db.open) this.db.close();
    this.#place.close();
    const journal = `${this.path}-journal`;
    // SQLite's own, which it keeps empty between two changes; with a file at the path it may be that one's.
    if (!existsSync(this.path) && statSync(journal, { throwIfNoEntry: false })?.size === 0) rmSync(journal);
  }
}

/** Writes that the project is in use. A full disk is no reason not to open it. */
function beginSession(db: Database.Database, path: string, clock: () => string, resumed: boolean): string[] {
  const begin = db.transaction(() => {
    db.prepare("UPDATE project SET in_use = 1").run();
    const results = new Results(db, clock);
    if (!resumed) results.endInterrupted();
    results.finding.noteOlder();
  });
  try {
    begin.immediate();
    return [];
  } catch (error) {
    if (!(error instanceof SqliteError) || error.code !== "SQLITE_FULL") throw error;
    return [`The disk with ${path} is full: nothing can be saved there until there is room.`];
  }
}

/** What a project says of when it was written to, and how often. */
function fingerprintOf(db: Database.Database): string {
  const row = db
    .prepare(
      `SELECT created, saved, (SELECT group_concat(name || seq) FROM sqlite_sequence
         WHERE name IN ('version', 'run', 'result') AND typeof(seq) = 'integer') FROM project`,
    )
    .raw()
    .get();
  return JSON.stringify(row);
}

function now(): string {
  return new Date().toISOString();
}

/** What is told of a project wherever it is named. */
/** `beginning` is the prompt's. */
function summarise(db: Database.Database): { created: string; results: number; beginning: string } {
  return db
    .prepare<[number], { created: string; results: number; beginning: string }>(
      `SELECT created, (SELECT count(*) FROM result WHERE emptied = 0 AND ${SOUND_RESULT}) AS results,
         coalesce(iif(json_valid(draft), substr(draft ->> '$.scene.prompt', 1, ?), ''), '') AS beginning FROM project`,
    )
    .get(PROMPT_BEGINNING)!;
}
