import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ecod } from '../../src/detect/ecod/ecod.js';
import { SKETCH_POINTS_MAX, tailSketch } from '../../src/detect/ecod/tail-sketch.js';
import { packageRoot } from '../../src/package-root.js';
import { gaussian, oneRow, scoresOf, trainOn } from '../support/synthetic-rows.js';

interface Golden {
  readonly ecod: {
    readonly width: number;
    readonly data: number[];
    readonly paper: number[];
    readonly pyod: number[];
  };
}
const golden = (
  JSON.parse(readFileSync(join(packageRoot(), 'test/detect/golden/statistics-golden.json'), 'utf8')) as Golden
).ecod;
const data = {
  values: Float64Array.from(golden.data),
  width: golden.width,
  rows: golden.data.length / golden.width,
};

for (const [tails, wanted] of [
  ['rows', golden.paper],
  ['features', golden.pyod],
] as const) {
  test(`training rows have the scores of ${tails === 'rows' ? "the paper's sums, of PyOD's tails" : 'PyOD'}`, async () => {
    const { trained, detector } = await trainOn(ecod, data, { tails });
    const typical = trained.arrays.typical?.[0] as number;
    const scores = await scoresOf(detector, data);
    for (const [row, score] of scores.entries()) {
      const raw = (typical * score) / (1 - score);
      assert.ok(Math.abs(raw - (wanted[row] as number)) < 1e-9, `row ${row}: ${raw}, not ${wanted[row]}`);
    }
  });
}

test('a value between two training values has the shares at most and at least as large', async () => {
  const values = Float64Array.of(1, 2, 2, 4, 10);
  const { trained, detector } = await trainOn(ecod, { values, rows: 5, width: 1 });
  const typical = trained.arrays.typical?.[0] as number;
  const [score = NaN] = await scoresOf(detector, oneRow(3));
  // Three of five are at most 3, two at least.
  const raw = Math.log(5 / 2);
  assert.ok(Math.abs(score - raw / (raw + typical)) < 1e-12);
});

test('beyond the training values the tail goes on where it stopped, as an exponential one', async () => {
  const column = gaussian(1000, 1, 4);
  const sorted = column.values.slice().sort();
  const { trained, detector } = await trainOn(ecod, column);
  const typical = trained.arrays.typical?.[0] as number;
  const raw = async (value: number): Promise<number> => {
    const [score = NaN] = await scoresOf(detector, oneRow(value));
    return (typical * score) / (1 - score);
  };
  const outer = sorted.slice(-32);
  const scale = outer.reduce((sum, value) => sum + value - (sorted[1000 - 33] as number), 0) / 32;
  const largest = sorted[999] as number;
  assert.ok(Math.abs((await raw(largest)) - Math.log(1000)) < 1e-9);
  assert.ok(Math.abs((await raw(largest + 3 * scale)) - Math.log(1000) - 3) < 1e-9);
  assert.ok((await raw(largest + 1e-9)) > (await raw(largest)));
  assert.ok((await raw((sorted[0] as number) - 1)) > Math.log(1000));
});

test('of many distinct values so many are kept, the tails exactly, the rest to a fraction of a percent', () => {
  const sorted = gaussian(100_000, 1, 6).values.sort();
  const sketch = tailSketch(sorted);
  assert.equal(sketch.points.length, SKETCH_POINTS_MAX);
  for (let i = 0; i < SKETCH_POINTS_MAX / 4; i++) {
    assert.equal(sketch.points[i], sorted[i]);
    assert.equal(sketch.atMost[i], i + 1);
    assert.equal(sketch.points.at(-1 - i), sorted.at(-1 - i));
    assert.equal(sketch.atLeast.at(-1 - i), i + 1);
  }
  let gap = 0;
  for (let i = 1; i < SKETCH_POINTS_MAX; i++)
    gap = Math.max(gap, (sketch.atMost[i] as number) - (sketch.atMost[i - 1] as number));
  assert.ok(gap <= 60, `${gap} rows between two points`);
});

test('scores from a thinned distribution are those of the whole one, nearly', async () => {
  const column = gaussian(20_000, 1, 7);
  const sorted = column.values.slice().sort();
  const { trained, detector } = await trainOn(ecod, column);
  const typical = trained.arrays.typical?.[0] as number;
  const scores = await scoresOf(detector, { values: sorted, rows: 20_000, width: 1 });
  for (let i = 0; i < 20_000; i++) {
    const raw = -Math.log(Math.min(i + 1, 20_000 - i) / 20_000);
    const wanted = raw / (raw + typical);
    const isTail = i < SKETCH_POINTS_MAX / 4 || i >= 20_000 - SKETCH_POINTS_MAX / 4;
    assert.ok(Math.abs((scores[i] as number) - wanted) < (isTail ? 1e-12 : 0.002), `${i}`);
  }
});
