/** "Did you mean ...?": the candidate a mistyped word is closest to. */

/**
 * Optimal string alignment distance: the fewest insertions, deletions, replacements and swaps of neighbours.
 * Three rows suffice because a swap looks back two.
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, above[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}

/**
 * The closest of `candidates`, ignoring case, or undefined when none is close: more than half of the letters would
 * have to change. A candidate that starts with the whole word counts as close ("inject" for "injectionSteps").
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const isPrefix = wanted.length >= 3 && other.startsWith(wanted);
    const distance = isPrefix ? 0.5 : editDistance(wanted, other);
    if (distance < least && (isPrefix || distance <= Math.max(wanted.length, other.length) / 2)) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** ` (did you mean "x"?)` for the end of a message, or nothing. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === undefined ? "" : `; did you mean "${found}"?`;
}
