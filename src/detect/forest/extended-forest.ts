import { type Detector, type ModelArrays, ModelFault } from '../detector.js';
import { averagePathLength } from '../path-length.js';
import { toShares } from '../shares.js';
import { anomalyScores } from './anomaly-score.js';
import { checkedForest, doubles } from './checked-forest.js';
import { childOf, fastestExtendedKernel } from './extended-kernel.js';

/**
 * A forest that splits on hyperplanes, see extended-growth.
 * @throws ModelFault
 */
export function extendedForest(arrays: ModelArrays, width: number): Detector {
  const normal = doubles(arrays, 'normal');
  const intercept = doubles(arrays, 'intercept');
  if (normal.length !== intercept.length || normal.length % width !== 0)
    throw new ModelFault(`the arrays of the hyperplanes do not fit ${width} features`);
  if (!normal.every(Number.isFinite) || !intercept.every(Number.isFinite))
    throw new ModelFault('a hyperplane has a number that is not finite');
  const forest = { ...checkedForest(arrays, normal.length / width), normal };
  const kernel = fastestExtendedKernel(forest, width);
  const { feature: plane, left, root } = forest;
  const toScores = anomalyScores(forest);
  const expected = Float64Array.from(forest.size, averagePathLength);
  const parts = new Float64Array(width);

  return {
    slowBecause: kernel.slowBecause ?? null,

    score(values, rows, scores) {
      kernel.sum(values, rows, scores);
      toScores(scores, rows);
    },

    /**
     * As in a plain forest, each split's change of the path length still to be expected goes to the features that
     * made the split: to each by its part |normal × (x − intercept)| of the row's distance from the hyperplane, where
     * that part points to the side the row is on.
     */
    explain(values, rows) {
      const contributions = new Float64Array(rows * width);
      for (let row = 0; row < rows; row++) {
        const shares = contributions.subarray(row * width, (row + 1) * width);
        addShortened(values.subarray(row * width, (row + 1) * width), shares);
        for (let f = 0; f < width; f++) shares[f] = Math.max(0, shares[f] as number);
        toShares(shares);
      }
      return { contributions, expected: null };
    },
  };

  function addShortened(row: Float64Array, shortened: Float64Array): void {
    for (const start of root) {
      let node = start;
      while (left[node] !== node) {
        const child = childOf(forest, node, row, 0, width);
        share(node, child, row, (expected[node] as number) - 1 - (expected[child] as number), shortened);
        node = child;
      }
    }
  }

  function share(
    node: number,
    child: number,
    row: Float64Array,
    change: number,
    shortened: Float64Array,
  ): void {
    const at = (plane[node] as number) * width;
    const side = child === left[node] ? -1 : 1;
    let distance = 0;
    for (let i = 0; i < width; i++) {
      const part = side * (normal[at + i] as number) * ((row[i] as number) - (intercept[at + i] as number));
      parts[i] = part > 0 ? part : 0;
      distance += parts[i] as number;
    }
    if (!(distance > 0 && distance < Infinity)) return;
    const scale = change / distance;
    for (let i = 0; i < width; i++) shortened[i] = (shortened[i] as number) + (parts[i] as number) * scale;
  }
}
