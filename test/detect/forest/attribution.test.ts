import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detector, Matrix } from '../../../src/detect/detector.js';
import { isolationForest } from '../../../src/detect/isolation-forest.js';
import { seededRandom } from '../../../src/detect/random.js';

async function trained(data: Matrix, extended: boolean): Promise<Detector> {
  const options = isolationForest.options.parse({ seed: 1, extended });
  const { signal } = new AbortController();
  const learnt = await isolationForest.train?.({ data, options, imported: null }, signal);
  const names = Array.from({ length: data.width }, (_, i) => `f${i}`);
  return isolationForest.create(options, names, learnt ?? { arrays: {} });
}

/** Independent or correlated, each feature in a unit of its own. */
function sample(rows: number, width: number, correlation: number): Matrix {
  const random = seededRandom(width);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const common = normal() * Math.sqrt(correlation);
    for (let f = 0; f < width; f++)
      values[row * width + f] = (common + normal() * Math.sqrt(1 - correlation)) * 10 ** ((f % 7) - 3);
  }
  return { values, rows, width };
}

for (const extended of [false, true]) {
  for (const width of [3, 8, 30]) {
    for (const correlation of [0, 0.5]) {
      test(`a planted value comes first in 95 of 100 rows: extended ${extended}, ${width} features, correlation ${correlation}`, async () => {
        const data = sample(2000, width, correlation);
        const detector = await trained(data, extended);
        const planted = data.values.slice(0, 100 * width);
        for (let row = 0; row < 100; row++) {
          const f = row % width;
          planted[row * width + f] = (row % 2 === 0 ? 8 : -8) * 10 ** ((f % 7) - 3);
        }
        const { contributions } = await detector.explain(planted, 100);
        let first = 0;
        for (let row = 0; row < 100; row++) {
          const shares = contributions.subarray(row * width, (row + 1) * width);
          assert.ok(shares.every((share) => share >= 0));
          assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
          if (shares.indexOf(Math.max(...shares)) === row % width) first++;
        }
        assert.ok(first >= 95, `${first} of 100`);
      });
    }
  }
}

test('two features that together are strange come first and second', async () => {
  const data = sample(2000, 6, 0);
  for (let row = 0; row < data.rows; row++) {
    data.values[row * 6 + 1] = (data.values[row * 6] as number) * 10;
  }
  for (const extended of [false, true]) {
    const detector = await trained(data, extended);
    const row = Float64Array.of(0.004, -0.04, 0, 0, 0, 0);
    const { contributions } = await detector.explain(row, 1);
    const order = [...contributions.keys()].sort(
      (a, b) => (contributions[b] as number) - (contributions[a] as number),
    );
    assert.deepEqual(
      order.slice(0, 2).sort(),
      [0, 1],
      `extended ${extended}: ${[...contributions].join(' ')}`,
    );
  }
});

test('a batch is explained as its rows are one by one', async () => {
  const data = sample(300, 5, 0);
  for (const extended of [false, true]) {
    const detector = await trained(data, extended);
    const { contributions } = await detector.explain(data.values, 20);
    for (let row = 0; row < 20; row++) {
      const alone = await detector.explain(data.values.subarray(row * 5, row * 5 + 5), 1);
      assert.deepEqual(contributions.slice(row * 5, row * 5 + 5), alone.contributions);
    }
  }
});
