/**
 * The weights as the network's code asks for them: by name, within a scope, with the shape it will compute with.
 * What is missing or differs is an error at once that says what was expected and what is there.
 */
import { AppError } from "../wire/errors.ts";
import type { DType, Shape, WeightRef } from "../graph/graph.ts";
import { quote, refuse, type StoredType, type TensorEntry } from "./header.ts";

/** Number types that a network's weights may have. Anything else in a file is kept, but cannot be computed with. */
const FLOATS: Partial<Record<StoredType, DType>> = { F32: "float32", F16: "float16", BF16: "bfloat16" };

export class Weights {
  /** Where the tensors come from: a file, or the folder of a part made of several. */
  readonly path: string;
  /** Dotted path that names are relative to; empty for the whole part. */
  readonly scope: string;
  readonly #table: ReadonlyMap<string, TensorEntry>;
  readonly #asked: Set<string>;

  /** `asked` is shared by all scopes of one table, so that `unused` counts them together. */
  constructor(table: ReadonlyMap<string, TensorEntry>, path: string, scope = "", asked = new Set<string>()) {
    this.#table = table;
    this.path = path;
    this.scope = scope;
    this.#asked = asked;
  }

  /** The same weights seen from a deeper scope, such as `at("down_blocks.0.resnets.1")`. */
  at(scope: string): Weights {
    return new Weights(this.#table, this.path, this.fullName(scope), this.#asked);
  }

  /** True when the tensor `name`, or anything in a scope of that name, is there. */
  has(name: string): boolean {
    const full = this.fullName(name);
    if (this.#table.has(full)) return true;
    for (const key of this.#table.keys()) if (key.startsWith(`${full}.`)) return true;
    return false;
  }

  /** Shape in the file. */
  shapeOf(name: string): Shape {
    return this.#entry(name).shape;
  }

  /**
   * The tensor `name`, as `shape`. Trailing dimensions of 1 are free: the same projection is [C, C] in one file and
   * [C, C, 1, 1] or [C, C, 1] in another, where it was saved as a convolution.
   */
  tensor(name: string, shape: Shape): WeightRef {
    const entry = this.#entry(name, shape);
    const found = `[${entry.shape.join(", ")}]`;
    const expected = `[${shape.join(", ")}]`;
    if (!sameButTrailingOnes(entry.shape, shape)) {
      refuse(entry.file, entry.key, `the shape is wrong: expected ${expected}, found ${found}`, { expected, found });
    }
    this.#asked.add(this.fullName(name));
    return weightRef(entry, shape);
  }

  /** Names in this scope, relative to it. */
  names(): string[] {
    const prefix = this.scope === "" ? "" : `${this.scope}.`;
    return [...this.#table.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  /** Number types of all of them, that of most bytes first. */
  precisions(): StoredType[] {
    return precisionsOf([...this.#table.values()]);
  }

  /** Files that they lie in, in the order of their names. */
  files(): string[] {
    return [...new Set([...this.#table.values()].map(({ file }) => file))].sort();
  }

  /** Full names in this scope that `tensor` was never asked for: after building the network, what it ignores. */
  unused(): string[] {
    return this.names()
      .map((name) => this.fullName(name))
      .filter((name) => !this.#asked.has(name));
  }

  /** `name` with the scope in front. */
  fullName(name: string): string {
    return this.scope === "" ? name : name === "" ? this.scope : `${this.scope}.${name}`;
  }

  #entry(name: string, shape?: Shape): TensorEntry {
    const full = this.fullName(name);
    const entry = this.#table.get(full);
    if (entry) return entry;
    const near = nearest(full, this.#table.keys());
    const hint = near === undefined ? "" : `; the nearest name there is ${quote(near)}`;
    throw new AppError("checkpoint-invalid", `${this.path}: the tensor ${quote(full)} is missing${hint}`, {
      path: this.path,
      key: full,
      ...(shape === undefined ? {} : { expected: `[${shape.join(", ")}]` }),
      ...(near === undefined ? {} : { found: near }),
    });
  }
}

/** A tensor as the graph takes it, as `shape`, which has as many numbers. Throws where it is of a type that cannot be computed with. */
export function weightRef(entry: TensorEntry, shape: Shape): WeightRef {
  const dtype = FLOATS[entry.type];
  if (!dtype) {
    const problem = `weights of type ${entry.type} cannot be computed with; use a float32, float16 or bfloat16 version of this checkpoint`;
    refuse(entry.file, entry.key, problem, { expected: "F32, F16 or BF16", found: entry.type });
  }
  return { file: entry.file, offset: entry.offset, length: entry.length, dtype, shape };
}

/** Bytes on disk and numbers of these tensors. */
export function sizesOf(entries: readonly TensorEntry[]): { weightBytes: number; parameters: number } {
  return {
    weightBytes: entries.reduce((sum, { length }) => sum + length, 0),
    parameters: entries.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}

/** Number types, that of most bytes first. */
export function precisionsOf(entries: readonly TensorEntry[]): StoredType[] {
  const bytes = new Map<StoredType, number>();
  for (const { type, length } of entries) bytes.set(type, (bytes.get(type) ?? 0) + length);
  return [...bytes].sort(([, a], [, b]) => b - a).map(([type]) => type);
}

function sameButTrailingOnes(a: Shape, b: Shape): boolean {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if ((a[i] ?? 1) !== (b[i] ?? 1)) return false;
  return true;
}

/** The key with the most characters in common with `name` at its two ends, where that is most of it. */
function nearest(name: string, keys: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestScore = name.length * 0.6;
  for (const key of keys) {
    const most = Math.min(name.length, key.length);
    let front = 0;
    while (front < most && name[front] === key[front]) front++;
    let back = 0;
    while (back < most - front && name.at(-1 - back) === key.at(-1 - back)) back++;
    const score = front + back - 0.1 * Math.abs(name.length - key.length);
    if (score > bestScore) [best, bestScore] = [key, score];
  }
  return best;
}
