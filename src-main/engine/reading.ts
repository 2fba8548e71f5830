/** How a checkpoint would read a scene, by its tokenizer alone: for those who draw with one that is not here. */
import type { PromptText, PromptTokens, SceneWarning } from "../api/engine.ts";
import type { Scene } from "../scene/scene.ts";
import { encode } from "../model/tokenizer/encoding.ts";
import type { Tokenizer } from "../model/tokenizer/tokenizer.ts";
import { sceneWarnings } from "./sceneWarnings.ts";

export class Reading {
  readonly #tokenizer: Tokenizer;
  readonly #unit: number;

  /** `unit`: pixels a side of a latent cell. */
  constructor(tokenizer: Tokenizer, unit: number) {
    this.#tokenizer = tokenizer;
    this.#unit = unit;
  }

  /** Words that embeddings stand for count as words: their files are elsewhere. */
  tokenize({ prompt, promptWeights }: PromptText): PromptTokens {
    const read = encode(this.#tokenizer, prompt, { weights: promptWeights });
    const { count, chunks, limit, tokens, lost, embeddings } = read;
    return { count, chunks, limit, tokens, embeddings, ...(lost ? { lost } : {}) };
  }

  warnings(scene: Scene): SceneWarning[] {
    const { promptWeights, width, height } = scene.settings;
    const encoding = encode(this.#tokenizer, scene.prompt, { weights: promptWeights });
    return sceneWarnings(scene, encoding, { width: width / this.#unit, height: height / this.#unit });
  }
}
