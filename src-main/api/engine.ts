/**
 * The engine's contract: every call and event between the process that runs the model and whoever drives it
 * (the main process, the command line, tests). Only structured-cloneable data crosses.
 */
import type { ModelFamily } from "./models.ts";
import type { Markup } from "../scene/promptMarkup.ts";
import type { ProviderName, Scene, SceneEmbedding, SceneSettings, Seed, Spacing, TextSpan } from "../scene/scene.ts";
import type { SchedulerName } from "../scene/schedulers.ts";

/** `fast` lets ONNX Runtime repack weights; `low` keeps them mapped from the file and is slower. */
export type MemoryMode = "fast" | "low";

export const PREDICTIONS = ["epsilon", "v_prediction"] as const;
export type Prediction = (typeof PREDICTIONS)[number];

export interface LoadRequest {
  /** A checkpoint: a .safetensors file, or a folder in diffusers' layout. */
  path: string;
  provider: ProviderName;
  /** Index of the device among the provider's; 0 by default. */
  deviceId?: number;
  /** `auto` chooses by free memory. */
  memory: MemoryMode | "auto";
  /** Threads of the processor; one per core by default. Fewer waste less where several engines share the cores. */
  threads?: number;
  /** What the network predicts, where its file does not say so and the guess is wrong. Folders always say. */
  prediction?: Prediction;
  /** An autoencoder (VAE) in place of the checkpoint's own: a .safetensors file, or a folder in diffusers' layout. */
  vae?: string;
  /** A tiny autoencoder (TAESD) that draws the previews: a .safetensors file, or a folder in diffusers' layout. */
  tiny?: string;
  /** The pictures, too, are decoded by the tiny autoencoder: faster, with less detail. */
  draft?: boolean;
}

/** What a loaded checkpoint is and is good for. */
export interface ModelSummary {
  path: string;
  name: string;
  provider: ProviderName;
  memory: MemoryMode;
  /** Number type that the network computes in. */
  precision: "float32" | "float16";
  /** Bytes of weights on disk. */
  weightBytes: number;
  parameters: number;
  family: ModelFamily;
  /** What the network foresees: the noise, or the velocity towards it. */
  prediction: Prediction;
  /** The file does not say what the network predicts: it was guessed, or is what the request says. */
  isPredictionGuessed?: boolean;
  /** The autoencoder in place of its own, by name. */
  vae?: string;
  /** What it was distilled by, where it was: `Lightning, 4 steps`. */
  distilled?: string;
  /** What a person should know of how it was read, a sentence each. */
  notes: string[];
  /** Text positions, start and end marks included (77 for Stable Diffusion). */
  maxTokens: number;
  /** Pixels per latent cell (8 for Stable Diffusion). */
  pixelsPerLatent: number;
  /** The scene settings this checkpoint is best used with. */
  defaults: SceneSettings;
}

/** A prompt, and how it is to be read (`SceneSettings.promptWeights`). */
export interface PromptText {
  prompt: string;
  promptWeights: boolean;
  embeddings?: SceneEmbedding[];
}

/** Which tokens a prompt became, for the counter and for greying what is lost. */
export interface PromptTokens {
  /** Tokens used, without the start and end marks. */
  count: number;
  /** Parts of the prompt that the text encoder reads one after the other, 75 tokens each for Stable Diffusion. */
  chunks: number;
  /** The most that fit into these, without the start and end marks. */
  limit: number;
  tokens: { id: number; text: string; span: TextSpan; lost: boolean }[];
  /** Words that an embedding stands for: where, and how many tokens it takes. */
  embeddings: { word: string; span: TextSpan; vectors: number }[];
  /** The part of the prompt that the model will not see; undefined when all of it fits. */
  lost?: { span: TextSpan; text: string };
}

export interface GenerateRequest {
  scene: Scene;
  seeds: Seed[];
  /** Decode a preview of the predicted picture every this many steps; 0 for none. */
  previewEvery: number;
  /** Send attention maps with every step's progress. */
  attention: boolean;
  /** Scout: each picture stops after so many steps, and shows what is foreseen there. Left out, they are drawn to the end. */
  until?: number;
  /** The picture that the scene goes on from (`Scene.start`). */
  start?: Pixels;
  /** For each seed, in their order, the state that its picture goes on from; null begins it. */
  from?: (Uint8Array<ArrayBuffer> | null)[];
  /**
   * Pictures of the scene with boxes elsewhere follow, or came before: the steps in which no box acted that is elsewhere are taken over from
   * what was drawn last, to the same pixels. Obedience after those steps is that of the boxes of then.
   */
  sharesBeginning?: boolean;
  /** Tell the state of the picture in work about every so many seconds; never where left out. */
  keepEvery?: number;
}

/** Straight 8-bit RGBA pixels, row by row from the top left. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

/** Where a phrase's tokens look: one map per region, rows from the top, each summing to 1. */
export interface AttentionMaps {
  width: number;
  height: number;
  /** By region id; width * height fractions of the attention that the region's tokens receive. */
  regions: Record<string, Float32Array<ArrayBuffer>>;
}

/** One denoising step of one picture is done. */
export interface StepEvent {
  jobId: string;
  seed: Seed;
  /** Index of this seed in the request. */
  index: number;
  /** Steps done of `steps` for this picture. */
  step: number;
  steps: number;
  /** Seconds since the picture was begun, and an estimate of what this picture and the whole queue still need; undefined before there is one. */
  elapsed: number;
  pictureSecondsLeft: number | undefined;
  queueSecondsLeft: number | undefined;
  /** How far each box is obeyed, 0 to 1, by region id: an estimate of the overlap of thing and box. */
  obedience: Record<string, number>;
  /** Value of the layout loss, where it was computed. */
  loss?: number;
  preview?: Pixels;
  attention?: AttentionMaps;
}

