import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { standardScale } from '../../src/detect/standard-scale.js';
import { fitDetector } from '../../src/detect/fit.js';
import { knn } from '../../src/detect/knn/knn.js';
import { neighboursIn, sortedReference } from '../../src/detect/knn/reference.js';
import type { Metric } from '../../src/detect/knn/neighbours.js';
import { gaussian } from '../support/matrices.js';

const { signal } = new AbortController();
const number = fc.oneof(
  fc.double({ min: -100, max: 100, noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(1e12, -1e12, 0),
);

function plain(a: ArrayLike<number>, b: ArrayLike<number>, metric: Metric): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs((a[i] as number) - (b[i] as number));
    sum += metric === 'manhattan' ? off : off * off;
  }
  return metric === 'manhattan' ? sum : Math.sqrt(sum);
}

test('the neighbours that are found are those that a look at every row finds', () => {
  const cases = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 2, max: 60 }))
    .chain(([width, rows]) =>
      fc.record({
        width: fc.constant(width),
        values: fc.array(number, { minLength: width * rows, maxLength: width * rows }),
        query: fc.array(number, { minLength: width, maxLength: width }),
        count: fc.integer({ min: 1, max: 8 }),
        metric: fc.constantFrom<Metric>('manhattan', 'euclidean'),
      }),
    );
  fc.assert(
    fc.property(cases, ({ width, values, query, count, metric }) => {
      const rows = values.length / width;
      const data = { values: Float64Array.from(values), rows, width };
      const unscaled = { center: new Float64Array(width), scale: new Float64Array(width).fill(1) };
      const reference = sortedReference(
        data,
        unscaled,
        Int32Array.from({ length: rows }, (_, i) => i),
        metric,
      );
      const found = neighboursIn(reference, width, metric, count);
      found.find(Float64Array.from(query), 0, -1);
      const all = Array.from({ length: rows }, (_, row) =>
        plain(query, values.slice(row * width, (row + 1) * width), metric),
      ).sort((a, b) => a - b);
      assert.deepEqual([...found.distances], all.slice(0, Math.min(count, rows - 1)));
      for (const [i, place] of found.places.entries()) {
        const row = reference.order[place] as number;
        assert.equal(plain(query, values.slice(row * width, (row + 1) * width), metric), found.distances[i]);
      }
    }),
    { numRuns: 500 },
  );
});

test('distances and scores by hand: mean of the nearest, or the farthest of them', async () => {
  // Deviation of each column: 2 and 20.
  const values = Float64Array.of(...[-2, -20], ...[2, 20], ...[-2, 20], ...[2, -20]);
  const data = { values, rows: 4, width: 2 };
  assert.deepEqual(standardScale(data), { center: Float64Array.of(0, 0), scale: Float64Array.of(2, 20) });
  for (const [distance, metric, raw, own] of [
    ['mean', 'manhattan', (1 + 1 + 3) / 3, (2 + 2 + 4) / 3],
    ['farthest', 'manhattan', 3, 4],
    ['farthest', 'euclidean', Math.sqrt(5), Math.sqrt(8)],
  ] as const) {
    const options = knn.options.parse({ neighbours: 3, distance, metric });
    const trained = await knn.train?.({ data, options, imported: null }, signal);
    assert.ok(trained !== undefined);
    const detector = await knn.create(options, ['a', 'b'], trained);
    const scores = new Float64Array(1);
    // Scaled (0, 1): as far as 1 from two corners, and as far as 3 (or the root of 5) from the others.
    await detector.score(Float64Array.of(0, 20), 1, scores);
    assert.ok(Math.abs((scores[0] as number) - raw / (raw + own)) < 1e-12, `${distance} ${metric}`);
    // Each training row is as far from the other three as `own` says, itself left out.
    assert.ok(trained.trainingScores?.every((score) => Math.abs(score - 0.5) < 1e-12));
  }
});

test('the reference is bounded by its rows', async () => {
  const data = gaussian(3000, 3);
  const options = knn.options.parse({ referenceRows: 100 });
  const trained = await knn.train?.({ data, options, imported: null }, signal);
  assert.equal(trained?.arrays.reference?.length, 300);
  assert.equal(trained?.trainingScores?.length, 3000);
});

test('every training row has its training score, however many there are', async () => {
  const rows = 100_001;
  const data = { values: Float64Array.from({ length: rows }, (_, row) => row % 997), rows, width: 1 };
  const options = knn.options.parse({ referenceRows: 16 });
  const task = { kind: knn, options, features: ['a'], data, source: 'test', imported: null };
  assert.equal((await fitDetector(task, signal)).trainingScores.length, rows);
});

test('training ends when it is told to', async () => {
  const stop = new AbortController();
  const options = knn.options.parse({});
  const training = knn.train?.({ data: gaussian(20_000, 8), options, imported: null }, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(async () => training, /enough/);
});
