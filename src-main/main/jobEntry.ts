/** A job as the main process keeps it. */
import type { LoadRequest } from "../api/engine.ts";
import type { Job, JobPicture } from "../api/main.ts";
import type { UnfinishedPicture } from "../api/store.ts";
import type { Alternative } from "../scene/alternatives.ts";

export interface Entry {
  job: Job;
  model: LoadRequest;
  previewEvery: number;
  attention: boolean;
  alternatives: readonly Alternative[];
  /** Indices of pictures that something is kept of to go on from. */
  stated: Set<number>;
  /** Indices of pictures that are not drawn side by side with others any more: that went wrong. */
  alone: Set<number>;
  /** A pool draws it, beside whatever is drawn here. */
  inPool: boolean;
  /** It finishes results of a run that has ended. */
  isFinishing: boolean;
  /** Nobody wants any more of it. */
  cancelled: boolean;
  /** The program ends: what is owed goes on at the next start. */
  interrupted: boolean;
  /** It owes nothing any more, and is being put on record. */
  isEnding: boolean;
  /** Times that the engine has died over it. */
  deaths: number;
  /** What one of its pictures takes; undefined while that is not known. */
  secondsEach: number | undefined;
  /** What is on its way to the store. */
  commits: Promise<unknown>[];
  ended: PromiseWithResolvers<void>;
}

export function isOwed({ state }: JobPicture): boolean {
  return state === "waiting" || state === "drawing";
}

/** Where the project keeps what a picture goes on from. */
export function placeOf({ runId }: Job, { seed, alternative, finishes }: JobPicture): UnfinishedPicture {
  return { runId, seed, alternative: alternative ?? null, resultId: finishes ?? null };
}
