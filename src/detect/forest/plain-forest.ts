import type { Detector, ModelArrays } from '../detector.js';
import { averagePathLength } from '../path-length.js';
import { toShares } from '../shares.js';
import { anomalyScores } from './anomaly-score.js';
import { checkedForest } from './checked-forest.js';
import { fastestKernel } from './fastest-kernel.js';
import { type LoneFeatures, loneFeatures } from './lone-features.js';

/** How much more a feature counts for each mean distance of its thresholds that the value lies beyond all of them. */
const BEYOND_WEIGHT = 10;

/**
 * A forest that splits on one feature at a time.
 * @throws ModelFault
 */
export function plainForest(arrays: ModelArrays, width: number): Detector {
  const forest = checkedForest(arrays, width);
  const kernel = fastestKernel(forest, width);
  const toScores = anomalyScores(forest);
  /** Path length that is still to be expected at a node, by the points that reached it in training. */
  const expected = Float64Array.from(forest.size, averagePathLength);
  let lone: LoneFeatures | null = null;

  return {
    slowBecause: kernel.slowBecause ?? null,

    score(values, rows, scores) {
      kernel.sum(values, rows, scores);
      toScores(scores, rows);
    },

    /**
     * What a feature shortened the path by, twice. Along the row's way: each split changes the path length that is
     * still to be expected from c(size of the node) to 1 + c(size of the child), and those changes add up to
     * c(ψ) − h(x) (the decomposition of Saabas's tree interpreter, applied to path length). And alone: see
     * lone-features. The first knows what features do together, the second has less noise where a way meets few splits
     * of each of many features. What lengthened the path counts as 0. A forest isolates the outermost value of a
     * feature as fast as one far beyond it; so the sum counts for more with the distance beyond.
     */
    explain(values, rows) {
      lone ??= loneFeatures(forest, width);
      const contributions = new Float64Array(rows * width);
      for (let row = 0; row < rows; row++) {
        const shares = contributions.subarray(row * width, (row + 1) * width);
        addShortened(values, row * width, shares);
        for (let f = 0; f < width; f++) {
          const value = values[row * width + f] as number;
          const shortened = Math.max(0, shares[f] as number) + Math.max(0, lone.shortened(f, value));
          shares[f] = shortened * (1 + BEYOND_WEIGHT * lone.beyond(f, value));
        }
        toShares(shares);
      }
      return { contributions, expected: null };
    },
  };

  function addShortened(values: Float64Array, base: number, shortened: Float64Array): void {
    const { feature, threshold, left, root } = forest;
    for (const start of root) {
      let node = start;
      while (left[node] !== node) {
        const f = feature[node] as number;
        const child =
          (left[node] as number) + Number((values[base + f] as number) >= (threshold[node] as number));
        const change = (expected[node] as number) - 1 - (expected[child] as number);
        shortened[f] = (shortened[f] as number) + change;
        node = child;
      }
    }
  }
}
