/** A thread of its own for training, because ml-isolation-forest draws from Math.random, which is seeded here. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ForestArrays, type GrownNode, flattenForest, growTree } from './forest-growth.js';
import type { Matrix } from './detector.js';
import { drawIndices, seededRandom } from './random.js';

export interface ForestTask {
  readonly data: Matrix;
  readonly trees: number;
  readonly sampleSize: number;
  readonly seed: number;
}

function trainForest({ data, trees, sampleSize, seed }: ForestTask): ForestArrays {
  const random = seededRandom(seed);
  Math.random = random;
  const grown: GrownNode[] = [];
  for (let tree = 0; tree < trees; tree++) {
    const sample = drawIndices(data.rows, sampleSize, random);
    grown.push(
      growTree([...sample].map((row) => data.values.subarray(row * data.width, (row + 1) * data.width))),
    );
  }
  return flattenForest(grown);
}

parentPort?.postMessage(trainForest(workerData as ForestTask));
