/** How the queue stood: the order of what was asked for, and what waits until somebody lets it go on. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import { queueSchema } from "../api/storeMessages.ts";
import type { SavedQueue } from "../api/savedQueue.ts";
import { bounded, parseJson } from "./soundness.ts";

/** In bytes; a thousand places with the longest words that are chosen for a picture. */
const LONGEST = 8_000_000;

export class QueueMemory {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** What is damaged is no order: then the queue stands as it was asked for. */
  read(): SavedQueue {
    const row = this.#db
      .prepare<[number], { paused: number; places: string | null }>(
        `SELECT paused, ${bounded("places", "text")} AS places FROM queue`,
      )
      .get(LONGEST);
    const parsed = v.safeParse(queueSchema, { paused: row?.paused === 1, places: parseJson(row?.places ?? "[]") });
    return parsed.success ? parsed.output : { paused: row?.paused === 1, places: [] };
  }

  write({ paused, places }: SavedQueue): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO queue (id, paused, places) VALUES (1, ?, ?)")
      .run(Number(paused), JSON.stringify(places));
  }
}
