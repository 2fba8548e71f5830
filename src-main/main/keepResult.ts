/** A picture on its way into the project: once, also where the store dies over it. */
import { isAppError } from "../wire/errors.ts";
import type { Job } from "../api/main.ts";
import type { Client } from "../wire/rpc.ts";
import type { NewResult, ResultInfo, StoreApi } from "../api/store.ts";

/** Times that a picture is handed to the store again after that died. */
const RETRIES = 3;

/** Hands a picture of `job` to the store; again if that dies over it, unless it was kept already. */
export async function keepResult(
  store: Pick<Client<StoreApi>, "addResult" | "listResults">,
  job: Job,
  result: NewResult,
): Promise<ResultInfo> {
  for (let tries = 0; ; tries++) {
    try {
      return await store.addResult(result);
    } catch (error) {
      if (!isAppError(error, "service-crashed") || tries === RETRIES) throw error;
    }
    const query = { runId: result.runId, order: "newest", offset: 0, limit: 500 } as const;
    const { results } = await store.listResults(query).catch(() => ({ results: [] as ResultInfo[] }));
    const known = new Set(job.pictures.flatMap((picture) => picture.result?.id ?? []));
    const { alternative = null } = result.record;
    const kept = results.find(
      (one) => one.seed === result.seed && one.alternative === alternative && !known.has(one.id),
    );
    if (kept) return kept;
  }
}
