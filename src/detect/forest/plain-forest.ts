import type { Detector, ModelArrays } from '../detector.js';
import { averagePathLength } from '../path-length.js';
import { anomalyScores, sharesOf } from './anomaly-score.js';
import { checkedForest } from './checked-forest.js';
import { fastestKernel } from './fastest-kernel.js';

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

  return {
    score(values, rows, scores) {
      kernel.sum(values, rows, scores);
      toScores(scores, rows);
    },

    /**
     * Each split on a row's way changes the path length that is still to be expected from c(size of the node) to
     * 1 + c(size of the child). Those changes add up to c(ψ) − h(x); summed per split feature they say which features
     * shortened the path (the decomposition of Saabas's tree interpreter, applied to path length). Features that
     * lengthened it count as 0.
     */
    contributions(row) {
      const { feature, threshold, left, root } = forest;
      const shortened = new Float64Array(width);
      for (const start of root) {
        let node = start;
        while (left[node] !== node) {
          const column = feature[node] as number;
          const child =
            (left[node] as number) + Number((row[column] as number) >= (threshold[node] as number));
          const change = (expected[node] as number) - 1 - (expected[child] as number);
          shortened[column] = (shortened[column] as number) + change;
          node = child;
        }
      }
      return sharesOf(shortened);
    },
  };
}
