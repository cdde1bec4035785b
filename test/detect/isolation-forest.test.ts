import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateDetector } from '../../src/detect/evaluate.js';
import { type Detector, type Matrix, type ModelArrays, ModelFault } from '../../src/detect/detector.js';
import { isolationForest } from '../../src/detect/isolation-forest.js';
import { averagePathLength } from '../../src/detect/path-length.js';
import { seededRandom } from '../../src/detect/random.js';
import { loadShuttle } from '../../src/demo/dataset.js';

const { signal } = new AbortController();
const options = (seed = 1): Record<string, unknown> => isolationForest.options.parse({ seed });
const train = async (data: Matrix, seed = 1): Promise<ModelArrays> =>
  (await isolationForest.train?.({ data, options: options(seed), imported: null }, signal))?.arrays ?? {};

async function trained(data: Matrix): Promise<Detector> {
  return isolationForest.create(
    options(),
    Array.from({ length: data.width }, (_, i) => `f${i}`),
    { arrays: await train(data) },
  );
}

function gaussian(rows: number, width: number, seed = 1): Matrix {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return { values: Float64Array.from({ length: rows * width }, normal), rows, width };
}

async function scores(detector: Detector, { values, rows }: Matrix): Promise<Float64Array> {
  const out = new Float64Array(rows);
  await detector.score(values, rows, out);
  return out;
}

test('shuttle: AUROC at least 0.99 with all rows, as scikit-learn has it', async () => {
  const data = await loadShuttle();
  const { auroc, averagePrecision } = await evaluateDetector(
    isolationForest,
    options(),
    data,
    'all',
    1,
    signal,
  );
  assert.ok(auroc >= 0.99, `${auroc}`);
  assert.ok(averagePrecision >= 0.94, `${averagePrecision}`);
});

test('the same seed gives the same model, another seed another', async () => {
  const data = gaussian(500, 3);
  assert.deepEqual(await train(data, 5), await train(data, 5));
  assert.notDeepEqual(await train(data, 5), await train(data, 6));
});

test('a row has the same score bit for bit, whatever stands beside it', async () => {
  const data = gaussian(1003, 4);
  const detector = await trained(data);
  const all = await scores(detector, data);
  for (const size of [1, 2, 3, 4, 5, 7, 64, 1000]) {
    for (let from = 0; from < data.rows; from += size) {
      const rows = Math.min(size, data.rows - from);
      const part = await scores(detector, {
        values: data.values.subarray(from * 4, (from + rows) * 4),
        rows,
        width: 4,
      });
      for (let i = 0; i < rows; i++) assert.ok(Object.is(part[i], all[from + i]));
      if (from > size * 20) break;
    }
  }
});

test('scores are in (0, 1], and a far row scores higher than all near ones', async () => {
  const data = gaussian(2000, 5);
  const detector = await trained(data);
  const near = await scores(detector, data);
  const [far = 0] = await scores(detector, { values: Float64Array.of(9, -9, 9, -9, 9), rows: 1, width: 5 });
  assert.ok(near.every((score) => score > 0 && score <= 1));
  assert.ok(far > near.reduce((max, score) => Math.max(max, score), 0));
});

test('constant columns, and columns that become constant deeper down, do not hide the outliers', async () => {
  const width = 40;
  const random = seededRandom(3);
  const rows = 2000;
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    values[row * width] = random();
    values[row * width + 1] = random() < 0.02 ? random() : 0;
  }
  const detector = await trained({ values, rows, width });
  const typical = new Float64Array(width);
  typical[0] = 0.5;
  const far = typical.slice();
  far[0] = 30;
  const [typicalScore = 1] = await scores(detector, { values: typical, rows: 1, width });
  const [farScore = 0] = await scores(detector, { values: far, rows: 1, width });
  assert.ok(farScore > typicalScore + 0.1, `${farScore} against ${typicalScore}`);
});

test('contributions are non-negative, sum to 1, and name the planted feature', async () => {
  const data = gaussian(2000, 6);
  const detector = await trained(data);
  let first = 0;
  for (let i = 0; i < 100; i++) {
    const row = data.values.slice(i * 6, i * 6 + 6);
    row[i % 6] = 8;
    const { contributions } = await detector.explain(row, 1);
    assert.ok(contributions.every((share) => share >= 0));
    assert.ok(Math.abs(contributions.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    if (contributions.indexOf(Math.max(...contributions)) === i % 6) first++;
  }
  assert.ok(first >= 95, `${first} of 100`);
});

test('c(n) is that of the paper', () => {
  assert.equal(averagePathLength(1), 0);
  assert.equal(averagePathLength(2), 1);
  // 2·H(255) − 2·255/256 with the exact harmonic number.
  const harmonic = Array.from({ length: 255 }, (_, i) => 1 / (i + 1)).reduce((sum, term) => sum + term, 0);
  assert.ok(Math.abs(averagePathLength(256) - (2 * harmonic - (2 * 255) / 256)) < 0.005);
});

test('arrays that are no forest are refused', async () => {
  const arrays = await train(gaussian(100, 2));
  const broken: ModelArrays[] = [
    {},
    { ...arrays, feature: Int32Array.from(arrays.feature as Int32Array, () => 2) },
    { ...arrays, left: Int32Array.from(arrays.left as Int32Array, () => 1_000_000) },
    { ...arrays, depth: Int32Array.of(1) },
  ];
  for (const wrong of broken)
    assert.throws(() => isolationForest.create(options(), ['a', 'b'], { arrays: wrong }), ModelFault);
});