/** What the rest of the picture in work follows from, as it is after a step; see engine/pictureState.ts. */
export interface StateEvent {
  jobId: string;
  seed: Seed;
  index: number;
  step: number;
  state: Uint8Array<ArrayBuffer>;
}

/** A picture and everything needed to make it again. */
export interface GeneratedImage {
  jobId: string;
  seed: Seed;
  index: number;
  pixels: Pixels;
  /** By step, by region id. */
  obedience: Record<string, number>[];
  /** At the last step. */
  attention: AttentionMaps;
  seconds: number;
  record: RunRecord;
  /** Of a scouted picture (`record.scouted`): what it can be finished from. */
  state?: Uint8Array<ArrayBuffer>;
  /** Steps that were taken over from an earlier picture (`sharesBeginning`). */
  shared?: number;
}

/** What is kept with a result, besides the scene and the seed. */
export interface RunRecord {
  /** Version of this record's form. */
  version: 1;
  scene: Scene;
  seed: Seed;
  /** Of a prompt with alternatives, the words that were chosen for this picture. */
  alternative?: string;
  /** The picture is only what was foreseen after so many steps. */
  scouted?: number;
  /** `hash` tells checkpoints apart; `sha256` is of the file that holds the network, in hexadecimal, where it is known. */
  model: {
    name: string;
    hash: string;
    sha256?: string;
    /** What decoded the picture, where it was not the checkpoint's own autoencoder. */
    vae?: { name: string; hash: string };
  };
  engine: {
    app: string;
    onnxruntime: string;
    /** Unknown where only the text for other programs was left in the picture. */
    provider: ProviderName | "unknown";
    precision: string;
    noise: "torch-cpu" | "unknown";
    /** The most rows of the network in one run, where that was more than one: both halves of a step, or of several pictures, which differ in the last digits from what they are alone. */
    rows?: number;
  };
  /** Token positions each region was bound to, by region id. */
  tokens: Record<string, number[]>;
  /** The size that the picture had which it went on from. */
  start?: { width: number; height: number };
  /** Obedience at the last step, by region id (guidance/obedience.ts). */
  obedience: Record<string, number>;
  /** The same after each step, in hundredths; of pictures from before it was kept, none. */
  course?: Record<string, number[]>;
}

/** Before a run: what would go wrong or be lost, and what it will cost. */
export interface SceneCheck {
  warnings: SceneWarning[];
  /** Seconds for one picture, from steps timed with this checkpoint on this machine, now or earlier; undefined before the first. */
  estimatedSeconds?: number;
  /** Seconds for one picture in draft steps (`draftSettings`), likewise. */
  estimatedDraftSeconds?: number;
  /** Seconds for one picture that is scouted as far as boxes guide it, likewise. */
  estimatedScoutSeconds?: number;
  estimatedBytes: number;
}

export type SceneWarning =
  | { kind: "phrase-lost"; regionId: string; text: string }
  | { kind: "prompt-truncated"; text: string }
  | { kind: "box-below-cell"; regionId: string; cells: number }
  /** Other boxes lie in front of all of it, and what is in front wins. */
  | { kind: "box-hidden"; regionId: string }
  | { kind: "boxes-conflict"; regionIds: [string, string]; overlap: number }
  /** An embedding that cannot be used, and why: drawing refuses it. */
  | { kind: "embedding-unusable"; name: string; problem: string }
  /** Instructions of other programs in a prompt, which are drawn as letters. */
  | { kind: "markup-ignored"; markup: Markup; where: "prompt" | "negativePrompt" }
  /** A spacing of noise levels is asked for, and the scheduler has none but its own. */
  | { kind: "spacing-ignored"; scheduler: SchedulerName; spacing: Spacing }
  | { kind: "not-enough-memory"; neededBytes: number; freeBytes: number };

export interface ProviderReport {
  provider: ProviderName;
  available: boolean;
  /** Why not, and what would help; or what was found. */
  detail: string;
}

/** The calls that the engine serves. Each may reject with an `AppError`. */
export interface EngineApi {
  /** What this machine can run; starts nothing that lasts. */
  providers(): Promise<ProviderReport[]>;
  /** Opens a checkpoint, in place of the one loaded before. */
  load(request: LoadRequest): Promise<ModelSummary>;
  tokenize(request: PromptText): Promise<PromptTokens>;
  check(scene: Scene): Promise<SceneCheck>;
  /**
   * How many pictures of a scene, which differ in nothing but the seed, had better be asked for in one `generate`: as many are drawn side by
   * side there. One where that has not shown to be faster.
   */
  atOnce(scene: Scene): Promise<number>;
  /** Draws one picture per seed, in order; each arrives as an `image` event. Resolves when the queue is done. */
  generate(request: GenerateRequest & { jobId: string }): Promise<{ finished: number }>;
  /**
   * Stops a job, or one seed of it, within one step. The job's `generate` rejects with `cancelled` if all is cancelled. With `keep` the
   * picture in work tells its state first, where it has done a step; behind its last step it comes after all.
   */
  cancel(target: { jobId: string; index?: number; keep?: boolean }): Promise<void>;
  /** Seconds that a picture of each scene takes, to step `until` where that is given; null where nothing like it was timed yet. */
  estimate(request: { scenes: { scene: Scene; until: number | null }[] }): Promise<(number | null)[]>;
}

/** What the engine tells while it works. */
export interface EngineEvents {
  step: StepEvent;
  image: GeneratedImage;
  /** Never after the picture's `image`. */
  state: StateEvent;
  /** A line for the log. */
  log: { level: "info" | "warn"; message: string };
  /** How far opening a checkpoint is, 0 to 1. */
  loading: { fraction: number; message: string };
}
