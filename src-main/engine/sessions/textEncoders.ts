/** A checkpoint's text encoders: one, or the two of Stable Diffusion XL, whose states stand side by side. */
import { LRUCache } from "lru-cache";
import type { MemoryMode } from "../../api/engine.ts";
import { AppError, invariant } from "../../wire/errors.ts";
import type { Checkpoint, TextEncoder } from "../../checkpoint/checkpoint.ts";
import type { LowRanks } from "../../checkpoint/lora/fit.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Graph } from "../../graph/graph.ts";
import { Adapters } from "../../model/adapters.ts";
import { clipStates, clipTextEncoder, clipTextPooled } from "../../model/clip.ts";
import { emphasise } from "../../model/emphasis.ts";
import { Module } from "../../model/layers.ts";
import type { TextChunk } from "../../model/tokenizer/encoding.ts";
import { strengthsOf, type AppliedLora } from "./appliedLoras.ts";
import { OrtSession } from "./session.ts";

type Numbers = Float32Array<ArrayBuffer>;

export interface TextStates {
  /** [positions of all chunks, contextWidth]. */
  context: Numbers;
  /** [projection], of the first chunk, where the network reads one. */
  pooled?: Numbers;
}

/** `OrtSession.open`, or one that explains more of what goes wrong. */
type OpenSession = (...of: Parameters<typeof OrtSession.open>) => Promise<OrtSession>;

/** Chunks whose text states are kept: those used last. */
const KEPT_CHUNKS = 32;

export class TextEncoders {
  readonly #encoders: readonly TextEncoder[];
  readonly #memory: MemoryMode;
  readonly #tokens: number;
  readonly #open: OpenSession;
  readonly #states = new LRUCache<string, TextStates>({ max: KEPT_CHUNKS });
  #sessions: OrtSession[] = [];
  #loras: readonly AppliedLora[] = [];
  /** Clip skip of `#sessions`. */
  #skip = 0;

  constructor(
    { text, text2 }: Pick<Checkpoint, "text" | "text2">,
    memory: MemoryMode,
    tokens: number,
    open: OpenSession = (...of) => OrtSession.open(...of),
  ) {
    this.#open = open;
    this.#encoders = text2 ? [text, text2] : [text];
    this.#memory = memory;
    this.#tokens = tokens;
  }

  /** The encoders' programs; building them checks their weights. */
  graphs(): Graph[] {
    return this.#encoders.map((encoder) => textGraph(encoder, this.#tokens, 1));
  }

