import { z } from 'zod';
import {
  type Detector,
  type DetectorKind,
  type Explanation,
  type Matrix,
  type ModelArrays,
  ModelFault,
} from './detector.js';
import type { ForestArrays } from './forest-growth.js';
import { sumPathLengths } from './forest-kernel.js';
import type { ForestTask } from './forest-thread.js';
import { averagePathLength } from './path-length.js';
import { toShares } from './shares.js';
import { trainInThread } from './training-thread.js';

const options = z.strictObject({
  trees: z.number().int().min(1).max(10_000).default(100),
  sampleSize: z.number().int().min(2).max(65_536).default(256),
  seed: z.number().int().min(0).max(4_294_967_295).default(0),
});
type Options = z.infer<typeof options>;

/**
 * Isolation forest: Liu, Ting, Zhou, "Isolation Forest" (ICDM 2008). Score: 2^(−E[h(x)] / c(ψ)), equation 2, in
 * (0, 1]. Trained in a thread of its own; reproducible for a seed.
 */
export const isolationForest: DetectorKind = {
  type: 'isolation-forest',
  options,
  imports: 'never',
  train: async ({ data, options: configured }, signal) => ({
    arrays: await grow(data, configured as Options, signal),
  }),
  create: (_options, features, { arrays }) =>
    new IsolationForestDetector(checkArrays(arrays, features.length), features.length),
};

async function grow(
  data: Matrix,
  { trees, sampleSize, seed }: Options,
  signal: AbortSignal,
): Promise<ModelArrays> {
  const task: ForestTask = { data, trees, sampleSize, seed };
  const forest = await trainInThread<ForestArrays>(
    new URL('./forest-thread.js', import.meta.url),
    task,
    signal,
  );
  return { ...forest, psi: Int32Array.of(Math.min(sampleSize, data.rows)) };
}

interface TrainedForest extends ForestArrays {
  /** Rows each tree was grown on: ψ in the paper. */
  readonly psi: number;
}

function checkArrays(arrays: ModelArrays, width: number): TrainedForest {
  const ints = (name: string): Int32Array => {
    const array = arrays[name];
    if (!(array instanceof Int32Array) || array.length === 0)
      throw new ModelFault(`the array '${name}' is missing`);
    return array;
  };
  const doubles = (name: string): Float64Array => {
    const array = arrays[name];
    if (!(array instanceof Float64Array)) throw new ModelFault(`the array '${name}' is missing`);
    return array;
  };
  const forest: TrainedForest = {
    feature: ints('feature'),
    threshold: doubles('threshold'),
    left: ints('left'),
    path: doubles('path'),
    size: ints('size'),
    root: ints('root'),
    depth: ints('depth'),
    psi: ints('psi')[0] as number,
  };
  const nodes = forest.feature.length;
  const sameLength = [forest.threshold, forest.left, forest.path, forest.size].every(
    ({ length }) => length === nodes,
  );
  if (!sameLength || forest.depth.length !== forest.root.length)
    throw new ModelFault('the arrays do not have the same length');
  if (!forest.feature.every((f) => f >= 0 && f < width))
    throw new ModelFault(`a node splits on a feature beyond the ${width} there are`);
  const insideNodes = (n: number): boolean => n >= 0 && n < nodes;
  if (
    !forest.left.every((l, n) => insideNodes(l) && (l === n || insideNodes(l + 1))) ||
    !forest.root.every(insideNodes)
  ) {
    throw new ModelFault('a node points outside the forest');
  }
  return forest;
}

class IsolationForestDetector implements Detector {
  private readonly scale: number;
  /** Path length that is still to be expected at a node, by the points that reached it in training. */
  private readonly expected: Float64Array;

  constructor(
    private readonly forest: TrainedForest,
    private readonly width: number,
  ) {
    this.scale = -1 / (forest.root.length * averagePathLength(forest.psi));
    this.expected = Float64Array.from(forest.size, averagePathLength);
  }

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    sumPathLengths(this.forest, values, rows, this.width, scores);
    for (let row = 0; row < rows; row++) scores[row] = Math.pow(2, (scores[row] as number) * this.scale);
  }

  /**
   * Each split on a row's way changes the path length that is still to be expected from c(size of the node) to
   * 1 + c(size of the child). Those changes add up to c(ψ) − h(x); summed per split feature they say which features
   * shortened the path (the decomposition of Saabas's tree interpreter, applied to path length). Features that
   * lengthened it count as 0.
   */
  explain(values: Float64Array, rows: number): Explanation {
    const { width } = this;
    const contributions = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      this.addShortened(values.subarray(from, from + width), contributions.subarray(from, from + width));
    }
    return { contributions, expected: null };
  }

  private addShortened(row: Float64Array, shortened: Float64Array): void {
    const { expected } = this;
    const { feature, threshold, left, root } = this.forest;
    for (const start of root) {
      let node = start;
      while (left[node] !== node) {
        const column = feature[node] as number;
        const child = (left[node] as number) + Number((row[column] as number) >= (threshold[node] as number));
        const change = (expected[node] as number) - 1 - (expected[child] as number);
        shortened[column] = (shortened[column] as number) + change;
        node = child;
      }
    }
    for (let i = 0; i < shortened.length; i++) shortened[i] = Math.max(0, shortened[i] as number);
    toShares(shortened);
  }
}
