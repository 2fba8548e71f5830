/** What was drawn already: a seed drawn twice from one scene, by one checkpoint on one kind of device, is the same picture twice. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import { expandScene } from "../scene/alternatives.ts";
import type { RunRecord } from "../api/engine.ts";
import { pictureKey } from "../scene/samePicture.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { readSeeds } from "../scene/seeds.ts";
import type { DrawnQuery, DrawnSeed, PictureChoice } from "../api/store.ts";
import { SEEDS_TEXT } from "../api/storeMessages.ts";
import { storedSceneSchema } from "../api/sceneMessages.ts";
import { bounded, parseJson, SOUND_RESULT, SOUND_RUN, TELLS_ALTERNATIVE } from "./soundness.ts";

/** Pictures with one seed and size that an imported one is compared with; more of them are no accident. */
const MOST_ALIKE = 50;

/** Null in a record that is no JSON, which a damaged file may have. */
const ALTERNATIVE = `iif(${TELLS_ALTERNATIVE}, record ->> '$.alternative', NULL)`;

export class Drawn {
  readonly #db: Database.Database;
  /** The scene of a run; undefined where that is damaged. */
  readonly #sceneOf: (runId: number) => Scene | undefined;

  constructor(db: Database.Database, sceneOf: (runId: number) => Scene | undefined) {
    this.#db = db;
    this.#sceneOf = sceneOf;
  }

  /**
   * The newest pictures of each seed that are not in the bin, in the order of the seeds: one, or one for each alternative of the prompt
   * that was drawn.
   */
  find({ scene, seeds, model, provider, until }: DrawnQuery): DrawnSeed[] {
    const found = new Map<Seed, Map<string, DrawnSeed>>();
    for (const run of this.#runsOf(scene, model)) {
      for (const result of this.ofRun(run, provider, until !== undefined)) {
        const ofSeed = found.get(result.seed) ?? new Map<string, DrawnSeed>();
        found.set(result.seed, ofSeed.set(result.alternative ?? "", result));
      }
    }
    return seeds.flatMap((seed) => [...(found.get(seed)?.values() ?? [])]);
  }

  /** What a run has drawn on a kind of device, oldest first, less what is in the bin; what it only scouted where that is wished. */
  ofRun(run: number, provider: string, scouted = false): DrawnSeed[] {
    return this.#db
      .prepare<[number, string], DrawnSeed>(
        `SELECT id, seed, state, ${ALTERNATIVE} AS alternative FROM result
         WHERE run = ? AND emptied = 0 AND state <> 'binned' AND ${SOUND_RESULT} AND iif(json_valid(record), record ->> '$.engine.provider', NULL) = ?
           ${scouted ? "" : "AND scouted IS NULL"} ORDER BY id`,
      )
      .all(run, provider);
  }

  /** The result of a run that has this seed and alternative, wherever it was put; undefined where there is none. */
  ofPicture(runId: number, seed: Seed, alternative: string | null): number | undefined {
    return this.#db
      .prepare<[number, string, string | null], { id: number }>(
        `SELECT id FROM result WHERE run = ? AND seed = ? AND ${ALTERNATIVE} IS ? AND ${SOUND_RESULT} ORDER BY id LIMIT 1`,
      )
      .get(runId, seed, alternative)?.id;
  }

  /**
   * What a run was asked for and neither it nor another run of its scene has drawn; nothing where its seeds were not noted. What was
   * scouted counts where the run scouts.
   */
  missingOf(runId: number): PictureChoice[] {
    const row = this.#db
      .prepare<[number, number], { seeds: string | null; model: string; until: number | null }>(
        `SELECT ${bounded("seeds", "text")} AS seeds, model, until FROM run WHERE id = ? AND outcome <> 'running' AND ${SOUND_RUN}`,
      )
      .get(SEEDS_TEXT, runId);
    const scene = row?.seeds == null ? undefined : this.#sceneOf(runId);
    const asked = readSeeds(row?.seeds ?? "");
    if (!row || !scene || !("seeds" in asked)) return [];
    const drawn = new Map<Seed, Set<string>>();
    const results = this.#db.prepare<[number], { seed: Seed; alternative: string | null }>(
      `SELECT seed, ${ALTERNATIVE} AS alternative FROM result
       WHERE run = ? AND ${SOUND_RESULT} ${row.until === null ? "AND scouted IS NULL" : ""}`,
    );
    for (const run of this.#runsOf(scene, row.model)) {
      for (const { seed, alternative } of results.all(run)) {
        drawn.set(seed, (drawn.get(seed) ?? new Set()).add(alternative ?? ""));
      }
    }
    const wanted = expandScene(scene).map(({ words = null }) => words);
    return asked.seeds.flatMap((seed) =>
      wanted
        .filter((alternative) => !drawn.get(seed)?.has(alternative ?? ""))
        .map((alternative) => ({ seed, alternative })),
    );
  }

  /** Results that may be the picture of this record: the same scene, seed and checkpoint. Newest first. */
  likeRecord({ seed, scene, model, scouted }: RunRecord, size: { width: number; height: number }): number[] {
    const rows = this.#db
      .prepare<[object], { id: number; run: number; scene: string | null }>(
        `SELECT id, run, record ->> '$.scene' AS scene FROM result
         WHERE seed = @seed AND width = @width AND height = @height AND emptied = 0
           AND scouted IS @scouted AND ${SOUND_RESULT}
           AND record ->> '$.model.hash' = @hash ORDER BY id DESC LIMIT @most`,
      )
      .all({ seed, ...size, scouted: scouted ?? null, hash: model.hash, most: MOST_ALIKE });
    const key = pictureKey(scene);
    return rows
      .filter((row) => {
        const own = row.scene === null ? this.#sceneOf(row.run) : readScene(row.scene);
        return own !== undefined && pictureKey(own) === key;
      })
      .map(({ id }) => id);
  }

  /** The runs of a scene, oldest first. */
  #runsOf(scene: Scene, model: string): number[] {
    const rows = this.#db
      .prepare<[string, string, string], { id: number }>(
        `SELECT id FROM run WHERE prompt = ? AND negative_prompt = ? AND model = ? AND ${SOUND_RUN} ORDER BY id`,
      )
      .all(scene.prompt, scene.negativePrompt, model);
    const key = pictureKey(scene);
    return rows
      .map(({ id }) => id)
      .filter((id) => {
        const other = this.#sceneOf(id);
        return other !== undefined && pictureKey(other) === key;
      });
  }
}

/** The scene of a record; undefined where it is damaged. */
function readScene(text: string): Scene | undefined {
  const read = v.safeParse(storedSceneSchema, parseJson(text), { abortEarly: true });
  return read.success ? read.output : undefined;
}
