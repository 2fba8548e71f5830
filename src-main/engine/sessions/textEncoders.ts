/** A checkpoint's text encoders: one, or the two of Stable Diffusion XL, whose states stand side by side. */
import { LRUCache } from "lru-cache";
import type { MemoryMode } from "../../api/engine.ts";
import { invariant } from "../../api/errors.ts";
import type { Checkpoint, TextEncoder } from "../../checkpoint/checkpoint.ts";
import type { LowRanks } from "../../checkpoint/lora/fit.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Graph } from "../../graph/graph.ts";
import { clipLayers, clipTextEncoder, clipTextPooled } from "../../model/clip.ts";
import { Adapters } from "../../model/adapters.ts";
import { Module } from "../../model/layers.ts";
import { strengthsOf, type AppliedLora } from "./appliedLoras.ts";
import { OrtSession } from "./session.ts";

export interface TextStates {
  /** [tokens, contextWidth]. */
  context: Float32Array<ArrayBuffer>;
  /** [projection], where the network reads one. */
  pooled?: Float32Array<ArrayBuffer>;
}

/** A prompt's ids for each encoder. */
export interface PromptIds {
  ids: readonly (readonly number[])[];
  /** Position of the mark behind the text. */
  end: number;
}

/** `OrtSession.open`, or one that explains more of what goes wrong. */
type OpenSession = (...of: Parameters<typeof OrtSession.open>) => Promise<OrtSession>;

/** Prompts whose text states are kept: those used last. */
const KEPT_PROMPTS = 16;

export class TextEncoders {
  readonly #encoders: readonly TextEncoder[];
  readonly #memory: MemoryMode;
  readonly #tokens: number;
  readonly #open: OpenSession;
  readonly #states = new LRUCache<string, TextStates>({ max: KEPT_PROMPTS });
  #sessions: OrtSession[] = [];
  #loras: readonly AppliedLora[] = [];

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
    return this.#encoders.map((encoder) => textGraph(encoder, this.#tokens));
  }

  /** The LoRAs of the states to come. Others than before open the encoders anew, which takes a fraction of a second. */
  async use(loras: readonly AppliedLora[]): Promise<void> {
    const used = loras.filter(
      ({ textStrength, fitted }) => textStrength !== 0 && fitted.text.size + fitted.text2.size > 0,
    );
    if (keysOf(used) !== keysOf(this.#loras)) await this.close();
    this.#loras = used;
  }

  /** The states of a prompt's ids; those of the last prompts are kept. */
  async encode({ ids, end }: PromptIds): Promise<TextStates> {
    invariant(ids.length === this.#encoders.length, `ids for ${ids.length} of ${this.#encoders.length} text encoders`);
    const lorasKey = this.#loras.map(({ key, textStrength }) => `${key} ${textStrength}`).join("\n");
    const key = `${ids.map((each) => each.join()).join(";")}\n${lorasKey}`;
    const known = this.#states.get(key);
    if (known) return known;
    const parts: Record<string, Float32Array<ArrayBuffer>>[] = [];
    for (const [i, encoder] of this.#encoders.entries()) {
      // On the processor whatever the provider: it runs once a prompt, and a GPU's memory has better uses.
      const session = (this.#sessions[i] ??= await this.#open(textGraph(encoder, this.#tokens, this.#tables(i)), {
        provider: "cpu",
        memory: this.#memory,
      }));
      const strengths = strengthsOf(this.#loras, this.#loras, "textStrength");
      const feeds = { ids: BigInt64Array.from(ids[i]!, BigInt), ...strengths };
      parts.push(
        await session.run(encoder.projection === undefined ? feeds : { ...feeds, end: BigInt64Array.of(BigInt(end)) }),
      );
    }
    const pooled = parts.find((part) => part["pooled"])?.["pooled"];
    const states = {
      context: beside(
        parts.map((part) => part["states"]!),
        this.#tokens,
      ),
      ...(pooled ? { pooled } : {}),
    };
    this.#states.set(key, states);
    if (this.#memory === "low") await this.close();
    return states;
  }

  #tables(encoder: number): LowRanks[] {
    return this.#loras.map(({ fitted }) => (encoder === 0 ? fitted.text : fitted.text2));
  }

  async close(): Promise<void> {
    const sessions = this.#sessions;
    this.#sessions = [];
    for (const session of sessions) await session.close();
  }
}

function keysOf(loras: readonly AppliedLora[]): string {
  return loras.map(({ key }) => key).join("\n");
}

function textGraph(
  { config, weights, states, projection }: TextEncoder,
  tokens: number,
  loras: readonly LowRanks[] = [],
): Graph {
  const g = new GraphBuilder();
  const m = new Module(g, weights, "float32", new Adapters(g, loras));
  const ids = g.input("ids", "int64", [tokens]);
  if (projection !== undefined) {
    const { penultimate, pooled } = clipTextPooled(m, config, ids, g.input("end", "int64", [1]), projection);
    return g.finish({ states: penultimate, pooled });
  }
  return g.finish({
    states: states === "last" ? clipTextEncoder(m, config, ids) : clipLayers(m, config, ids).penultimate,
  });
}

/** Matrices of `rows` rows, side by side. */
function beside(parts: readonly Float32Array<ArrayBuffer>[], rows: number): Float32Array<ArrayBuffer> {
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
