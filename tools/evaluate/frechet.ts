/** The distance of two sets of pictures by mean and covariance of their features (Dowson & Landau 1982; FID has it too). */
import { invariant } from "../../src-main/wire/errors.ts";

/** A square matrix by rows. */
type Matrix = number[][];

const SMALLEST_SCALE = 0.05;

/**
 * |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of feature vectors [pictures, features], each feature divided by its
 * deviation in `reference`, or by 0.05 where that is less: features that hardly vary there must not outweigh all others.
 * Divided by the number of features, so 1 is about "every feature is off by one deviation".
 */
export function frechetDistance(pictures: readonly number[][], reference: readonly number[][]): number {
  invariant(pictures.length > 1 && reference.length > 1, "a covariance needs two pictures");
  const centre = means(reference);
  const scales = centre.map((m, k) =>
    Math.max(SMALLEST_SCALE, Math.sqrt(reference.reduce((sum, row) => sum + (row[k]! - m) ** 2, 0) / reference.length)),
  );
  const scaled = (rows: readonly number[][]) => rows.map((row) => row.map((value, k) => value / scales[k]!));
  const [a, b] = [scaled(pictures), scaled(reference)];
  const [ma, mb] = [means(a), means(b)];
  const [ca, cb] = [covariance(a, ma), covariance(b, mb)];
  const root = squareRoot(ca);
  const cross = eigenvalues(multiply(multiply(root, cb), root)).reduce((sum, v) => sum + Math.sqrt(Math.max(0, v)), 0);
  const shift = ma.reduce((sum, value, k) => sum + (value - mb[k]!) ** 2, 0);
  const traces = ca.reduce((sum, row, k) => sum + row[k]! + cb[k]![k]!, 0);
  return Math.max(0, shift + traces - 2 * cross) / ma.length;
}

function means(rows: readonly number[][]): number[] {
  return rows[0]!.map((_, k) => rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length);
}

function covariance(rows: readonly number[][], centre: readonly number[]): Matrix {
  return centre.map((mi, i) =>
    centre.map((mj, j) => rows.reduce((sum, row) => sum + (row[i]! - mi) * (row[j]! - mj), 0) / (rows.length - 1)),
  );
}

function multiply(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}

function squareRoot(symmetric: Matrix): Matrix {
  const { values, vectors } = jacobi(symmetric);
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  return symmetric.map((_, i) =>
    symmetric.map((_, j) => roots.reduce((sum, root, k) => sum + vectors[i]![k]! * root * vectors[j]![k]!, 0)),
  );
}

function eigenvalues(symmetric: Matrix): number[] {
  return jacobi(symmetric).values;
}

/** Eigenvalues and, by columns, eigenvectors of a symmetric matrix: cyclic Jacobi rotations (Golub & Van Loan 8.5). */
function jacobi(symmetric: Matrix): { values: number[]; vectors: Matrix } {
  const a = symmetric.map((row) => [...row]);
  const n = a.length;
  const vectors: Matrix = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  const size = Math.max(1e-30, ...a.flat().map(Math.abs));
  for (let sweep = 0; sweep < 60; sweep++) {
    let rest = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rest = Math.max(rest, Math.abs(a[p]![q]!));
    if (rest < 1e-12 * size) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p]![q]!;
        if (Math.abs(off) < 1e-300) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!];
          a[k]![p] = c * x - s * y;
          a[k]![q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
          const [v, w] = [vectors[k]![p]!, vectors[k]![q]!];
          vectors[k]![p] = c * v - s * w;
          vectors[k]![q] = s * v + c * w;
        }
      }
    }
  }
  return { values: a.map((row, i) => row[i]!), vectors };
}
