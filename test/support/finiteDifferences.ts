/** Gradients by moving one number at a time. */
import type { Numbers } from "./interpreter.ts";
import { numbers } from "./interpreter.ts";

/**
 * Derivatives of sum(cotangent * f(x)) by fourth-order central differences:
 * (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12 h.
 */
export function finiteDifferences(f: (x: Numbers) => Numbers, x: Numbers, cotangent: Numbers, h = 1e-3): Numbers {
  const at = (i: number, step: number): number => {
    const y = f(numbers(x.shape, x.data.with(i, x.data[i]! + step)));
    return y.data.reduce((sum, v, k) => sum + v * cotangent.data[k]!, 0);
  };
  const derivative = (i: number) => (8 * (at(i, h) - at(i, -h)) - (at(i, 2 * h) - at(i, -2 * h))) / (12 * h);
  return numbers(
    x.shape,
    Array.from(x.data, (_, i) => derivative(i)),
  );
}
