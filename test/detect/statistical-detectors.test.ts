import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Matrix, type ModelArrays, ModelFault, TrainingFault } from '../../src/detect/detector.js';
import { ecod } from '../../src/detect/ecod/ecod.js';
import { mahalanobis } from '../../src/detect/mahalanobis/mahalanobis.js';
import { seededRandom } from '../../src/detect/random.js';
import { robustZ } from '../../src/detect/robust-z.js';
import { correlated, gaussian, oneRow, scoresOf, trainOn } from '../support/synthetic-rows.js';

const LARGEST = Number.MAX_VALUE;
const VARIANTS = [
  { kind: robustZ, options: { combine: 'largest' } },
  { kind: robustZ, options: { combine: 'rms' } },
  { kind: mahalanobis, options: { estimator: 'mcd' } },
  { kind: mahalanobis, options: { estimator: 'mrcd' } },
  { kind: ecod, options: { tails: 'rows' } },
  { kind: ecod, options: { tails: 'features' } },
];

for (const { kind, options } of VARIANTS) {
  const name = `${kind.type} ${JSON.stringify(options)}`;

  test(`${name}: the same data and options give the same model`, async () => {
    const data = correlated(700, 3, 0.5);
    const { trained } = await trainOn(kind, data, options);
    assert.deepEqual(trained, (await trainOn(kind, data, options)).trained);
  });

  test(`${name}: a row has the same score bit for bit, whatever stands beside it`, async () => {
    const data = correlated(501, 4, 0.5);
    const { detector } = await trainOn(kind, data, options);
    const all = await scoresOf(detector, data);
    for (const size of [1, 2, 3, 7, 64]) {
      for (let from = 0; from < data.rows; from += size) {
        const rows = Math.min(size, data.rows - from);
        const values = data.values.subarray(from * 4, (from + rows) * 4);
        const part = await scoresOf(detector, { values, rows, width: 4 });
        for (let i = 0; i < rows; i++) assert.ok(Object.is(part[i], all[from + i]));
      }
    }
  });

  test(`${name}: further out is stranger, far beyond the training rows too`, async () => {
    const { detector } = await trainOn(kind, correlated(600, 3, 0.5), options);
    let before = 0;
    for (let distance = 4; distance < 1e9; distance *= 1.5) {
      const [score = 0] = await scoresOf(detector, oneRow(0, 100 + 10 * distance, 200));
      assert.ok(score > before && score < 1, `${score} after ${before} at ${distance}`);
      before = score;
    }
  });

  test(`${name}: numbers as large as a double gives no score but one in [0, 1]`, async () => {
    const data = gaussian(300, 4, 5);
    // A column that spans all doubles, one of denormals, one constant and large.
    for (let row = 0; row < data.rows; row++) {
      data.values[row * 4] = (row % 2 === 0 ? 1 : -1) * LARGEST * (1 - row / 1000);
      data.values[row * 4 + 1] = row * Number.MIN_VALUE;
      data.values[row * 4 + 2] = 1e308;
    }
    const { trained, detector } = await trainOn(kind, data, options);
    for (const array of Object.values(trained.arrays))
      for (const number of array) assert.ok(Number.isFinite(number));
    const hostile = [LARGEST, -LARGEST, 0, Number.MIN_VALUE, 1];
    const rows = hostile.flatMap((a) => hostile.flatMap((b) => hostile.flatMap((c) => [a, b, c, a])));
    const test: Matrix = { values: Float64Array.from(rows), rows: rows.length / 4, width: 4 };
    for (const score of await scoresOf(detector, test)) assert.ok(score >= 0 && score <= 1, `${score}`);
    const { contributions, expected } = await detector.explain(test.values, test.rows);
    for (let row = 0; row < test.rows; row++)
      assert.ok(Math.abs(contributions.subarray(row * 4, row * 4 + 4).reduce((a, b) => a + b) - 1) < 1e-9);
    assert.ok(expected !== null);
    expected.low.forEach((low, i) => {
      assert.ok(
        Number.isFinite(low) && low <= (expected.high[i] as number) && Number.isFinite(expected.high[i]),
      );
    });
  });

  test(`${name}: one feature, many duplicates, constant columns`, async () => {
    const random = seededRandom(8);
    const single = await trainOn(
      kind,
      { values: Float64Array.from({ length: 400 }, () => Math.floor(random() * 6)), rows: 400, width: 1 },
      options,
    );
    const [near = 1, far = 0] = await scoresOf(single.detector, {
      values: Float64Array.of(3, 30),
      rows: 2,
      width: 1,
    });
    assert.ok(far > near + 0.2, `${far} against ${near}`);

    const spike = Float64Array.from({ length: 400 }, (_, row) => (row % 40 === 0 ? random() : 0));
    const rare = await trainOn(kind, { values: spike, rows: 400, width: 1 }, options);
    const [usual = 1, unheardOf = 0] = await scoresOf(rare.detector, {
      values: Float64Array.of(0, 50),
      rows: 2,
      width: 1,
    });
    assert.ok(unheardOf > usual + 0.2, `${unheardOf} against ${usual}`);

    const rows = 2000;
    const values = new Float64Array(rows * 4);
    for (let row = 0; row < rows; row++) {
      values[row * 4] = random() < 0.03 ? random() : 0;
      values[row * 4 + 1] = 5;
      values[row * 4 + 2] = Math.floor(random() * 3);
      values[row * 4 + 3] = values[row * 4 + 2] as number;
    }
    const { detector } = await trainOn(kind, { values, rows, width: 4 }, options);
    const [typical = 1] = await scoresOf(detector, oneRow(0, 5, 1, 1));
    const [changed = 0] = await scoresOf(detector, oneRow(0, 5.5, 1, 1));
    assert.ok(changed > typical + 0.3, `${changed} against ${typical}`);
    const { contributions } = await detector.explain(Float64Array.of(0, 5.5, 1, 1), 1);
    assert.equal(contributions.indexOf(Math.max(...contributions)), 1);
  });

  for (const correlation of [0, 0.8]) {
    test(`${name}: names the planted feature, and expected its value (correlation ${correlation})`, async () => {
      const width = 6;
      const data = correlated(1500, width, correlation, 3);
      const { detector } = await trainOn(kind, data, options);
      let first = 0;
      let held = 0;
      for (let i = 0; i < 100; i++) {
        const row = data.values.slice(i * width, (i + 1) * width);
        const planted = i % width;
        const was = row[planted] as number;
        row[planted] = was + (i % 2 === 0 ? 8 : -8) * 10 ** planted;
        const { contributions, expected } = await detector.explain(row, 1);
        assert.ok(contributions.every((share) => share >= 0));
        assert.ok(Math.abs(contributions.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
        if (contributions.indexOf(Math.max(...contributions)) === planted) first++;
        const [low, high] = [expected?.low[planted] ?? NaN, expected?.high[planted] ?? NaN];
        if (low <= was && was <= high) held++;
        assert.ok((row[planted] as number) < low || (row[planted] as number) > high);
      }
      assert.ok(first >= 95, `${first} of 100 first`);
      assert.ok(held >= 90, `${held} of 100 expected`);
    });
  }

  test(`${name}: arrays that are broken are refused`, async () => {
    const { trained } = await trainOn(kind, correlated(200, 3, 0.3), options);
    const parsed = kind.options.parse(options);
    const create = (arrays: ModelArrays): unknown => kind.create(parsed, ['a', 'b', 'c'], { arrays });
    create(trained.arrays);
    assert.throws(() => kind.create(parsed, ['a', 'b'], trained), ModelFault);
    for (const [key, array] of Object.entries(trained.arrays)) {
      const { [key]: removed, ...others } = trained.arrays;
      assert.throws(() => create(others), ModelFault, `without ${key}`);
      assert.throws(() => create({ ...others, [key]: array.slice(1) }), ModelFault, `shorter ${key}`);
      assert.throws(
        () => create({ ...others, [key]: new Uint8Array(array) }),
        ModelFault,
        `bytes for ${key}`,
      );
      assert.ok(removed);
      if (!(array instanceof Float64Array)) continue;
      for (const wrong of [NaN, Infinity, -Infinity]) {
        const damaged = array.slice();
        damaged[damaged.length - 1] = wrong;
        assert.throws(() => create({ ...others, [key]: damaged }), ModelFault, `${wrong} in ${key}`);
      }
    }
    for (const key of ['scale', 'typical', 'reach', 'atMost', 'factor'].filter(
      (key) => key in trained.arrays,
    )) {
      for (const wrong of [0, -1]) {
        const damaged = (trained.arrays[key] as Float64Array).slice();
        damaged[0] = wrong;
        assert.throws(() => create({ ...trained.arrays, [key]: damaged }), ModelFault, `${wrong} in ${key}`);
      }
    }
  });

  test(`${name}: rows that are all the same cannot be learnt from`, async () => {
    const data = { values: new Float64Array(60).fill(7), rows: 20, width: 3 };
    await assert.rejects(trainOn(kind, data, options), TrainingFault);
  });
}
