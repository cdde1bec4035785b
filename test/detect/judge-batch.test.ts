/** A detector that fails on some events costs exactly those events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Detector } from '../../src/detect/detector.js';
import type { Judge } from '../../src/detect/judge.js';
import { type Verdicts, judgeBatch } from '../../src/detect/verdicts.js';
import { FAILURES, FailingDetector, type Failure, MESSAGES, failureOf } from '../support/failing-detector.js';

const THRESHOLD = 0.5;

function judgeWith(detector: Detector): Judge {
  return {
    identity: { detector: 'failing', name: 'failing', version: '1' },
    detector,
    threshold: THRESHOLD,
    features: ['score', 'failure'],
  };
}

/** Rows stand at every third place of their batch: an index is not a row. */
function judged(detector: Detector, values: Float64Array): Promise<Verdicts> {
  const rows = values.length / 2;
  const row = Int32Array.from({ length: rows }, (_, i) => i + 1);
  const source = Int32Array.from({ length: rows + 1 }, (_, i) => 3 * i);
  return judgeBatch(judgeWith(detector), { rows, width: 2, values, row, rejects: [] }, source);
}

const rowOf = (failure: Failure, score: number): number[] => [score, FAILURES.indexOf(failure)];
const isExplained = (failure: Failure): boolean => failure === 'none' || failure.startsWith('score');

const rowsArbitrary = fc.array(
  fc.tuple(
    fc.constantFrom(...FAILURES, ...Array.from({ length: 10 }, () => 'none' as const)),
    // As text it is short: the message of the failure has it.
    fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100),
  ),
  { maxLength: 40 },
);

for (const isAsync of [false, true]) {
  test(`${isAsync ? 'a detector that answers later' : 'a detector'}: exactly the rows it fails on are rejects, with the reason; the others as if alone`, async () => {
    const detector = new FailingDetector(isAsync);
    await fc.assert(
      fc.asyncProperty(rowsArbitrary, async (rows) => {
        const values = Float64Array.from(rows.flatMap(([failure, score]) => rowOf(failure, score)));
        const { scores, anomalies, explanation, rejects } = await judged(detector, values);
        // Whoever is asked for no explanation cannot fail in it.
        const fails = rows.map(([failure, score]) =>
          isExplained(failure) ? failure !== 'none' : score >= THRESHOLD,
        );
        const byIndex = new Map(rejects.map((reject) => [reject.index, reject]));
        assert.equal(byIndex.size, rejects.length, 'each once');
        assert.deepEqual(
          [...byIndex.keys()].sort((a, b) => a - b),
          rows.flatMap((_, row) => (fails[row] === true ? [3 * (row + 1)] : [])),
        );
        for (const [row, [failure]] of rows.entries()) {
          const reject = byIndex.get(3 * (row + 1));
          if (reject === undefined) continue;
          assert.equal(reject.reason, 'detector-failed');
          assert.match(reject.message, MESSAGES[failure as keyof typeof MESSAGES]);
          assert.ok(Number.isNaN(scores[row]), 'no threshold is reached by it');
        }
        assert.deepEqual(
          [...anomalies],
          rows.flatMap(([, score], row) => (fails[row] !== true && score >= THRESHOLD ? [row] : [])),
        );
        for (const [i, row] of anomalies.entries()) {
          const alone = await judged(detector, values.slice(2 * row, 2 * row + 2));
          assert.equal(scores[row], alone.scores[0]);
          const part = (all: Float64Array | undefined): number[] => [
            ...(all?.subarray(2 * i, 2 * i + 2) ?? []),
          ];
          assert.deepEqual(part(explanation.contributions), [...alone.explanation.contributions]);
          assert.deepEqual(part(explanation.expected?.low), [...(alone.explanation.expected?.low ?? [])]);
          assert.deepEqual(part(explanation.expected?.high), [...(alone.explanation.expected?.high ?? [])]);
        }
        assert.equal(explanation.contributions.length, 2 * anomalies.length);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
}

test('where nothing reaches the threshold nothing is explained', async () => {
  let asked = 0;
  const detector: Detector = {
    score: (_values, rows, scores) => void scores.fill(0.1, 0, rows),
    explain: () => {
      asked++;
      throw new Error('asked');
    },
  };
  const { anomalies, rejects } = await judged(detector, new Float64Array(20));
  assert.deepEqual([anomalies.length, rejects.length, asked], [0, 0, 0]);
});

test('the failures of the tests are those that they say', () => {
  assert.equal(failureOf(Float64Array.from(rowOf('explain-NaN', 0.7)), 0), 'explain-NaN');
});
