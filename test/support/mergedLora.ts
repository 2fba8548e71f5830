/** The other way of applying a LoRA: W + strength * scale * up (mid) down, computed from the weights alone. What the program's own is held against. */
import type { LowRanks } from "../../src-main/checkpoint/lora/fit.ts";
import type { Weights } from "../../src-main/checkpoint/weights.ts";
import type { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { DType, Shape, Value } from "../../src-main/graph/graph.ts";
import { sizeOf } from "../../src-main/graph/graph.ts";
import { Module } from "../../src-main/model/layers.ts";

/** LoRAs, each with its strength. */
export type Merged = readonly (readonly [LowRanks, number])[];

export class MergedModule extends Module {
  readonly #loras: Merged;

  constructor(g: GraphBuilder, weights: Weights, dtype: DType, loras: Merged) {
    super(g, weights, dtype);
    this.#loras = loras;
  }

  override at(scope: string): Module {
    return new MergedModule(this.g, this.weights.at(scope), this.dtype, this.#loras);
  }

  override weight(name: string, shape: Shape): Value {
    const stored = super.weight(name, shape);
    if (name !== "weight") return stored;
    return this.#loras.reduce((sum, [lora, strength], i) => this.#change(lora, strength, i, sum), stored);
  }

  override weightRows(name: string, shape: Shape, start: number, end: number): Value {
    if (name !== "weight") return super.weightRows(name, shape, start, end);
    return this.g.slice(this.weight(name, shape), 0, start, end);
  }

  #change(lora: LowRanks, strength: number, i: number, stored: Value): Value {
    const g = this.g;
    const low = lora.get(this.weights.scope);
    if (!low) return stored;
    const part = (side: "down" | "mid" | "up", shape: Shape) => {
      const ref = low[side]!;
      return g.reshape(g.weight(`${this.weights.scope} ${side} ${i}`, ref, this.dtype), shape);
    };
    const [out, inner, ...kernel] = stored.shape as [number, number, ...number[]];
    const { rank, scale } = low;
    const cells = sizeOf(kernel);
    let product: Value;
    if (low.mid) {
      const left = g.reshape(g.matmul(part("up", [out, rank]), part("mid", [rank, rank * cells])), [out, rank, cells]);
      const turned = g.reshape(g.transpose(left, [0, 2, 1]), [out * cells, rank]);
      const right = g.reshape(g.matmul(turned, part("down", [rank, inner])), [out, cells, inner]);
      product = g.transpose(right, [0, 2, 1]);
    } else product = g.matmul(part("up", [out, rank]), part("down", [rank, inner * cells]));
    return g.add(stored, g.mul(g.reshape(product, stored.shape), strength * scale));
  }
}
