/**
 * What LoRAs add to the layers of a network: beside a layer's own product the low-rank one, times a strength that is an input of the
 * program. So a strength costs nothing to change: no weight is read, packed or computed again. The other way, W + s up down merged
 * while the checkpoint is read, gives the same numbers (test/model/lora.test.ts) and saves a few hundredths of a step's time, but takes more
 * memory and has the network opened anew for every change of a strength: bench/lora.ts, README.
 */
import type { LowRank, LowRanks } from "../checkpoint/lora/fit.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { DType, OpAttributes, Value, WeightRef } from "../graph/graph.ts";

/** Name of the input that holds a strength for each LoRA. */
export const LORA_STRENGTHS = "lora_strengths";

export class Adapters {
  readonly #g: GraphBuilder;
  readonly #loras: readonly LowRanks[];
  /** [number of LoRAs], float32; undefined where there are none. */
  readonly #strengths: Value | undefined;
  /** LoRAs that stand beside a convolution. */
  readonly kernels = new Set<number>();

  /** One table for each LoRA, in the order of their strengths. */
  constructor(g: GraphBuilder, loras: readonly LowRanks[]) {
    this.#g = g;
    this.#loras = loras;
    if (loras.length > 0) this.#strengths = g.input(LORA_STRENGTHS, "float32", [loras.length]);
  }

  /** Of `layer`, each LoRA's part, computed with as `dtype`. */
  at(layer: string, dtype: DType): Adapter[] {
    return this.#loras.flatMap((lora, i) => {
      const low = lora.get(layer);
      if (!low) return [];
      const strength = this.#g.cast(this.#g.slice(this.#strengths!, 0, i, i + 1), dtype);
      const factor = this.#g.mul(strength, low.scale);
      const onKernel = () => this.kernels.add(i);
      return [new Adapter(this.#g, `${layer} (LoRA ${i + 1})`, low, factor, dtype, onKernel)];
    });
  }
}

/** One LoRA's part beside one layer. */
export class Adapter {
  readonly #g: GraphBuilder;
  readonly #name: string;
  readonly #low: LowRank;
  /** strength * alpha / rank, [1]. */
  readonly #factor: Value;
  readonly #dtype: DType;
  readonly #onKernel: () => void;

  constructor(g: GraphBuilder, name: string, low: LowRank, factor: Value, dtype: DType, onKernel: () => void) {
    this.#g = g;
    this.#name = name;
    this.#low = low;
    this.#factor = factor;
    this.#dtype = dtype;
    this.#onKernel = onKernel;
  }

  /** y [rows, out] of x [rows, in], or of its transpose [in, rows] where `columns`, with this beside it; `rows` of the outputs where y has only those. */
  linear(x: Value, y: Value, columns: boolean, rows?: readonly [start: number, end: number]): Value {
    const up = this.#matrix("up", rows);
    return this.#g.gemm(this.#narrow(x, columns), up, y, { b: true });
  }

  /** y [out, rows] of x [rows, in], with this beside it. */
  linearToColumns(x: Value, y: Value): Value {
    return this.#g.gemm(this.#matrix("up"), this.#narrow(x, false), y, { b: true });
  }

  /** y [1, out, ...] of x [1, in, ...] by a convolution of these attributes, with this beside it. */
  conv(x: Value, y: Value, attributes: OpAttributes["Conv"]): Value {
    this.#onKernel();
    const g = this.#g;
    const plain = { strides: [1, 1], pads: [0, 0, 0, 0] } as const;
    const { down, mid, up } = this.#low;
    const narrow = mid
      ? g.conv(g.conv(x, this.#weight("down", down), undefined, plain), this.#weight("mid", mid), undefined, attributes)
      : g.conv(x, this.#weight("down", down), undefined, attributes);
    return g.add(y, g.conv(g.mul(narrow, this.#factor), this.#weight("up", up), undefined, plain));
  }

  /** [rows, rank], times the factor: the narrowest place to multiply at. */
  #narrow(x: Value, columns: boolean): Value {
    return this.#g.mul(this.#g.gemm(x, this.#matrix("down"), undefined, { a: columns, b: true }), this.#factor);
  }

  #matrix(side: "down" | "up", rows?: readonly [start: number, end: number]): Value {
    const ref = this.#low[side];
    const [height, width] = ref.shape as [number, number];
    if (!rows) return this.#weight(side, { ...ref, shape: [height, width] });
    const [start, end] = rows;
    const bytes = ref.length / height;
    const part = { ...ref, offset: ref.offset + start * bytes, length: (end - start) * bytes };
    return this.#weight(`${side}[${start}:${end}]`, { ...part, shape: [end - start, width] });
  }

  #weight(side: string, ref: WeightRef): Value {
    return this.#g.weight(`${this.#name} ${side}`, ref, this.#dtype);
  }
}
