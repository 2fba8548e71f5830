/** Attention in blocks, so that the probabilities of a large picture need not all exist at once. */

/** How many heads and rows a block takes so that it holds at most `limit` probabilities. */
export function blockSize(
  heads: number,
  rows: number,
  columns: number,
  limit: number,
): { heads: number; rows: number } {
  const perHead = rows * columns;
  if (perHead <= limit) return { heads: Math.max(1, Math.min(heads, Math.floor(limit / perHead))), rows };
  return { heads: 1, rows: Math.max(1, Math.min(rows, Math.floor(limit / columns))) };
}
