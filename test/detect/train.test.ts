/** What training refuses, and what it says of the data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type DetectorKind, type Matrix, ModelFault, TrainingFault } from '../../src/detect/detector.js';
import { evaluateDetector } from '../../src/detect/evaluate.js';
import { summariseFeatures } from '../../src/detect/feature-summary.js';
import { TRAINING_ROWS_MIN } from '../../src/detect/fit.js';
import { decisionQuality, precisionRecallCurve, rankingQuality } from '../../src/detect/ranking.js';
import type { ThresholdRule } from '../../src/detect/threshold-rule.js';
import { type TrainedModel, trainModel } from '../../src/detect/train.js';
import { UnusableFileError } from '../../src/errors.js';

const { signal } = new AbortController();

/** The score of a row is its first number. */
const first: DetectorKind = {
  type: 'first',
  options: z.object({}),
  imports: 'never',
  train: () => Promise.resolve({ arrays: {} }),
  create: () => ({
    score: (values, rows, scores) => {
      const width = values.length / rows;
      for (let row = 0; row < rows; row++) scores[row] = values[row * width] as number;
    },
    explain: (values) => ({ contributions: values.slice(), expected: null }),
  }),
};

const rowsOf = (rows: number, value: (i: number) => number): Matrix => ({
  values: Float64Array.from({ length: rows * 2 }, (_, i) => value(i)),
  rows,
  width: 2,
});
const falling = rowsOf(100, (i) => 1 - i / 200);

function trained(
  data: Matrix,
  kind: DetectorKind = first,
  changes: { threshold?: ThresholdRule; rowsPerDay?: number; imported?: boolean } = {},
): Promise<TrainedModel> {
  return trainModel(
    {
      kind,
      options: {},
      features: ['a', 'b'],
      definitions: ['a', 'b'],
      data,
      source: 'rows.csv',
      rejected: 0,
      rowsPerDay: changes.rowsPerDay ?? null,
      name: 'm',
      threshold: changes.threshold ?? null,
      imported: changes.imported === true ? { name: 'model.onnx', bytes: new Uint8Array(1) } : null,
    },
    () => 0,
    signal,
  );
}

const isRefusal =
  (message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof UnusableFileError, String(error));
    assert.match(error.message, message);
    return true;
  };

test('too few rows, rows that are all the same, and numbers that are not finite are refused', async () => {
  await assert.rejects(
    trained(rowsOf(TRAINING_ROWS_MIN - 1, (i) => i / 100)),
    isRefusal(/^rows\.csv: 15 usable rows are too few to train on; 16 is the least$/),
  );
  await assert.rejects(trained(rowsOf(50, (i) => (i % 2) / 2)), isRefusal(/all 50 rows are the same/));
  for (const wrong of [NaN, Infinity, -Infinity])
    await assert.rejects(
      trained(rowsOf(50, (i) => (i === 41 ? wrong : i / 100))),
      isRefusal(new RegExp(`usable row 20 \\(the first is 0\\): b is ${wrong}, not a finite number`)),
    );
});

test('what a detector says against the data, and what it does wrong with them, is told with the file', async () => {
  const withTrain = (train: DetectorKind['train']): DetectorKind => ({ ...first, train });
  await assert.rejects(
    trained(
      falling,
      withTrain(() => Promise.reject(new TrainingFault('the rows span no volume'))),
    ),
    isRefusal(/^rows\.csv: the rows span no volume$/),
  );
  await assert.rejects(
    trained(
      falling,
      withTrain(() => Promise.reject(new TrainingFault('no graph'))),
      { imported: true },
    ),
    isRefusal(/^model\.onnx: no graph$/),
  );
  await assert.rejects(
    trained(falling, {
      ...first,
      create: () => {
        throw new ModelFault('no weights');
      },
    }),
    isRefusal(/^rows\.csv: no weights$/),
  );
  await assert.rejects(
    trained(rowsOf(50, (i) => i / 50)),
    isRefusal(/^rows\.csv: the detector gives usable row 26 \(the first is 0\) the score 1\.04, not in/),
  );
  await assert.rejects(
    trained(falling, {
      ...first,
      create: () => ({
        score: () => Promise.reject(new Error('out of memory')),
        explain: () => ({ contributions: new Float64Array(0), expected: null }),
      }),
    }),
    isRefusal(/^rows\.csv: the detector cannot score the rows: out of memory$/),
  );
  await assert.rejects(trained(falling, { ...first, train: null }), isRefusal(/'first' is not trained/));
});

