/** Which results a question means, and in which order, as SQL. */
import type { ResultQuery } from "../api/store.ts";
import { phraseKey } from "./finding.ts";
import { toMatch, wordsOf } from "./search.ts";
import { SOUND_RESULT, TELLS_ALTERNATIVE } from "./soundness.ts";

export const RESULT_COLUMNS = `result.id, result.run AS runId, result.seed, result.created, result.width, result.height, result.starred,
  result.state, result.obedience, result.seconds, result.bytes, result.scouted,
  result.scouted IS NOT NULL AND EXISTS (SELECT 1 FROM picture_state WHERE picture_state.result = result.id AND let_go = 0) AS resumable,
  CASE WHEN NOT (${TELLS_ALTERNATIVE}) THEN NULL WHEN json_type(result.record, '$.alternative') = 'text'
    THEN substr(json_extract(result.record, '$.alternative'), 1, 1000) END AS alternative`;

const ORDERS: Record<ResultQuery["order"], string> = {
  newest: "result.id DESC",
  oldest: "result.id",
  obedience: "result.obedience DESC, result.id DESC",
  seed: "length(result.seed), result.seed, result.id", // numbers of 64 bits, as text
};

/** `from` begins with FROM and ends with its conditions; `values` are those that it names. */
export function selectionOf({ runId, starred, state = "kept", text, order, ...query }: ResultQuery) {
  const { leastObedience, leastBox, scouted, labels = [], model, method, phrase, leastOfPhrase } = query;
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
    // What is no JSON is not looked into.
    leastBox === undefined
      ? undefined
      : `result.obedience IS NOT NULL AND iif(json_valid(result.record),
           NOT EXISTS (SELECT 1 FROM json_each(result.record, '$.obedience') WHERE value < @leastBox), 0)`,
    scouted === undefined ? undefined : `result.scouted IS ${scouted ? "NOT NULL" : "NULL"}`,
    ...labels.map((id) => `result.id IN (SELECT result FROM labelled WHERE label = ${Math.trunc(id)})`),
    model === undefined ? undefined : "result.run IN (SELECT id FROM run WHERE model = @model)",
    method === undefined ? undefined : "result.run IN (SELECT id FROM run WHERE method = @method)",
    phrase === undefined ? undefined : "result.run IN (SELECT run FROM run_box WHERE phrase = @phrase)",
    phrase === undefined || leastOfPhrase === undefined
      ? undefined
      : `iif(json_valid(result.record), EXISTS (SELECT 1 FROM run_box JOIN json_each(result.record, '$.obedience') AS score
           ON score.key = run_box.box WHERE run_box.run = result.run AND run_box.phrase = @phrase AND score.value >= @leastOfPhrase), 0)`,
    runId === undefined ? undefined : "result.run = @runId",
    starred === undefined ? undefined : "result.starred = @starred",
    match === undefined ? undefined : seed === undefined ? byWords : `(${byWords} OR result.seed GLOB @seed)`,
  ];
  return {
    from: `FROM result WHERE ${where.filter((condition) => condition !== undefined).join(" AND ")}`,
    order: ORDERS[order],
    values: {
      state,
      runId,
      starred: Number(starred),
      match,
      leastObedience,
      leastBox,
      model,
      method,
      leastOfPhrase,
      phrase: phrase === undefined ? undefined : phraseKey(phrase),
      seed: `${seed}*`,
    },
  };
}
