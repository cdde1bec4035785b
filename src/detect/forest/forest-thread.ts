/** A thread of its own for training, because ml-isolation-forest draws from Math.random, which is seeded here. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Matrix, ModelArrays } from '../detector.js';
import { drawIndices, seededRandom } from '../random.js';
import { type Hyperplanes, growExtendedTree } from './extended-growth.js';
import { type GrownNode, flattenForest } from './forest-arrays.js';
import { growTree } from './plain-growth.js';

export interface ForestTask {
  readonly data: Matrix;
  readonly trees: number;
  readonly sampleSize: number;
  readonly seed: number;
  readonly extended: boolean;
}

function trainForest({ data, trees, sampleSize, seed, extended }: ForestTask): ModelArrays {
  const random = seededRandom(seed);
  Math.random = random;
  const planes: Hyperplanes = { width: data.width, normal: [], intercept: [] };
  const grown: GrownNode[] = [];
  for (let tree = 0; tree < trees; tree++) {
    const sample = [...drawIndices(data.rows, sampleSize, random)].map((row) =>
      data.values.subarray(row * data.width, (row + 1) * data.width),
    );
    grown.push(extended ? growExtendedTree(sample, random, planes) : growTree(sample));
  }
  const forest = { ...flattenForest(grown) };
  if (!extended) return forest;
  return {
    ...forest,
    normal: Float64Array.from(planes.normal),
    intercept: Float64Array.from(planes.intercept),
  };
}

parentPort?.postMessage(trainForest(workerData as ForestTask));
