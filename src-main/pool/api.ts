/** The contract of the process that asks a pool for this machine's windows: what main asks of it, and what it tells. */
import * as v from "valibot";
import type { AttentionMaps, Pixels, PromptText, PromptTokens, RunRecord, SceneCheck } from "../api/engine.ts";
import { engineSchemas, seedSchema } from "../api/engineMessages.ts";
import { type Pool, type PoolCalls, poolSchemas } from "../api/poolCalls.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import type { Schemas } from "../wire/rpc.ts";
import type { ModelAbout } from "./about.ts";

/** Pictures of one scene, by what the pool calls their run. */
export interface PoolAsk {
  /** The pool's id, and the checkpoint's hash. */
  pool: string;
  hash: string;
  run: string;
  scene: Scene;
  seeds: Seed[];
  prediction?: "epsilon" | "v_prediction";
  previewEvery: number;
  attention: boolean;
  start?: Pixels;
}

export interface PoolServiceApi extends PoolCalls {
  /** What a checkpoint is, as a worker that has it says. */
  describe(request: { pool: string; hash: string }): Promise<{ name: string; about: ModelAbout }>;
  tokenize(request: { pool: string; hash: string; text: PromptText }): Promise<PromptTokens>;
  check(request: { pool: string; hash: string; scene: Scene }): Promise<SceneCheck>;
  /** Resolves when they are in the queue, which waits for a pool that is cut off; what comes of them is told from then on. */
  ask(request: PoolAsk): Promise<void>;
  /** Nobody here waits for these any more; with `cancel` they are not to be drawn either. */
  drop(request: { run: string; seeds: Seed[]; cancel: boolean }): Promise<void>;
  /** Answers `picture`: it is in the project, and the pool need not keep it. */
  kept(request: { run: string; seed: Seed }): Promise<void>;
}

export interface PoolServiceEvents {
  pool: { pool: Pool | null };
  step: {
    run: string;
    seed: Seed;
    step: number;
    steps: number;
    elapsed: number;
    left: number | null;
    obedience: Record<string, number>;
    preview?: Pixels;
  };
  /** It stays in the pool until it is answered by `kept`. */
  picture: {
    run: string;
    seed: Seed;
    pixels: Pixels;
    record: RunRecord;
    seconds: number;
    attention?: AttentionMaps;
  };
  failed: { run: string; seed: Seed; why: string };
  log: { message: string };
}

const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));
const run = v.pipe(v.string(), v.regex(/^[\w-]{1,100}$/));
const { scene, seeds, previewEvery, attention, start } = engineSchemas.generate.entries;
const checkpoint = { pool: hex(16), hash: hex(64) };

export const poolServiceSchemas = {
  ...poolSchemas,
  describe: v.strictObject(checkpoint),
  tokenize: v.strictObject({ ...checkpoint, text: engineSchemas.tokenize }),
  check: v.strictObject({ ...checkpoint, scene: engineSchemas.check }),
  ask: v.strictObject({
    ...{ ...checkpoint, run, scene, seeds, previewEvery, attention, start },
    prediction: engineSchemas.load.entries.prediction,
  }),
  drop: v.strictObject({ run, seeds, cancel: v.boolean() }),
  kept: v.strictObject({ run, seed: seedSchema }),
} satisfies Schemas<PoolServiceApi>;
