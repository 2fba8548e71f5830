/** The part of the store's contract by which the order of the queue is kept. */
import type { Seed } from "../scene/scene.ts";

/** A place in the queue: the pictures of a run that nobody moved apart, or one of them. */
export interface QueuePlace {
  run: number;
  /** Scouted results of it are finished. */
  finishing: boolean;
  picture: { seed: Seed; alternative: string | null } | null;
  /** It waits until somebody lets it go on. */
  held: boolean;
}

/** How the queue stood, for the next start. */
export interface SavedQueue {
  paused: boolean;
  places: QueuePlace[];
}

/** Places that are remembered at most. */
export const MOST_PLACES = 1_000;

/** Calls of the store; see store.ts. */
export interface QueueCalls {
  readQueue(): Promise<SavedQueue>;
  writeQueue(queue: SavedQueue): Promise<void>;
}
