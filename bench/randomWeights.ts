/**
 * Random weights: speed and memory do not depend on what the weights are. The tensors are found by building the networks against
 * weights that agree to every shape asked for, so nothing is listed twice.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { Weights } from "../src-main/checkpoint/weights.ts";
import { GraphBuilder } from "../src-main/graph/builder.ts";
import { halvesOf } from "../src-main/graph/float16.ts";
import type { Shape, WeightRef } from "../src-main/graph/graph.ts";
import { sizeOf } from "../src-main/graph/graph.ts";
import { Module } from "../src-main/model/layers.ts";

/** Weights that have every tensor asked for, of the shape asked for, and remember it. */
class Agreeable extends Weights {
  readonly wanted: Map<string, Shape>;
  constructor(scope = "", wanted = new Map<string, Shape>()) {
    super(new Map(), "", scope);
    this.wanted = wanted;
  }
  override at(scope: string): Agreeable {
    return new Agreeable(this.fullName(scope), this.wanted);
  }
  override has(name: string): boolean {
    return !(name === "bias" && /attn[12]\.to_[qkv]$/.test(this.scope));
  }
  override tensor(name: string, shape: Shape): WeightRef {
    this.wanted.set(this.fullName(name), shape);
    return { file: "/none", offset: 0, length: 0, dtype: "float32", shape };
  }
}

/** Every tensor that a network asks for, by its name in a diffusers folder. */
export function tensorsOf(build: (m: Module) => void): Map<string, Shape> {
  const weights = new Agreeable();
  build(new Module(new GraphBuilder(), weights, "float32"));
  return weights.wanted;
}

/** Small pseudo-random numbers; the same few megabytes are written again and again. */
function noise(count: number): Float32Array<ArrayBuffer> {
  let state = 12345;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** Writes `tensors` in their order with random numbers, of the size of trained weights. */
export function writeSafetensors(file: string, tensors: Map<string, Shape>, half: boolean): void {
  const width = half ? 2 : 4;
  let at = 0;
  const entries = [...tensors].map(([name, shape]) => {
    const start = at;
    at += sizeOf(shape) * width;
    return [name, { dtype: half ? "F16" : "F32", shape, data_offsets: [start, at] }] as const;
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text + " ".repeat((8 - (text.length % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const random = noise(1 << 20);
  const out = openSync(file, "w");
  writeSync(out, length);
  writeSync(out, header);
  // Of the size of trained weights, so that activations stay in range through all layers. Few sizes occur.
  const blocks = new Map<string, Buffer>();
  const block = (name: string, shape: Shape): Buffer => {
    const norm = shape.length === 1 && name.endsWith("weight");
    const scale = name.endsWith("bias") ? 0.01 : Math.sqrt(1 / Math.max(1, sizeOf(shape.slice(1))));
    const key = norm ? "norm" : String(scale);
    const known = blocks.get(key);
    if (known) return known;
    const numbers = random.map((x) => (norm ? 1 + 0.1 * x : x * scale));
    const made = Buffer.from((half ? halvesOf(numbers) : numbers).buffer);
    blocks.set(key, made);
    return made;
  };
  for (const [name, shape] of tensors) {
    const numbers = block(name, shape);
    for (let left = sizeOf(shape) * width; left > 0; left -= numbers.length)
      writeSync(out, numbers, 0, Math.min(left, numbers.length));
  }
  closeSync(out);
}
