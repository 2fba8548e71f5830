/** Which pictures of a program that is rewritten are there with the channels last, too. */
import type { GraphBuilder } from "../builder.ts";
import type { Shape, Value } from "../graph.ts";

/** [batch, channels, height, width] of a picture, or of pictures that are each a batch of one, as those of several rows are (rows/rules.ts). */
export function pictureShape(shape: Shape): readonly [number, number, number, number] | undefined {
  const [batch, ...rest] = shape;
  const own = shape.length === 5 && rest[0] === 1 ? rest.slice(1) : rest;
  return shape.length >= 4 && own.length === 3 ? [batch!, own[0]!, own[1]!, own[2]!] : undefined;
}

export class Layout {
  readonly g: GraphBuilder;
  readonly #twins: Map<Value, Value>;

  /** `twins` has the pictures that are there already; it is kept by the caller. */
  constructor(g: GraphBuilder, twins: Map<Value, Value>) {
    this.g = g;
    this.#twins = twins;
  }

  isThere(x: Value): boolean {
    return this.#twins.has(x);
  }

  /** The picture `x` with the channels last, [batch, height, width, channels]. */
  of(x: Value): Value {
    const y = this.#twins.get(x) ?? this.g.transpose(this.g.reshape(x, pictureShape(x.shape)!), [0, 2, 3, 1]);
    this.#twins.set(x, y);
    return y;
  }

  /** Of `shape`, with the channels where they are in it: what `y` is to all that has no use for it. */
  first(y: Value, shape: Shape): Value {
    const x = this.g.reshape(this.g.transpose(y, [0, 3, 1, 2]), shape);
    this.#twins.set(x, y);
    return x;
  }

  /** The picture that `x` is with its cells in one row, [channels, cells] or [batch, channels, cells], where it is there with the channels last. */
  behind(x: Value): Value | undefined {
    const maker = this.g.producer(x);
    const picture = maker?.op === "Reshape" ? maker.inputs[0]! : undefined;
    const [batch, channels, height, width] = (picture && pictureShape(picture.shape)) ?? [];
    if (!picture || !this.isThere(picture)) return undefined;
    const flat = [batch, channels, height! * width!].join();
    return x.shape.join() === flat || (batch === 1 && `1,${x.shape.join()}` === flat) ? this.of(picture) : undefined;
  }
}
