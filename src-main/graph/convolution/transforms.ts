/**
 * The small matrices of Winograd's form of a convolution with three weights: m outputs of a row come from m + 2 inputs d and the
 * weights g as A' [(G g) . (B' d)], with m + 2 products instead of 3 m (Lavin and Gray 2015). They are made by Toom and Cook's
 * construction: a product of polynomials is known from its values at m + 2 points, and a convolution is its transpose.
 */

/** Outputs that a tile has on each side; a tile is computed from two more inputs. */
export type Tile = 2 | 4;

/** Rows of numbers. */
type Matrix = readonly (readonly number[])[];

export interface Transforms {
  /** B', [m + 2, m + 2], of the inputs. */
  input: Matrix;
  /** G, [m + 2, 3], of the weights. */
  weights: Matrix;
  /** A', [m, m + 2], to the outputs. */
  output: Matrix;
}

/** Of the small points these lose the fewest digits: 2e-6 (320 channels) to 4e-6 (1280) with m = 4, and a tenth of that with m = 2. */
const POINTS: Record<Tile, readonly number[]> = { 2: [0, 1, -1, Infinity], 4: [0, 1, -1, -2, 0.5, Infinity] };

/** Of a forward convolution: outputs y[k] = sum of g[j] d[k + j]. */
export function forwardTransforms(tile: Tile): Transforms {
  const points = POINTS[tile];
  const inverse = inverseEvaluation(points);
  const scale = largestOfRows(inverse); // the rows of B' are scaled to 1, and G by the inverse: small numbers lose fewer digits
  return {
    input: inverse.map((row, i) => row.map((v) => v / scale[i]!)),
    weights: points.map((p, i) => powers(p, 3).map((v) => v * scale[i]!)),
    output: transposed(points.map((p) => powers(p, tile))),
  };
}

/**
 * Of the convolution with reversed weights, which the adjoint is, for weights that `forwardTransforms` has transformed. Reversed weights
 * are the polynomial x^2 g(1 / x): its value at the reciprocal q of a point p is q^2 g(p), so G is the same but for a factor, which is
 * moved into B'.
 */
export function adjointTransforms(tile: Tile): Omit<Transforms, "weights"> {
  const points = POINTS[tile];
  const reciprocals = points.map((p) => (p === 0 ? Infinity : 1 / p));
  const scale = largestOfRows(inverseEvaluation(points));
  const factors = reciprocals.map((q, i) => (q === 0 || q === Infinity ? 1 : q * q) / scale[i]!);
  return {
    input: inverseEvaluation(reciprocals).map((row, i) => row.map((v) => v * factors[i]!)),
    output: transposed(reciprocals.map((q) => powers(q, tile))),
  };
}

/** 1, p, p^2 and so on; at infinity a polynomial's value is its highest coefficient. */
function powers(point: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (point === Infinity ? Number(i === count - 1) : point ** i));
}

/** The inverse of the matrix that evaluates a polynomial at all points, transposed. */
function inverseEvaluation(points: readonly number[]): Matrix {
  return transposed(inverse(points.map((p) => powers(p, points.length))));
}

/** By Gauss and Jordan with the largest pivots. */
function inverse(matrix: Matrix): Matrix {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let i = 0; i < n; i++) {
    const pivot = rows.slice(i).reduce((best, row) => (Math.abs(row[i]!) > Math.abs(best[i]!) ? row : best), rows[i]!);
    rows[rows.indexOf(pivot)] = rows[i]!;
    rows[i] = pivot.map((v) => v / pivot[i]!);
    rows.forEach((row, k) => {
      if (k !== i) rows[k] = row.map((v, j) => v - row[i]! * rows[i]![j]!);
    });
  }
  return rows.map((row) => row.slice(n));
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
}

function largestOfRows(matrix: Matrix): number[] {
  return matrix.map((row) => Math.max(...row.map(Math.abs)));
}
