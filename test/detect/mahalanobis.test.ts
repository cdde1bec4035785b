import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chiSquareCdf, chiSquareQuantile } from '../../src/detect/mahalanobis/chi-square.js';
import { cholesky } from '../../src/detect/mahalanobis/cholesky.js';
import { fastMcd } from '../../src/detect/mahalanobis/fast-mcd.js';
import { mahalanobis } from '../../src/detect/mahalanobis/mahalanobis.js';
import { consistencyFactor, smallSampleFactor } from '../../src/detect/mahalanobis/mcd-corrections.js';
import { TrainingFault } from '../../src/detect/detector.js';
import { seededRandom } from '../../src/detect/random.js';
import { packageRoot } from '../../src/package-root.js';
import { correlated, gaussian, normalSource, scoresOf, trainOn } from '../support/synthetic-rows.js';

interface Golden {
  readonly mcd: {
    readonly rows: number;
    readonly width: number;
    readonly support: number;
    readonly data: number[];
    readonly subset: number[];
    readonly rawLocation: number[];
    readonly rawCovariance: number[];
    readonly location: number[];
    readonly covariance: number[];
  }[];
  readonly exact: Pick<Golden['mcd'][number], 'rows' | 'width' | 'support' | 'data' | 'subset'>[];
  readonly chiSquare: { share: number; degrees: number; quantile: number }[];
}
const golden = JSON.parse(
  readFileSync(join(packageRoot(), 'test/detect/golden/statistics-golden.json'), 'utf8'),
) as Golden;

const near = (actual: Float64Array, wanted: readonly number[], tolerance: number): void => {
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [i, value] of wanted.entries())
    assert.ok(
      Math.abs((actual[i] as number) - value) <= tolerance * largest,
      `${i}: ${actual[i]}, not ${value}`,
    );
};

for (const mcd of golden.mcd) {
  test(`scikit-learn finds the same subset of ${mcd.rows} × ${mcd.width}, its mean and covariance`, () => {
    const { rows, width, support } = mcd;
    const found = fastMcd({ values: Float64Array.from(mcd.data), rows, width }, support, seededRandom(1));
    assert.ok(found);
    assert.deepEqual([...found.raw.subset], mcd.subset);
    near(found.raw.location, mcd.rawLocation, 1e-9);
    near(found.raw.covariance, mcd.rawCovariance, 1e-9);
    // After reweighting only nearly: scikit-learn has no small-sample factors.
    near(found.location, mcd.location, 0.05);
    const factor = smallSampleFactor(width, rows, mcd.subset.length / rows, 'reweighted');
    near(
      found.covariance.map((value) => value / factor),
      mcd.covariance,
      0.15,
    );
  });
}

for (const { rows, width, support, data, subset } of golden.exact) {
  test(`of all subsets of ${rows} × ${width} the best is found`, () => {
    for (const seed of [1, 2, 3]) {
      const found = fastMcd({ values: Float64Array.from(data), rows, width }, support, seededRandom(seed));
      assert.deepEqual([...(found?.raw.subset ?? [])], subset);
    }
  });
}

test('chi-square quantiles are those of SciPy', () => {
  for (const { share, degrees, quantile } of golden.chiSquare) {
    assert.ok(Math.abs(chiSquareQuantile(share, degrees) / quantile - 1) < 1e-10, `${share}, ${degrees}`);
    assert.ok(Math.abs(chiSquareCdf(quantile, degrees) - share) < 1e-12);
  }
});

test('corrections: none for all rows, and those of robustbase', () => {
  assert.equal(consistencyFactor(3, 1), 1);
  // Two features: −log of the rest is the quantile, and the factor has a closed form.
  const q = -2 * Math.log(0.25);
  assert.ok(Math.abs(consistencyFactor(2, 0.75) - 0.75 / (0.75 - (q / 2) * 0.25)) < 1e-12);
  assert.equal(smallSampleFactor(3, 100, 1, 'raw'), 1);
  const by875 = 1 / (1 - Math.exp(0.446537815635445) / 50 ** 1.06690782995919);
  assert.ok(Math.abs(smallSampleFactor(2, 50, 0.875, 'raw') - by875) < 1e-12);
  for (const width of [1, 2, 3, 10, 60])
    for (const step of ['raw', 'reweighted'] as const) {
      const few = smallSampleFactor(width, 6 * width + 10, 0.5, step);
      const many = smallSampleFactor(width, 100_000, 0.5, step);
      assert.ok(few > many && many > 0.99 && many < 1.05, `${width} ${step}: ${few} ${many}`);
    }
});

