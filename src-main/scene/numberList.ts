/**
 * Lists of numbers as people write them: `1, 2.5, 4`, and as A1111's grids have them, `1-5` (each whole number), `1-5 (+2)` (in steps of 2)
 * and `0-1 [5]` (five of them, evenly spread).
 */

const SPREAD = /^(-?\d*\.?\d+)\s*(?:-|–|\.\.)\s*(-?\d*\.?\d+)\s*(?:\(\+?\s*(\d*\.?\d+)\)|\[(\d+)\])?$/;
const NUMBER = /^-?\d*\.?\d+$/;

/** In the order written, each once; or what is wrong with it. No more than `most` numbers. */
export function readNumbers(text: string, most: number): { numbers: number[] } | { problem: string } {
  const parts = text
    .split(/[,;\n]+/)
    .flatMap((part) => (SPREAD.test(part.trim()) ? [part] : part.trim().split(/\s+/)))
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0) return { problem: "write some values, such as 10, 20, 50 or 10-50 (+10)" };
  const numbers = new Set<number>();
  for (const part of parts) {
    const spread = NUMBER.test(part) ? null : SPREAD.exec(part);
    if (!spread && !NUMBER.test(part))
      return { problem: `“${part}” is not a number, or numbers such as 1-5 or 0-1 [5]` };
    const values = spread ? spreadOf(spread, most) : [Number(part)];
    if (!values) return { problem: `“${part}” makes more than ${most} values` };
    for (const value of values) numbers.add(value);
    if (numbers.size > most) return { problem: `more than ${most} values` };
  }
  return { numbers: [...numbers] };
}

/** Undefined where they are more than `most`. */
function spreadOf([, from, to, step, count]: readonly (string | undefined)[], most: number): number[] | undefined {
  const [first, last] = [Number(from), Number(to)];
  if (count !== undefined) {
    const many = Number(count);
    if (many > most || many < 1) return undefined;
    return Array.from({ length: many }, (_, i) =>
      round(many === 1 ? first : first + ((last - first) * i) / (many - 1)),
    );
  }
  const by = Number(step ?? 1) * (last < first ? -1 : 1);
  if (by === 0) return undefined;
  const many = Math.floor((last - first) / by + 1e-9) + 1;
  if (many > most) return undefined;
  return Array.from({ length: many }, (_, i) => round(first + i * by));
}

/** 0.1 + 0.2 is 0.3. */
function round(value: number): number {
  return Number(value.toPrecision(10)) + 0;
}
