/**
 * What unfinished pictures go on from (engine/pictureState.ts makes and checks it; here it is bytes): of the picture in work, so that no
 * end of the program costs more than some seconds of drawing, and of scouted results, so that they can be finished.
 */
import type Database from "better-sqlite3";
import { LARGEST_STATE } from "../api/engineMessages.ts";
import { INTERRUPTED, type StateRoom, type UnfinishedPicture } from "../api/store.ts";
import { bounded, SOUND_RESULT, SOUND_RUN } from "./soundness.ts";

/** Of a scouted result by its id, else of the picture in work by run, seed and alternative. */
const THIS_PICTURE = `iif(@resultId IS NULL, result IS NULL AND run = @runId AND seed = @seed AND alternative = @alternative, result = @resultId)`;

export class States {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /**
   * In place of what was kept of the same picture, of which the one or the other is there at any moment. Of a result that was finished or
   * deleted meanwhile nothing is kept.
   */
  keep(picture: UnfinishedPicture, step: number, state: Uint8Array): void {
    this.#db.transaction(() => this.#replace(picture, step, state)).immediate();
  }

  #replace(picture: UnfinishedPicture, step: number, state: Uint8Array): void {
    const of = valuesOf(picture);
    const isGone = this.#db
      .prepare<[object], { gone: number }>(
        `SELECT iif(@resultId IS NULL, NOT EXISTS (SELECT 1 FROM run WHERE id = @runId),
           NOT EXISTS (SELECT 1 FROM result WHERE id = @resultId AND scouted IS NOT NULL)) AS gone`,
      )
      .get(of)!.gone;
    if (isGone) return;
    this.drop(picture);
    this.#db
      .prepare(
        `INSERT INTO picture_state (run, seed, alternative, result, step, data)
         VALUES (@runId, @seed, @alternative, @resultId, @step, @state)`,
      )
      .run({ ...of, step, state });
  }

  read(picture: UnfinishedPicture): Uint8Array<ArrayBuffer> | null {
    const row = this.#db
      .prepare<[object], { data: Buffer | null }>(
        `SELECT ${bounded("data", "blob").replace("?", "@most")} AS data FROM picture_state WHERE ${THIS_PICTURE} AND let_go = 0`,
      )
      .get({ ...valuesOf(picture), most: LARGEST_STATE });
    return row?.data ? new Uint8Array(row.data) : null;
  }

  drop(picture: UnfinishedPicture): void {
    this.#db.prepare(`DELETE FROM picture_state WHERE ${THIS_PICTURE}`).run(valuesOf(picture));
  }

  /** Notes that scouted results are to be finished, or are not any more: what an end of the program leaves is offered at the next start. */
  want(ids: readonly number[], wanted: boolean): void {
    const update = this.#db.prepare(`UPDATE result SET wanted = ? WHERE id = ? AND scouted IS NOT NULL`);
    this.#db.transaction(() => ids.forEach((id) => update.run(Number(wanted), id))).immediate();
  }

  /** Runs that owe what they were asked for because the program ended, with the scouted results that were to be finished. */
  interruptedRuns(): { runId: number; finishing: number[] }[] {
    const owing = this.#db
      .prepare<[string], { id: number }>(`SELECT id FROM run WHERE message = ? AND ${SOUND_RUN}`)
      .all(INTERRUPTED);
    const wanted = this.#db
      .prepare<[], { id: number; run: number }>(
        `SELECT id, run FROM result WHERE wanted = 1 AND scouted IS NOT NULL AND emptied = 0 AND state <> 'binned' AND ${SOUND_RESULT} ORDER BY id`,
      )
      .all();
    const runs = new Set([...owing.map(({ id }) => id), ...wanted.map(({ run }) => run)]);
    return [...runs]
      .sort((a, b) => a - b)
      .map((runId) => ({ runId, finishing: wanted.filter(({ run }) => run === runId).map(({ id }) => id) }));
  }

  /** How far the pictures in work of a run are: those that go on from a step. */
  inWork(runId: number): { seed: string; alternative: string | null; step: number }[] {
    return this.#db
      .prepare<[number], { seed: string; alternative: string | null; step: number }>(
        `SELECT seed, nullif(alternative, '') AS alternative, step FROM picture_state
         WHERE run = ? AND result IS NULL AND let_go = 0 AND typeof(step) = 'integer'`,
      )
      .all(runId);
  }

  /** Nobody wants to go on with a run. */
  forget(runId: number): void {
    this.#db.prepare("DELETE FROM picture_state WHERE run = ? AND result IS NULL").run(runId);
    this.#db.prepare("UPDATE result SET wanted = 0 WHERE run = ?").run(runId);
  }

  /** What can be finished from where it is, and what room that takes. */
  room(): StateRoom {
    return this.#db
      .prepare<[], StateRoom>(
        `SELECT count(*) AS pictures, coalesce(sum(octet_length(data)), 0) AS bytes FROM picture_state WHERE let_go = 0`,
      )
      .get()!;
  }

  /** Nothing is deleted before the project is closed: until then it can be undone. Gives what `takeBack` wants. */
  letGo(): number[] {
    const rows = this.#db.prepare<[], { id: number }>(
      "UPDATE picture_state SET let_go = 1 WHERE let_go = 0 RETURNING id",
    );
    return rows.all().map(({ id }) => id);
  }

  takeBack(ids: readonly number[]): void {
    const update = this.#db.prepare("UPDATE picture_state SET let_go = 0 WHERE id = ?");
    this.#db.transaction(() => ids.forEach((id) => update.run(id))).immediate();
  }

  /** At the end of a session: of what was let go, rejected, binned or finished, and of runs that are not offered again. */
  deleteUnneeded(): void {
    this.#db
      .prepare(
        `DELETE FROM picture_state WHERE let_go = 1
           OR result IN (SELECT id FROM result WHERE state <> 'kept' OR scouted IS NULL)
           OR (result IS NULL AND run IN (SELECT id FROM run WHERE outcome <> 'running' AND message IS NOT ?))`,
      )
      .run(INTERRUPTED);
  }
}

function valuesOf({ runId, seed, alternative, resultId }: UnfinishedPicture): object {
  return { runId, seed, alternative: alternative ?? "", resultId };
}
