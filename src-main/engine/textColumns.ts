/**
 * The columns of text that one half of guidance attends to. The network's graph has a fixed number of them, the same for both halves: a
 * whole number of chunks, and what is left over nobody attends to.
 */
import { invariant } from "../wire/errors.ts";
import type { Reach } from "../guidance/columnMask.ts";

export interface TextColumns {
  /** [columns, width]. */
  states: Float32Array<ArrayBuffer>;
  /** Of each column. */
  reach: Reach[];
}

/** Columns that are attended everywhere. */
export function everywhere(states: Float32Array<ArrayBuffer>, width: number): TextColumns {
  return { states, reach: Array.from({ length: states.length / width }, () => "everywhere" as const) };
}

/** Some columns and then others. */
export function joined(parts: readonly TextColumns[]): TextColumns {
  const [first, ...rest] = parts;
  if (first && rest.length === 0) return first;
  const states = new Float32Array(parts.reduce((length, part) => length + part.states.length, 0));
  let at = 0;
  for (const part of parts) {
    states.set(part.states, at);
    at += part.states.length;
  }
  return { states, reach: parts.flatMap(({ reach }) => reach) };
}

/** As many columns as `count`; those that are added are attended nowhere. */
export function padded({ states, reach }: TextColumns, count: number, width: number): TextColumns {
  invariant(reach.length <= count, `${reach.length} columns of text for ${count}`);
  if (reach.length === count) return { states, reach };
  const all = new Float32Array(count * width);
  all.set(states);
  return { states: all, reach: [...reach, ...Array.from({ length: count - reach.length }, () => "nowhere" as const)] };
}
