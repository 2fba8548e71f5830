/** Whether a score tells good pictures from bad ones: how it ranks things, and how well it finds those that failed. */

/** Spearman's correlation of ranks, -1 to 1; equal values share their mean rank. NaN where one of them is all the same. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  let [both, ofX, ofY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    both += (x[i]! - middle) * (y[i]! - middle);
    ofX += (x[i]! - middle) ** 2;
    ofY += (y[i]! - middle) ** 2;
  }
  return both / Math.sqrt(ofX * ofY);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranked = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) ranked[order[k]!] = (start + end - 1) / 2;
    start = end;
  }
  return ranked;
}

/** Area under the ROC curve: how often a thing that failed scores below one that did not. NaN where there are none of either. */
export function auc(scores: readonly number[], hasFailed: readonly boolean[]): number {
  const failed = scores.filter((_, i) => hasFailed[i]);
  const good = scores.filter((_, i) => !hasFailed[i]);
  if (failed.length === 0 || good.length === 0) return NaN;
  const below = (one: number) => good.reduce((sum, other) => sum + (one < other ? 1 : one === other ? 0.5 : 0), 0);
  return failed.reduce((sum, one) => sum + below(one), 0) / (failed.length * good.length);
}
