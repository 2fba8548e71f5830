/** Bilinear resizing of attention maps and its adjoint, for losses that are worked out beside the graph. */
import { type Grid, resizeWeights } from "./masks.ts";

/** Weight of each source cell in each target cell, by target: pairs of source and weight. */
function pairs(from: number, to: number): [number, number][][] {
  return resizeWeights(from, to).map((row) =>
    row.flatMap((weight, source): [number, number][] => (weight === 0 ? [] : [[source, weight]])),
  );
}

export class Resampler {
  readonly #from: Grid;
  readonly #to: Grid;
  readonly #rows: [number, number][][];
  readonly #columns: [number, number][][];

  constructor(from: Grid, to: Grid) {
    this.#from = from;
    this.#to = to;
    this.#rows = pairs(from.height, to.height);
    this.#columns = pairs(from.width, to.width);
  }

  /** Adds `factor` times `map` [cells of `from`, columns] to `out` [cells of `to`, columns]. */
  add(map: ArrayLike<number>, columns: number, factor: number, out: Float64Array): void {
    this.#each((from, to, weight) => {
      for (let t = 0; t < columns; t++) out[to * columns + t]! += factor * weight * map[from * columns + t]!;
    });
  }

  /** The adjoint: adds `factor` times what `slope` [cells of `to`, columns] asks of the source to `out` [cells of `from`, columns]. */
  addAdjoint(slope: ArrayLike<number>, columns: number, factor: number, out: Float32Array | Float64Array): void {
    this.#each((from, to, weight) => {
      for (let t = 0; t < columns; t++) out[from * columns + t]! += factor * weight * slope[to * columns + t]!;
    });
  }

  #each(visit: (from: number, to: number, weight: number) => void): void {
    this.#rows.forEach((row, ty) => {
      this.#columns.forEach((column, tx) => {
        for (const [y, wy] of row) {
          for (const [x, wx] of column) visit(y * this.#from.width + x, ty * this.#to.width + tx, wy * wx);
        }
      });
    });
  }
}
