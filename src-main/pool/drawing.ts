/** The seam between a pool's worker and what draws: an engine, or in tests and simulations a small function. */
import type { AttentionMaps, Pixels, RunRecord } from "../api/engine.ts";
import type { PoolModel } from "../api/pool.ts";
import type { Prediction } from "../api/engine.ts";
import type { ModelAbout } from "./about.ts";
import type { Scene, Seed } from "../scene/scene.ts";

/** One picture that is asked for. */
export interface Task {
  model: PoolModel & { prediction?: Prediction };
  scene: Scene;
  seed: Seed;
  previewEvery: number;
  attention: boolean;
  /** The picture that the scene goes on from. */
  start?: Pixels;
  /** What it goes on from, where another worker began it. */
  from?: Uint8Array<ArrayBuffer>;
  /** Seconds between two states. */
  keepEvery: number;
}

export interface TaskStep {
  step: number;
  steps: number;
  elapsed: number;
  secondsLeft: number | undefined;
  obedience: Record<string, number>;
  preview?: Pixels;
}

export interface TaskControl {
  /** Nobody wants the picture any more. */
  unwanted: AbortSignal;
  /** The worker leaves, or lost the job: the picture stops where it is, and tells its state first. */
  leaving: AbortSignal;
  onStep: (step: TaskStep) => void;
  onState: (state: Uint8Array<ArrayBuffer>) => void;
}

export interface TaskPicture {
  pixels: Pixels;
  record: RunRecord;
  seconds: number;
  attention?: AttentionMaps;
}

/**
 * Draws a picture. Rejects with `cancelled` where it was stopped; with `state-invalid` where it cannot go on from `from`; with
 * `service-crashed` where another try may do; with any other error where none will.
 */
export type DrawTask = (task: Task, control: TaskControl) => Promise<TaskPicture>;

/** What a worker draws with. */
export interface Drawer {
  draw: DrawTask;
  /** In words: `cuda: RTX 4090`. */
  device: string;
  /** Checkpoints that are here. */
  models: () => readonly PoolModel[];
  /** What one of these is, for those who have not got it. */
  about?: (hash: string) => ModelAbout | undefined;
  /** Gets a checkpoint that is not here, where that is allowed and known how; what it says of it is told with the worker. */
  fetch?: (model: PoolModel & { repo?: string }, say: (note: string) => void) => Promise<void>;
}
