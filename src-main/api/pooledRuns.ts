/** The part of the store's contract by which a project knows what a pool draws for it: see pool.ts. */
import type { LoadRequest } from "./engine.ts";

/** A run that a pool draws, and goes on with also when the project is closed. */
export interface PooledRun {
  /** What the pool calls it: letters, digits and dashes, the same for ever. */
  name: string;
  /** Checkpoint and pool, as they were asked. */
  model: LoadRequest;
}

/** Calls of the store; see store.ts. */
export interface PooledCalls {
  /** Puts on record that a pool draws a run, or (null) that none does any more. */
  setPooled(request: { runId: number; pooled: PooledRun | null }): Promise<void>;
  /** What a pool draws, or drew, of a run; null where none does. */
  readPooled(request: { runId: number }): Promise<PooledRun | null>;
}
