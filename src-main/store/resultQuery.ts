/** Which results a question means, and in which order, as SQL. */
import type { ResultQuery } from "../api/store.ts";
import { toMatch, wordsOf } from "./search.ts";
import { SOUND_RESULT } from "./soundness.ts";

export const RESULT_COLUMNS = `result.id, result.run AS runId, result.seed, result.created, result.width, result.height, result.starred,
  result.state, result.obedience, result.seconds, result.bytes,
  CASE WHEN NOT json_valid(result.record) THEN NULL WHEN json_type(result.record, '$.alternative') = 'text'
    THEN substr(json_extract(result.record, '$.alternative'), 1, 1000) END AS alternative`;

const ORDERS: Record<ResultQuery["order"], string> = {
  newest: "result.id DESC",
  oldest: "result.id",
  obedience: "result.obedience DESC, result.id DESC",
  seed: "length(result.seed), result.seed, result.id", // numbers of 64 bits, as text
};

/** `from` begins with FROM and ends with its conditions; `values` are those that it names. */
export function selectionOf({ runId, starred, state = "kept", text, leastObedience, order }: ResultQuery) {
  const words = wordsOf(text ?? "");
  const match = words.length > 0 ? toMatch(words) : undefined;
  const seed = /^\s*(\d+)\s*$/.exec(text ?? "")?.[1];
  const byWords = "result.run IN (SELECT rowid FROM run_text WHERE run_text MATCH @match)";
  const where = [
    "result.state = @state",
    SOUND_RESULT,
    // Only what is in the bin can be emptied out of it.
    state === "binned" ? "result.emptied = 0" : undefined,
    leastObedience === undefined ? undefined : "result.obedience >= @leastObedience",
    runId === undefined ? undefined : "result.run = @runId",
    starred === undefined ? undefined : "result.starred = @starred",
    match === undefined ? undefined : seed === undefined ? byWords : `(${byWords} OR result.seed GLOB @seed)`,
  ];
  return {
    from: `FROM result WHERE ${where.filter((condition) => condition !== undefined).join(" AND ")}`,
    order: ORDERS[order],
    values: { state, runId, starred: Number(starred), match, leastObedience, seed: `${seed}*` },
  };
}
