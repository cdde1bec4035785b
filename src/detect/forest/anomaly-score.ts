import { averagePathLength } from '../path-length.js';
import type { CheckedForest } from './checked-forest.js';

/**
 * Makes anomaly scores, 2^(−E[h(x)] / c(ψ)) in (0, 1], of path length sums (Liu, Ting, Zhou 2008, equation 2).
 * @returns writes them over the first `rows` sums
 */
export function anomalyScores({ root, psi }: CheckedForest): (sums: Float64Array, rows: number) => void {
  const scale = -1 / (root.length * averagePathLength(psi));
  return (sums, rows) => {
    for (let row = 0; row < rows; row++) sums[row] = Math.pow(2, (sums[row] as number) * scale);
  };
}
