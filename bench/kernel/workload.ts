import type { Matrix, ModelArrays } from '../../src/detect/detector.js';
import type { ForestArrays } from '../../src/detect/forest/forest-arrays.js';
import { isolationForest } from '../../src/detect/isolation-forest.js';
import { seededRandom } from '../../src/detect/random.js';

/** One forest and the rows that everybody scores. */
export interface Workload {
  readonly data: Matrix;
  readonly forest: ForestArrays;
  readonly arrays: ModelArrays;
  readonly trainMs: number;
}

/** Rows from N(0, 1), exact in single precision, as scikit-learn takes them; 100 trees of 256 rows. */
export async function workloadOf(width: number, rows: number): Promise<Workload> {
  const random = seededRandom(width);
  const values = Float64Array.from({ length: rows * width }, () =>
    Math.fround(Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
  );
  const data = { values, rows, width };
  const started = performance.now();
  const arrays = await trained(data, false);
  const trainMs = performance.now() - started;
  return { data, arrays, forest: arrays as unknown as ForestArrays, trainMs };
}

export async function trained(data: Matrix, extended: boolean): Promise<ModelArrays> {
  const options = isolationForest.options.parse({ extended });
  const learnt = await isolationForest.train?.(
    { data, options, imported: null },
    new AbortController().signal,
  );
  if (learnt === undefined) throw new TypeError('the isolation forest is not trained');
  return learnt.arrays;
}

/** What forest.c and scikit.py read; see forest.c. */
export function fileOf({ data, forest }: Workload): Buffer {
  const { feature, threshold, left, path, root, depth } = forest;
  const nodes = feature.length;
  const file = Buffer.alloc(16 + nodes * 24 + root.length * 8 + data.values.byteLength);
  let at = 0;
  const int = (value: number): void => void (at = file.writeInt32LE(value, at));
  const double = (value: number): void => void (at = file.writeDoubleLE(value, at));
  for (const count of [nodes, root.length, data.rows, data.width]) int(count);
  for (let n = 0; n < nodes; n++) {
    double(threshold[n] as number);
    double(path[n] as number);
    int(feature[n] as number);
    int(left[n] as number);
  }
  for (let t = 0; t < root.length; t++) {
    int(root[t] as number);
    int(depth[t] as number);
  }
  for (const value of data.values) double(value);
  return file;
}
