/** Newer versions of the program, as the window shows them. Nothing is fetched and nothing installed before the person says so. */
import * as v from "valibot";

export interface UpdateState {
  /** Why this installation looks for none itself, and who brings them; null where it does. */
  elsewhere: string | null;
  /** It looks by itself, once a day. */
  automatic: boolean;
  /** The newer version that is there; null where none is known. */
  version: string | null;
  /** The page that says what is new in it. */
  notes: string | null;
  /** `installing`: it is here, and the program ends to be started again. */
  doing: "nothing" | "looking" | "fetching" | "installing";
  /** How much of it has come, 0 to 1. */
  fetched: number;
}

export interface UpdateCalls {
  updates(): Promise<UpdateState>;
  /** Looks now; rejects with why that is not possible. */
  lookForUpdate(): Promise<UpdateState>;
  setUpdates(request: { automatic: boolean }): Promise<void>;
  /** Fetches the newer version; then every window saves and closes, and the program starts again as that. */
  installUpdate(): Promise<void>;
}

const nothing = v.undefined("expected no argument");

export const updateSchemas = {
  updates: nothing,
  lookForUpdate: nothing,
  setUpdates: v.strictObject({ automatic: v.boolean() }),
  installUpdate: nothing,
};
