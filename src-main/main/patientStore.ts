/**
 * The store for callers that need not know that it may die: a call that may be made twice is made again, to the process that takes the
 * dead one's place. What a call changed before the process died is on disk, or did not happen: see store/.
 */
import { isAppError } from "../api/errors.ts";
import type { CallOptions, Client } from "../api/rpc.ts";
import type { StoreApi } from "../api/store.ts";

/** Making these twice is no different from making them once. */
const REPEATABLE: readonly (keyof StoreApi)[] = [
  "openProject",
  "closeProject",
  "currentProject",
  "verifyProject",
  "readDraft",
  "saveDraft",
  "listVersions",
  "readVersion",
  "renameVersion",
  "deleteVersion",
  "undeleteVersion",
  "endRun",
  "listRuns",
  "readRun",
  "listResults",
  "readResult",
  "readPicture",
  "readAttention",
  "markResults",
  "refillBin",
  "recentProjects",
  "forgetProject",
  "knownModels",
  "rememberModel",
  "forgetModel",
  "knownHash",
  "rememberHash",
  "readPreferences",
  "writePreferences",
];
const RETRIES = 2;

type AnyCall = (request?: unknown, options?: CallOptions) => Promise<unknown>;

export function patientStore(store: Client<StoreApi>): Client<StoreApi> {
  const patient = (call: AnyCall): AnyCall => {
    return async (request, options) => {
      for (let tries = 0; ; tries++) {
        try {
          return await call(request, options);
        } catch (error) {
          if (!isAppError(error, "service-crashed") || tries === RETRIES) throw error;
        }
      }
    };
  };
  const methods = Object.entries(store).map(([name, call]) => [
    name,
    REPEATABLE.includes(name as keyof StoreApi) ? patient(call as AnyCall) : call,
  ]);
  return Object.fromEntries(methods) as Client<StoreApi>;
}
