/** Thresholds from training scores: contamination and budgets of alarms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../src/detect/random.js';
import {
  BODY_POINTS_MAX,
  TAIL_POINTS_MAX,
  quantileArrays,
  scoreQuantiles,
  shareAbove,
  takeQuantiles,
  thresholdFor,
  thresholdWithin,
} from '../../src/detect/score-quantiles.js';
import { ModelFault } from '../../src/detect/detector.js';

const reaching = (scores: Float64Array, threshold: number): number =>
  scores.reduce((count, score) => count + Number(score >= threshold), 0);

/** Few different scores, so that there are ties, and many. */
const scoresArbitrary = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom(3, 20, 1_000_000), fc.integer())
  .map(([rows, steps, seed]) => {
    const random = seededRandom(seed);
    return Float64Array.from({ length: rows }, () => Math.floor(random() * steps) / steps);
  });
const shareArbitrary = fc.double({ min: 1e-6, max: 0.5, noNaN: true });

test('thresholdFor is the score of the rank, exactly, where all scores are kept', () => {
  fc.assert(
    fc.property(scoresArbitrary, shareArbitrary, (scores, share) => {
      const descending = scores.slice().sort().reverse();
      const rank = Math.min(scores.length, Math.max(1, Math.round(share * scores.length)));
      assert.equal(thresholdFor(scoreQuantiles(scores), share), descending[rank - 1]);
    }),
    { seed: 2 },
  );
});

test('a larger share never has a higher threshold, by either rule', () => {
  fc.assert(
    fc.property(scoresArbitrary, shareArbitrary, shareArbitrary, (scores, a, b) => {
      const quantiles = scoreQuantiles(scores);
      const [less, more] = [Math.min(a, b), Math.max(a, b)];
      assert.ok(thresholdFor(quantiles, more) <= thresholdFor(quantiles, less));
      assert.ok(thresholdWithin(quantiles, more) <= thresholdWithin(quantiles, less));
    }),
    { seed: 3 },
  );
});

test('thresholdWithin lets no more rows through than the share, unless the strangest score alone is shared by more', () => {
  fc.assert(
    fc.property(scoresArbitrary, shareArbitrary, (scores, share) => {
      const threshold = thresholdWithin(scoreQuantiles(scores), share);
      const most = scores.reduce((max, score) => Math.max(max, score), 0);
      const through = reaching(scores, threshold);
      if (threshold === most) return;
      assert.ok(through <= share * scores.length + 1e-9, `${through} of ${scores.length} for ${share}`);
      // And no kept score below it would have been possible.
      const next = scores.reduce((max, score) => (score < threshold ? Math.max(max, score) : max), -1);
      assert.ok(next < 0 || reaching(scores, next) > share * scores.length);
    }),
    { seed: 4 },
  );
});

test('a share of a whole number of rows is that number, whatever its binary fraction', () => {
  const scores = Float64Array.from({ length: 100 }, (_, i) => i / 100);
  for (let rows = 1; rows <= 50; rows++)
    assert.equal(reaching(scores, thresholdWithin(scoreQuantiles(scores), rows / 100)), rows);
});

test('of many rows the strange end is exact, and the rest lies between its neighbours', () => {
  const rows = 3 * (TAIL_POINTS_MAX + BODY_POINTS_MAX) + 17;
  const random = seededRandom(9);
  const scores = Float64Array.from({ length: rows }, () => random() ** 2);
  const quantiles = scoreQuantiles(scores);
  assert.equal(quantiles.scores.length, TAIL_POINTS_MAX + BODY_POINTS_MAX);
  const descending = scores.slice().sort().reverse();
  for (const rank of [1, 2, 300, TAIL_POINTS_MAX])
    assert.equal(thresholdFor(quantiles, rank / rows), descending[rank - 1]);
  const gap = Math.ceil((rows - TAIL_POINTS_MAX) / BODY_POINTS_MAX);
  for (const share of [0.2, 0.31415, 0.5]) {
    const rank = Math.round(share * rows);
    const threshold = thresholdFor(quantiles, share);
    assert.ok(threshold <= (descending[rank - 1 - gap] as number));
    assert.ok(threshold >= (descending[rank - 1 + gap] as number));
    const through = reaching(scores, thresholdWithin(quantiles, share));
    assert.ok(through <= share * rows && through >= share * rows - 2 * gap, `${through}`);
    assert.ok(Math.abs(shareAbove(quantiles, threshold) - share) <= (gap + 1) / rows);
  }
});

test('ties that reach beyond a kept score count against a budget', () => {
  const rows = 11 * (TAIL_POINTS_MAX + BODY_POINTS_MAX);
  // Seven rows of each score: of the kept ones, a tenth of the rows, some are the first of their seven.
  const scores = Float64Array.from({ length: rows }, (_, i) => 1 - Math.floor(i / 7) / rows);
  const quantiles = scoreQuantiles(scores);
  for (let budget = TAIL_POINTS_MAX; budget < TAIL_POINTS_MAX + 500; budget++)
    assert.ok(reaching(scores, thresholdWithin(quantiles, budget / rows)) <= budget, `${budget}`);
});

test('a budget of less than one row is the strangest score', () => {
  const quantiles = scoreQuantiles(Float64Array.of(0.2, 0.9, 0.4));
  assert.equal(thresholdWithin(quantiles, 1e-9), 0.9);
  assert.equal(thresholdFor(quantiles, 1e-9), 0.9);
  assert.equal(shareAbove(quantiles, 0.4), 2 / 3);
  assert.equal(shareAbove(quantiles, 0.95), 0);
});

test('quantiles go through a model and back; those that rise, lie outside [0, 1] or are cut short are refused', () => {
  const quantiles = scoreQuantiles(Float64Array.of(0.2, 0.9, 0.4));
  const arrays = quantileArrays(quantiles);
  assert.deepEqual(takeQuantiles({ ...arrays, other: new Uint8Array(1) }), {
    quantiles,
    rest: { other: new Uint8Array(1) },
  });
  const ranks = Int32Array.of(1, 2, 3, 3);
  for (const [scores, wrongRanks] of [
    [Float64Array.of(0.2, 0.4, 0.9), ranks],
    [Float64Array.of(1.2, 0.4, 0.2), ranks],
    [Float64Array.of(0.9, NaN, 0.2), ranks],
    [Float64Array.of(0.9, 0.4), ranks],
    [Float64Array.of(0.9, 0.4, 0.2), Int32Array.of(1, 3, 2, 3)],
    [Float64Array.of(0.9, 0.4, 0.2), Int32Array.of(0, 1, 2, 3)],
    [new Float64Array(0), Int32Array.of(3)],
  ] as const)
    assert.throws(
      () => takeQuantiles({ 'quantiles.scores': scores, 'quantiles.ranks': wrongRanks }),
      ModelFault,
    );
  assert.throws(() => takeQuantiles({}), ModelFault);
});