test('the covariance of normal rows is found to a few percent, with a quarter of the rows far away', () => {
  const normal = normalSource(9);
  const rows = 4000;
  const values = new Float64Array(rows * 3);
  for (let row = 0; row < rows; row++) {
    const far = row % 4 === 0;
    const [a, b, c] = [normal(), normal(), normal()];
    values.set(far ? [8 + a * 0.1, -8 + b * 0.1, 8] : [a, 0.8 * a + 0.6 * b, 2 * c], row * 3);
  }
  const found = fastMcd({ values, rows, width: 3 }, 0.6, seededRandom(2));
  assert.ok(found);
  near(found.covariance, [1, 0.8, 0, 0.8, 1, 0, 0, 0, 4], 0.07);
  assert.ok(found.location.every((middle) => Math.abs(middle) < 0.1));
});

test('outliers that would mask each other are found when they are trained on', async () => {
  const data = correlated(1000, 4, 0.9, 2);
  // A tight group of 8 % against the correlation, none of them far out in a single feature.
  const normal = normalSource(4);
  for (let row = 0; row < 80; row++)
    for (let i = 0; i < 4; i++)
      data.values[row * 4 + i] = ((i % 2 === 0 ? 1.8 : -1.8) + 0.05 * normal()) * 10 ** i + 100 * i;
  const { detector } = await trainOn(mahalanobis, data);
  const scores = await scoresOf(detector, data);
  const lowest = scores.subarray(0, 80).reduce((a, b) => Math.min(a, b));
  assert.ok(scores.subarray(80).filter((score) => score >= lowest).length === 0);
});

test('the same seed finds the same estimate, where rows are drawn', async () => {
  const data = correlated(900, 5, 0.4);
  const model = async (seed: number): Promise<unknown> =>
    (await trainOn(mahalanobis, data, { seed })).trained.arrays;
  assert.deepEqual(await model(3), await model(3));
});

test('more features than rows: a regularised matrix, which is said, and the planted feature first', async () => {
  const { trained, detector } = await trainOn(mahalanobis, gaussian(60, 90, 3));
  assert.match(trained.notes?.[0] ?? '', /MRCD.*60 rows are few for 90 features/);
  const row = gaussian(1, 90, 77).values;
  row[40] = 9;
  const { contributions } = await detector.explain(row, 1);
  assert.equal(contributions.indexOf(Math.max(...contributions)), 40);
});

test('most rows in a hyperplane: a regularised matrix, which is said', async () => {
  const data = gaussian(500, 3, 5);
  for (let row = 0; row < 500; row++)
    data.values[row * 3 + 2] = (data.values[row * 3] as number) + (data.values[row * 3 + 1] as number);
  const { trained } = await trainOn(mahalanobis, data);
  assert.match(trained.notes?.join() ?? '', /MRCD.*hyperplane/);
});

test('a value that only the other features make strange is named, though theirs are further out', async () => {
  const { detector } = await trainOn(mahalanobis, correlated(2000, 4, 0.95, 8));
  for (let planted = 0; planted < 4; planted++) {
    const row = Float64Array.from({ length: 4 }, (_, i) => (i === planted ? 0 : 2) * 10 ** i + 100 * i);
    const { contributions, expected } = await detector.explain(row, 1);
    assert.equal(contributions.indexOf(Math.max(...contributions)), planted);
    const middle = ((expected?.low[planted] ?? NaN) + (expected?.high[planted] ?? NaN)) / 2;
    assert.ok(Math.abs((middle - 100 * planted) / 10 ** planted - 2) < 0.1, `${middle}`);
  }
});

test('a feature that is nearly the sum of others does not take their blame', async () => {
  const width = 5;
  const data = gaussian(2000, width, 6);
  for (let row = 0; row < data.rows; row++) {
    const at = row * width;
    const sum = data.values.subarray(at, at + 4).reduce((a, b) => a + b, 0);
    data.values[at + 4] = sum + 0.3 * (data.values[at + 4] as number);
  }
  const { detector } = await trainOn(mahalanobis, data);
  let first = 0;
  for (let i = 0; i < 100; i++) {
    const row = data.values.slice(i * width, (i + 1) * width);
    row[i % width] = (row[i % width] as number) + (i % width === 4 ? 16 : 8);
    const { contributions } = await detector.explain(row, 1);
    if (contributions.indexOf(Math.max(...contributions)) === i % width) first++;
  }
  assert.ok(first >= 95, `${first} of 100`);
});

test('a singular matrix has no factor, nor has one that is not finite', () => {
  assert.equal(cholesky(Float64Array.of(1, 1, 1, 1), 2, 1e-10), null);
  assert.equal(cholesky(Float64Array.of(NaN), 1, 0), null);
  assert.deepEqual(cholesky(Float64Array.of(4, 2, 2, 5), 2, 0), Float64Array.of(2, 0, 1, 2));
});

test('training ends with its signal; too many features are refused', async () => {
  const controller = new AbortController();
  const options = mahalanobis.options.parse({});
  const training = mahalanobis.train?.(
    { data: gaussian(5000, 60), options, imported: null },
    controller.signal,
  );
  controller.abort(new Error('enough'));
  await assert.rejects(Promise.resolve(training), /enough/);
  await assert.rejects(trainOn(mahalanobis, gaussian(20, 1001)), TrainingFault);
});
