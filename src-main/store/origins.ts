/** What runs came from: the history as a tree. */
import type Database from "better-sqlite3";
import { ORIGINS, type RunOrigin } from "../api/store.ts";
import { SOUND_RUN } from "./soundness.ts";

export interface OriginRow {
  origin: number | null;
  originResult: number | null;
  originHow: string | null;
}

/** An origin that is no earlier run of this project is none: trees have no circles, whoever wrote the file. */
export const ORIGIN_COLUMNS = `iif(typeof(run.origin) = 'integer' AND run.origin < run.id AND EXISTS (SELECT 1 FROM run AS before
    WHERE before.id = run.origin AND before.id NOT IN temp.unsound_run), run.origin, NULL) AS origin,
  iif(typeof(run.origin_result) = 'integer', run.origin_result, NULL) AS originResult,
  iif(octet_length(run.origin_how) < 20, run.origin_how, NULL) AS originHow`;

export function originOf({ origin, originResult: result, originHow }: OriginRow): RunOrigin | null {
  if (origin === null) return null;
  return { run: origin, result, how: ORIGINS.find((how) => how === originHow) ?? "scene" };
}

/** All runs, each under the one that it came from, in the order in which they were begun; those from none the newest first. */
export function treeOf(db: Database.Database): { id: number; depth: number }[] {
  const rows = db
    .prepare<[], OriginRow & { id: number }>(`SELECT run.id, ${ORIGIN_COLUMNS} FROM run WHERE ${SOUND_RUN} ORDER BY id`)
    .all();
  const children = new Map<number, number[]>();
  for (const { id, origin } of rows) {
    if (origin === null) continue;
    const own = children.get(origin);
    if (own) own.push(id);
    else children.set(origin, [id]);
  }
  const tree: { id: number; depth: number }[] = [];
  const open = rows.filter(({ origin }) => origin === null).map(({ id }) => ({ id, depth: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    tree.push(next);
    const { id, depth } = next;
    for (const child of (children.get(id) ?? []).toReversed()) open.push({ id: child, depth: depth + 1 });
  }
  return tree;
}