  /** The LoRAs of the states to come. Others than before open the encoders anew, which takes a fraction of a second. */
  async use(loras: readonly AppliedLora[]): Promise<void> {
    const used = loras.filter(
      ({ textStrength, fitted }) => textStrength !== 0 && fitted.text.size + fitted.text2.size > 0,
    );
    if (keysOf(used) !== keysOf(this.#loras)) await this.close();
    this.#loras = used;
  }

  /**
   * The states of a prompt's chunks, by encoder (chunksOf); those of the last ones are kept. `clipSkip` is the layer that is read, counted
   * from the end; throws `scene-invalid` where there are not as many.
   */
  async encode(chunks: readonly (readonly TextChunk[])[], clipSkip = 1): Promise<TextStates> {
    invariant(chunks.length === this.#encoders.length, `chunks for ${chunks.length} of ${this.#encoders.length} text encoders`); // prettier-ignore
    const most = Math.min(...this.#encoders.map(({ config }) => config.layers));
    if (clipSkip > most) {
      const problem = `clip skip: this checkpoint's text encoder has ${most} layers, so the most is ${most}, got ${clipSkip}`;
      throw new AppError("scene-invalid", problem, { at: "settings.clipSkip" });
    }
    const parts: TextStates[] = [];
    for (const i of chunks[0]!.keys()) {
      parts.push(
        await this.#chunk(
          chunks.map((each) => each[i]!),
          clipSkip,
        ),
      );
    }
    return { ...parts[0]!, context: joined(parts.map(({ context }) => context)) };
  }

  #tables(encoder: number): LowRanks[] {
    return this.#loras.map(({ fitted }) => (encoder === 0 ? fitted.text : fitted.text2));
  }

  /** A picture's texts are read: where memory is short the encoders give theirs back before the network takes its own. */
  async rest(): Promise<void> {
    if (this.#memory === "low") await this.close();
  }

  async close(): Promise<void> {
    const sessions = this.#sessions;
    this.#sessions = [];
    for (const session of sessions) await session.close();
  }

  async #chunk(chunk: readonly TextChunk[], skip: number): Promise<TextStates> {
    const lorasKey = this.#loras.map(({ key, textStrength }) => `${key} ${textStrength}`).join("\n");
    const key = `${keyOf(chunk, skip)}\n${lorasKey}`;
    const known = this.#states.get(key);
    if (known) return known;
    if (this.#skip !== skip) await this.close();
    this.#skip = skip;
    const contexts: Numbers[] = [];
    let pooled: Numbers | undefined;
    for (const [i, encoder] of this.#encoders.entries()) {
      // On the processor whatever the provider: it runs once a prompt, and a GPU's memory has better uses.
      const session = (this.#sessions[i] ??= await this.#open(textGraph(encoder, this.#tokens, skip, this.#tables(i)), {
        provider: "cpu",
        memory: this.#memory,
      }));
      const { ids, learned, weights, end } = chunk[i]!;
      const out = await session.run({
        ids: BigInt64Array.from(ids, BigInt),
        ...learnedInputs(learned, i, this.#tokens, encoder.config.hiddenSize),
        ...strengthsOf(this.#loras, this.#loras, "textStrength"),
        end: BigInt64Array.of(BigInt(end)),
      });
      contexts.push(emphasise(out["states"]!, weights));
      pooled = out["pooled"] ?? pooled;
    }
    const states = { context: beside(contexts, this.#tokens), ...(pooled ? { pooled } : {}) };
    this.#states.set(key, states);
    return states;
  }
}

function keysOf(loras: readonly AppliedLora[]): string {
  return loras.map(({ key }) => key).join("\n");
}

/** What tells a chunk apart. */
function keyOf(chunk: readonly TextChunk[], skip: number): string {
  const each = chunk.map(({ ids, weights, learned }) => [
    ids,
    weights,
    learned.map(({ position, word, row }) => [position, word.sha256, row]),
  ]);
  return JSON.stringify([skip, each]);
}

function learnedInputs(learned: TextChunk["learned"], encoder: number, tokens: number, width: number) {
  const keep = new Float32Array(tokens).fill(1);
  const vectors = new Float32Array(tokens * width);
  for (const { position, word, row } of learned) {
    keep[position] = 0;
    vectors.set(word.vectors[encoder]!.subarray(row * width, (row + 1) * width), position * width);
  }
  return { keep, learned: vectors };
}

/**
 * Stable Diffusion 1 and 2 read the last layer's states after the final norm, at clip skip n those of the n-th layer from the end after
 * the same norm. XL reads the layer before the last without the norm: clip skip 1 and 2 both mean that one there, as pictures made
 * elsewhere with either say, and from 3 on the one that many from the end.
 */
function textGraph(
  { config, weights, states, projection }: TextEncoder,
  tokens: number,
  skip: number,
  loras: readonly LowRanks[] = [],
): Graph {
  const g = new GraphBuilder();
  const m = new Module(g, weights, "float32", new Adapters(g, loras));
  const inputs = {
    ids: g.input("ids", "int64", [tokens]),
    learned: {
      keep: g.input("keep", "float32", [tokens, 1]),
      vectors: g.input("learned", "float32", [tokens, config.hiddenSize]),
    },
  };
  if (states === "last") return g.finish({ states: clipTextEncoder(m, config, inputs, skip) });
  const deep = Math.max(2, skip);
  if (projection === undefined) return g.finish({ states: clipStates(m, config, inputs).at(-deep)! });
  return g.finish(clipTextPooled(m, config, { ...inputs, end: g.input("end", "int64", [1]) }, projection, deep));
}

function joined(parts: readonly Numbers[]): Numbers {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Matrices of `rows` rows, side by side. */
function beside(parts: readonly Numbers[], rows: number): Numbers {
  if (parts.length === 1) return parts[0]!;
  const widths = parts.map((part) => part.length / rows);
  const width = widths.reduce((a, b) => a + b, 0);
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let at = row * width;
    parts.forEach((part, i) => {
      out.set(part.subarray(row * widths[i]!, (row + 1) * widths[i]!), at);
      at += widths[i]!;
    });
  }
  return out;
}
