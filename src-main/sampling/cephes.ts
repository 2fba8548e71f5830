/**
 * Logarithm, sine and cosine in float32 as PyTorch's AVX2 code computes them: the single precision polynomials of the
 * Cephes library (Moshier 1992) with fused multiply-adds. `Math.log` and its kin are more exact, but differ from torch
 * in the last bit of every sixth normal.
 */
const f = Math.fround;

/**
 * Fused multiply-add: the product of two float32 numbers is exact in float64, so only the sum is rounded before the
 * result is.
 */
function fma(a: number, b: number, c: number): number {
  return f(a * b + c);
}

/** Horner's scheme, highest coefficient first. */
function polynomial(coefficients: Float32Array, x: number): number {
  let y = coefficients[0]!;
  for (let k = 1; k < coefficients.length; k++) y = fma(y, x, coefficients[k]!);
  return y;
}

// (ln(1 + x) - x + x^2 / 2) / x^3 for sqrt(1/2) <= 1 + x < sqrt(2)
const LOG = Float32Array.of(
  ...[7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1],
  ...[-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1],
);
const SQRT_HALF = f(Math.SQRT1_2);
/** ln 2 in two parts, the first short enough to be multiplied without rounding. */
const LN2 = [f(0.693359375), f(-2.1219444e-4)] as const;

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** ln x of a positive, normal float32. */
export function log32(value: number): number {
  // value = mantissa * 2^exponent with 1/2 <= mantissa < 1
  float[0] = value;
  let exponent = (bits[0]! >>> 23) - 126;
  bits[0] = (bits[0]! & 0x007fffff) | 0x3f000000;
  let x = float[0];
  if (x < SQRT_HALF) {
    exponent--;
    x = f(x + x - 1);
  } else {
    x = f(x - 1);
  }
  const square = f(x * x);
  let y = fma(f(polynomial(LOG, x) * x), square, f(exponent * LN2[1]));
  y = fma(square, -0.5, y);
  return fma(exponent, LN2[0], f(x + y));
}

/** pi/4 in three parts, so that whole multiples are taken off with few rounding errors. */
const QUARTER_PI = [f(0.78515625), f(2.4187564849853515625e-4), f(3.774894977445941e-8)] as const;
const COSINE = Float32Array.of(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);
const SINE = Float32Array.of(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);

/** Sine and cosine of an angle from 0 to a few turns. */
export function sinCos32(angle: number): { sin: number; cos: number } {
  // The nearest even multiple of pi/4, and the rest, within +-pi/4.
  const octant = (Math.trunc(f(angle * f(4 / Math.PI))) + 1) & ~1;
  let x = angle;
  for (const part of QUARTER_PI) x = fma(-octant, part, x);
  const square = f(x * x);
  const even = f(fma(f(polynomial(COSINE, square) * square), square, -f(square * 0.5)) + 1);
  const odd = fma(f(polynomial(SINE, square) * square), x, x);
  const swapped = (octant & 2) !== 0;
  const sin = swapped ? even : odd;
  const cos = swapped ? odd : even;
  return { sin: octant & 4 ? -sin : sin, cos: (octant + 2) & 4 ? -cos : cos };
}
