/** What results are found by besides their own columns: the method of their run, and what its boxes are tied to. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import { LIMITS } from "../api/engineMessages.ts";
import { storedSceneSchema } from "../api/sceneMessages.ts";
import type { Facets } from "../api/finding.ts";
import { METHODS } from "../scene/methods.ts";
import type { Scene } from "../scene/scene.ts";
import { parseJson, SOUND_RUN } from "./soundness.ts";

/** What a list of choices shows at most. */
const MOST_FACETS = 200;
/** Of a run whose scene is damaged. */
const UNKNOWN = "";

export class Finding {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** Notes of a run what it is found by. */
  note(run: number, scene: Scene | undefined): void {
    this.#noter()(run, scene);
  }

  /** Notes it of runs from before anything was noted. What is no scene at all is told by SQLite alone: a stranger's file may have any number. */
  noteOlder(): void {
    const older = `method IS NULL AND ${SOUND_RUN}`;
    this.#db
      .prepare(`UPDATE run SET method = ? WHERE ${older} AND iif(json_valid(scene), json_type(scene), '') <> 'object'`)
      .run(UNKNOWN);
    const ids = this.#db.prepare<[], number>(`SELECT id FROM run WHERE ${older}`).pluck().all();
    const sceneOf = this.#db.prepare<[number], string>("SELECT scene FROM run WHERE id = ?").pluck();
    const note = this.#noter();
    for (const id of ids) {
      const parsed = v.safeParse(storedSceneSchema, parseJson(sceneOf.get(id)!), { abortEarly: true });
      note(id, parsed.success ? parsed.output : undefined);
    }
  }

  #noter(): (run: number, scene: Scene | undefined) => void {
    const update = this.#db.prepare("UPDATE run SET method = ? WHERE id = ?");
    const insert = this.#db.prepare("INSERT OR IGNORE INTO run_box (run, box, phrase) VALUES (?, ?, ?)");
    return (run, scene) => {
      update.run(scene?.settings.guidance.method ?? UNKNOWN, run);
      for (const { id, spans } of scene?.regions ?? []) {
        const words = spans.map(({ start, end }) => scene!.prompt.slice(start, end)).join(" + ");
        if (words !== "") insert.run(run, id, phraseKey(words));
      }
    };
  }

  facets(): Facets {
    const choices = (column: string, from: string) =>
      this.#db
        .prepare<[], { value: string }>(
          `SELECT ${column} AS value FROM ${from} AND typeof(${column}) = 'text' AND octet_length(${column}) <= ${3 * LIMITS.text}
           GROUP BY ${column} ORDER BY count(*) DESC, ${column} LIMIT ${MOST_FACETS}`,
        )
        .all()
        .map(({ value }) => value);
    const methods = choices("method", `run WHERE ${SOUND_RUN}`);
    return {
      models: choices("model", `run WHERE ${SOUND_RUN}`),
      methods: METHODS.filter((method) => methods.includes(method)),
      phrases: choices("phrase", "run_box WHERE run NOT IN temp.unsound_run"),
    };
  }
}

/** Words as they are compared. */
export function phraseKey(words: string): string {
  return words.normalize("NFC").toLowerCase();
}