test('the threshold: contamination 0.01, another share, a budget, or a number', async () => {
  const threshold = async (
    rule?: ThresholdRule,
    rowsPerDay?: number,
  ): Promise<readonly [number, ThresholdRule]> => {
    const { model } = await trained(falling, first, {
      ...(rule === undefined ? {} : { threshold: rule }),
      ...(rowsPerDay === undefined ? {} : { rowsPerDay }),
    });
    return [model.threshold, model.thresholdRule];
  };
  assert.deepEqual(await threshold(), [1, { contamination: 0.01 }]);
  assert.deepEqual(await threshold({ contamination: 0.05 }), [0.96, { contamination: 0.05 }]);
  // 100 rows stand for 1000 a day: 50 a day are 5 of them.
  assert.deepEqual(await threshold({ alarmsPerDay: 50 }, 1000), [0.96, { alarmsPerDay: 50 }]);
  assert.deepEqual(await threshold(0.123), [0.123, 0.123]);
});

test('a budget without a rate is refused before the time is spent on training', async () => {
  let asked = 0;
  const kind: DetectorKind = {
    ...first,
    train: () => {
      asked++;
      return Promise.resolve({ arrays: {} });
    },
  };
  await assert.rejects(
    trained(falling, kind, { threshold: { alarmsPerDay: 5 } }),
    isRefusal(/^rows\.csv: .*how many events there are a day.*outrider train --events-per-day N$/),
  );
  assert.equal(asked, 0);
});

test('a threshold comes from the scores that the detector gives its training rows, where it has them', async () => {
  const own: DetectorKind = {
    ...first,
    train: ({ data }) =>
      Promise.resolve({
        arrays: {},
        trainingScores: Float64Array.from({ length: data.rows }, (_, i) => i / 1000),
      }),
  };
  assert.equal((await trained(falling, own)).model.threshold, 0.099);
  const labels = Uint8Array.from({ length: 100 }, (_, i) => Number(i < 5));
  const data = { ...falling, labels, features: ['a', 'b'] };
  const evaluation = await evaluateDetector(own, {}, data, 'all', 0, signal);
  assert.equal(evaluation.threshold, 0.099, 'also in an evaluation');
  assert.equal(evaluation.auroc, 1, 'whose ranks are those of score()');
  assert.equal(evaluation.precision, 5 / 91);
});

test('an evaluation trains on half of the normal rows and scores everything else', async () => {
  let seen: Matrix | null = null;
  const spy: DetectorKind = {
    ...first,
    train: (input) => {
      seen = input.data;
      return Promise.resolve({ arrays: {} });
    },
  };
  const labels = Uint8Array.from({ length: 100 }, (_, i) => Number(i < 5));
  const data = { ...falling, labels, features: ['a', 'b'] };
  const { rows, auroc, recall } = await evaluateDetector(spy, {}, data, 'normal', 7, signal, {
    contamination: 0.1,
  });
  const fit = seen as Matrix | null;
  assert.equal(fit?.rows, 47);
  assert.ok(
    fit.values.every((value) => value <= (falling.values[10] as number)),
    'no anomaly among them',
  );
  assert.equal(rows, 53);
  assert.deepEqual([auroc, recall], [1, 1]);
});

test('what is said of a feature', () => {
  const values = Float64Array.of(4, 7, -1, 7, 3, 7, 1e308, 7);
  assert.deepEqual(summariseFeatures({ values, rows: 4, width: 2 }, ['x', 'c']), [
    { name: 'x', min: -1, max: 1e308, mean: 2.5e307, median: 3.5, constant: false },
    { name: 'c', min: 7, max: 7, mean: 7, median: 7, constant: true },
  ]);
});

test('ranks: ties enter together; a score that is NaN is refused instead of being looked for for ever', () => {
  // By hand, and as scikit-learn's roc_auc_score and average_precision_score have them.
  const scores = Float64Array.of(0.9, 0.8, 0.8, 0.4, 0.1);
  const labels = Uint8Array.of(1, 0, 1, 0, 1);
  const { auroc, averagePrecision } = rankingQuality(scores, labels);
  assert.ok(Math.abs(auroc - 3.5 / 6) < 1e-12);
  assert.ok(Math.abs(averagePrecision - (1 / 3 + 2 / 9 + 3 / 15)) < 1e-12);
  const curve = precisionRecallCurve(scores, labels);
  assert.deepEqual([...curve.precision], [1, 2 / 3, 1 / 2, 3 / 5]);
  assert.deepEqual([...curve.recall], [1 / 3, 2 / 3, 2 / 3, 1]);
  const { precision, recall, f1 } = decisionQuality(scores, labels, 0.8);
  assert.deepEqual([precision, recall, f1], [2 / 3, 2 / 3, 2 / 3]);
  assert.deepEqual(decisionQuality(scores, labels, 1), { precision: 0, recall: 0, f1: 0 });
  const holes = Float64Array.of(0.9, NaN, 0.8, 0.4, 0.1);
  assert.throws(() => rankingQuality(holes, labels), /the score of row 1 is NaN/);
  assert.throws(() => precisionRecallCurve(holes, labels), /the score of row 1 is NaN/);
});
