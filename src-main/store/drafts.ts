/** The draft of a project and the versions of it that were given a name. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import { AppError } from "../wire/errors.ts";
import { describe } from "../wire/rpc.ts";
import type { Draft, SavedDraft, VersionInfo } from "../api/store.ts";
import { storedDraftSchema } from "../api/storeMessages.ts";
import { invalid } from "./databaseErrors.ts";
import { MOST_VERSIONS, SOUND_VERSION } from "./soundness.ts";

interface VersionRow {
  id: number;
  name: string;
  automatic: number;
  created: string;
}

export class Drafts {
  readonly path: string;
  protected readonly db: Database.Database;
  protected readonly clock: () => string;

  protected constructor(path: string, db: Database.Database, clock: () => string) {
    this.path = path;
    this.db = db;
    this.clock = clock;
  }

  readDraft(): SavedDraft {
    const row = this.db
      .prepare<[], { draft: string; saved: string; version: number | null; document: string | null }>(
        `SELECT draft, saved, version.id AS version, document FROM project
         LEFT JOIN version ON version.id = project.version AND deleted = 0 AND ${SOUND_VERSION}`,
      )
      .get()!;
    const { draft, saved, version, document } = row;
    const problem = (why: string) => `Its draft cannot be read (${why}).`;
    return { draft: parseDraft(draft, problem, this.path), saved, versionId: version, changed: draft !== document };
  }

  saveDraft(draft: Draft): { saved: string; changed: boolean } {
    this.db.prepare("UPDATE project SET draft = ?, saved = ?").run(JSON.stringify(draft), this.clock());
    return this.#state();
  }

  /** When the draft was saved, and whether it says other than the version that it was made of. */
  #state(): { saved: string; changed: boolean } {
    const { saved, changed } = this.db
      .prepare<[], { saved: string; changed: number }>(
        `SELECT saved, draft IS NOT document AS changed FROM project
         LEFT JOIN version ON version.id = project.version AND deleted = 0 AND ${SOUND_VERSION}`,
      )
      .get()!;
    return { saved, changed: changed === 1 };
  }

  nameVersion(name: string, automatic = false): VersionInfo {
    return this.db
      .transaction(() => {
        const row = this.db
          .prepare<[string, number, string], VersionRow>(
            `INSERT INTO version (name, automatic, created, document) SELECT ?, ?, ?, draft FROM project
             RETURNING id, name, automatic, created`,
          )
          .get(name, Number(automatic), this.clock())!;
        this.db.prepare("UPDATE project SET version = ?").run(row.id);
        return toVersion(row);
      })
      .immediate();
  }

  listVersions(): VersionInfo[] {
    const rows = this.db.prepare<[number], VersionRow>(
      `SELECT id, name, automatic, created FROM version WHERE deleted = 0 AND ${SOUND_VERSION} ORDER BY id DESC LIMIT ?`,
    );
    return rows.all(MOST_VERSIONS).map(toVersion);
  }

  readVersion(id: number): VersionInfo & { draft: Draft } {
    const row = this.db
      .prepare<[number], VersionRow & { document: string }>(
        `SELECT * FROM version WHERE id = ? AND deleted = 0 AND ${SOUND_VERSION}`,
      )
      .get(id);
    if (!row) throw noVersion(id);
    const problem = (why: string) => `The version “${row.name}” is damaged (${why}).`;
    return { ...toVersion(row), draft: parseDraft(row.document, problem, this.path) };
  }

  restoreVersion(id: number): SavedDraft {
    this.db
      .transaction(() => {
        const { name } = this.readVersion(id);
        if (this.#state().changed) this.nameVersion(`Before going back to ${name}`, true);
        this.db
          .prepare(
            "UPDATE project SET draft = (SELECT document FROM version WHERE id = @id), saved = @time, version = @id",
          )
          .run({ id, time: this.clock() });
      })
      .immediate();
    return this.readDraft();
  }

  renameVersion(id: number, name: string): void {
    const { changes } = this.db.prepare("UPDATE version SET name = ?, automatic = 0 WHERE id = ?").run(name, id);
    if (changes === 0) throw noVersion(id);
  }

  /** Until the project is closed it can come back. */
  deleteVersion(id: number): void {
    this.#setDeleted(id, 1);
  }

  undeleteVersion(id: number): void {
    this.#setDeleted(id, 0);
  }

  #setDeleted(id: number, deleted: 0 | 1): void {
    const { changes } = this.db.prepare("UPDATE version SET deleted = ? WHERE id = ?").run(deleted, id);
    if (changes === 0) throw noVersion(id);
  }
}

/** A draft from a file, which a stranger may have written; `problem` makes the message of what is wrong with it. */
export function parseDraft(text: string, problem: (why: string) => string, path: string): Draft {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, problem((error as Error).message), error);
  }
  const parsed = v.safeParse(storedDraftSchema, value, { abortEarly: true });
  if (!parsed.success) throw invalid(path, problem(describe(parsed.issues[0])));
  return parsed.output;
}

function toVersion({ id, name, automatic, created }: VersionRow): VersionInfo {
  return { id, name, automatic: automatic === 1, created };
}

function noVersion(id: number): AppError {
  return new AppError("not-found", "This version is no longer in the project.", { what: "version", id: String(id) });
}
