import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnScales } from '../../src/detect/column-scale.js';
import type { Matrix } from '../../src/detect/detector.js';
import { robustZ } from '../../src/detect/robust-z.js';
import { typicalDistance } from '../../src/detect/typical-distance.js';
import { unitScore } from '../../src/detect/unit-score.js';
import { oneRow, scoresOf, trainOn } from '../support/synthetic-rows.js';

const close = (actual: number | undefined, wanted: number): void =>
  assert.ok(Math.abs((actual ?? NaN) - wanted) <= 1e-12 * Math.abs(wanted), `${actual}, not ${wanted}`);
const column = (...values: number[]): Matrix => ({
  values: Float64Array.from(values),
  rows: values.length,
  width: 1,
});
const MAD = 1.482602218505602;

test('z by hand: median 3 and 30, median absolute deviation 1 and 20', async () => {
  const values = Float64Array.of(1, 10, 2, 10, 3, 30, 4, 50, 100, 51);
  const data = { values, rows: 5, width: 2 };
  const { trained, detector } = await trainOn(robustZ, data);
  assert.deepEqual([...(trained.arrays.centre ?? [])], [3, 30]);
  close(trained.arrays.scale?.[0], MAD);
  close(trained.arrays.scale?.[1], 20 * MAD);
  // The largest |z| of the rows, in 1 / 1.4826: 2, 1, 0, 1, 97; their median is 1.
  close(trained.arrays.typical?.[0], 1 / MAD);
  close((await scoresOf(detector, oneRow(6, 30)))[0], 3 / (3 + 1));
  close((await scoresOf(detector, oneRow(3, 130)))[0], 5 / (5 + 1));
  const rms = await trainOn(robustZ, data, { combine: 'rms' });
  const typical = rms.trained.arrays.typical?.[0] as number;
  const distance = Math.sqrt((3 ** 2 + 5 ** 2) / 2) / MAD;
  close((await scoresOf(rms.detector, oneRow(6, 130)))[0], distance / (distance + typical));
  const { contributions, expected } = await detector.explain(Float64Array.of(6, 130), 1);
  close(contributions[0], 9 / 34);
  close(contributions[1], 25 / 34);
  close(expected?.low[1], 30 - 3.5 * 20 * MAD);
  close(expected?.high[1], 30 + 3.5 * 20 * MAD);
});

test('where the median absolute deviation is 0 the next spread stands in, and it is said', async () => {
  const zeros = (count: number): number[] => new Array<number>(count).fill(0);
  // Quartiles of the nine: 0 and 4 at places 2 and 6, counted from 0.
  const [quartiles] = columnScales(column(...zeros(5), 4, 4, 4, 8));
  assert.equal(quartiles?.by, 'iqr');
  close(quartiles?.scale, 4 / 1.3489795003921634);
  const [mean] = columnScales(column(...zeros(9), 5));
  assert.equal(mean?.by, 'standard-deviation');
  close(mean?.scale, Math.sqrt(2.5));
  const { trained } = await trainOn(robustZ, {
    values: Float64Array.from(
      { length: 30 },
      (_, i) => [Math.floor(i / 3), 4, i === 28 ? 0 : i % 3][i % 3] ?? 0,
    ),
    rows: 10,
    width: 3,
  });
  assert.match(trained.notes?.join() ?? '', /features (is|are) constant/);
});

test('a constant has a thousandth of its value, 0 a thousandth', () => {
  const width = 3;
  const values = Float64Array.from({ length: 30 }, (_, i) => [i, 500, 0][i % width] as number);
  const [, large, zero] = columnScales({ values, rows: 10, width });
  assert.deepEqual(large, { centre: 500, scale: 0.5, by: 'constant' });
  assert.deepEqual(zero, { centre: 0, scale: 0.001, by: 'constant' });
});

test('half of the values so large that their sum overflows: the median and spread are finite', () => {
  const [scale] = columnScales(column(-1.7e308, -1.6e308, 1.6e308, 1.7e308));
  assert.equal(scale?.centre, 0);
  assert.ok((scale?.scale ?? NaN) < Infinity);
});

test('unitScore: 0.5 at the scale, 1 at infinity, rising over the doubles between', () => {
  assert.equal(unitScore(3, 3), 0.5);
  assert.equal(unitScore(0, 3), 0);
  assert.equal(unitScore(Infinity, 3), 1);
  assert.equal(unitScore(Number.MAX_VALUE, Number.MAX_VALUE), 0.5);
  assert.equal(unitScore(Number.MIN_VALUE, Number.MAX_VALUE), 0);
  close(unitScore(2, 6), 0.25);
  let before = 0;
  for (let raw = 1e-300; raw < 1e12; raw *= 1.01) {
    const score = unitScore(raw, 1);
    assert.ok(score > before && score < 1, `${raw}`);
    before = score;
  }
});

test('the typical distance is the median, without the zeros where they are most', () => {
  assert.equal(typicalDistance(Float64Array.of(5, 1, 3)), 3);
  assert.equal(typicalDistance(Float64Array.of(0, 0, 0, 4, 6)), 6);
  assert.equal(typicalDistance(Float64Array.of(0, 0)), 1);
});
