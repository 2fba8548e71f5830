/**
 * The contract of the process that speaks with other machines: what main asks of it, and what it tells. What comes from another machine
 * is read and checked there, and nowhere else.
 */
import * as v from "valibot";
import type { AttentionMaps, GeneratedImage, GenerateRequest, LoadRequest, ModelSummary, Pixels, PromptText, PromptTokens, SceneCheck } from "../api/engine.ts"; // prettier-ignore
import { engineSchemas } from "../api/engineMessages.ts";
import { type FoundMachine, type Machine, type MachineCalls, machineSchemas } from "../api/machines.ts";
import type { Scene } from "../scene/scene.ts";
import type { Schemas } from "../wire/rpc.ts";

/** A question about a checkpoint of another machine; `call` names it in `loading`. */
interface Asked {
  call: string;
  model: LoadRequest;
}

export interface MachinesApi extends MachineCalls {
  load(request: Asked): Promise<ModelSummary>;
  tokenize(request: Asked & { text: PromptText }): Promise<PromptTokens>;
  check(request: Asked & { scene: Scene }): Promise<SceneCheck>;
  estimate(request: Asked & { scenes: { scene: Scene; until: number | null }[] }): Promise<(number | null)[]>;
  atOnce(request: Asked & { scene: Scene }): Promise<number>;
  /** Draws a picture, or several side by side; they come as `image` before this resolves. */
  draw(request: { model: LoadRequest; request: GenerateRequest & { jobId: string } }): Promise<{ finished: number }>;
  cancel(request: { jobId: string; index?: number; keep: boolean }): Promise<void>;
}

/** A step of a picture that is drawn elsewhere, less what this machine knows of it. */
export interface FarStep {
  jobId: string;
  index: number;
  step: number;
  steps: number;
  elapsed: number;
  pictureSecondsLeft?: number;
  obedience: Record<string, number>;
  loss?: number;
  preview?: Pixels;
  attention?: AttentionMaps;
}

export type FarImage = Omit<GeneratedImage, "seed">;

export interface MachinesEvents {
  machines: { machines: Machine[] };
  foundMachines: { found: FoundMachine[] };
  loading: { call: string; fraction: number; message: string };
  step: FarStep;
  image: FarImage;
  state: { jobId: string; index: number; step: number; state: Uint8Array<ArrayBuffer> };
  log: { message: string };
}

const call = v.pipe(v.string(), v.maxLength(100));
const asked = { call, model: engineSchemas.load };

export const machinesSchemas = {
  ...machineSchemas,
  load: v.strictObject(asked),
  tokenize: v.strictObject({ ...asked, text: engineSchemas.tokenize }),
  check: v.strictObject({ ...asked, scene: engineSchemas.check }),
  estimate: v.strictObject({ ...asked, ...engineSchemas.estimate.entries }),
  atOnce: v.strictObject({ ...asked, scene: engineSchemas.check }),
  draw: v.strictObject({ model: engineSchemas.load, request: engineSchemas.generate }),
  cancel: v.strictObject({
    jobId: engineSchemas.cancel.entries.jobId,
    index: engineSchemas.cancel.entries.index,
    keep: v.boolean(),
  }),
} satisfies Schemas<MachinesApi>;
