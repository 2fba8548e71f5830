/** A checkpoint that is open as far as headers and configs, wherever it came from. */
import type { SchedulerConfig, TextConfig, VaeConfig } from "./config.ts";
import type { Distilled } from "./distilled.ts";
import type { SettingChanges } from "../scene/flatSettings.ts";
import type { Family } from "./single/family.ts";
import type { TokenizerFiles } from "./tokenizerFiles.ts";
import type { UnetConfig } from "./unetConfig.ts";
import type { Weights } from "./weights.ts";

export interface TextEncoder {
  config: TextConfig;
  /** Names are without `text_model.`, such as `encoder.layers.0.mlp.fc1.weight`. */
  weights: Weights;
  /** Which states the UNet reads: the last layer's after the final norm, or those of the layer before, without it. */
  states: "last" | "penultimate";
  /** Width of the pooled text, which the UNet reads as well; undefined where it does not. */
  projection?: number;
  tokenizer: TokenizerFiles;
}

export interface Checkpoint {
  /** The folder or file, absolute, as it was given (links not resolved). */
  path: string;
  name: string;
  family: Family;
  unet: { config: UnetConfig; weights: Weights };
  vae: { config: VaeConfig; weights: Weights };
  text: TextEncoder;
  /** The second encoder of Stable Diffusion XL, whose states stand beside the first's. */
  text2?: TextEncoder;
  scheduler: SchedulerConfig;
  /** What the network predicts is not said by its file: it was guessed, or a person said it. */
  isPredictionGuessed?: boolean;
  /** Bytes of weights on disk. */
  weightBytes: number;
  parameters: number;
  /** Settings that the checkpoint's makers recommend, from its diorama.json. */
  recommended?: SettingChanges;
  /** Where it was distilled to a few steps: by what, and the settings that it wants. */
  distilled?: Distilled;
  /** The file that holds the UNet, links resolved; undefined where it is spread over several. */
  networkFile?: string;
  /** What a person should know of how it was read: what was guessed, what was left aside. */
  notes: string[];
  /** Tells checkpoints apart without reading all of them; the text before the colon says how it was made. */
  hash(): Promise<string>;
}
