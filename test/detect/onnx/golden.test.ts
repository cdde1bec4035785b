/** The raw scores are those that scikit-learn and PyTorch give themselves; the scripts beside this file wrote them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrate } from '../../../src/detect/onnx/calibrate.js';
import { type OpenModel, rawScores, reconstruct } from '../../../src/detect/onnx/open-model.js';
import { OnnxSession } from '../../../src/detect/onnx/session.js';
import {
  FEATURES,
  TRAINING_ROWS,
  WIDTH,
  allRows,
  columnsOfCsv,
  onnxFile,
  trainingRows,
} from '../../support/onnx-models.js';

const { signal } = new AbortController();
const { values, rows } = allRows();

/** Of the golden column's standard deviation, and of its largest number: what numbers of 32 bits leave. */
const TOLERANCE = 1e-5;
const ROUNDING = 2 ** -22;

async function withModel(
  name: string,
  asked: Parameters<typeof calibrate>[2],
  claim: (model: OpenModel) => Promise<void>,
): Promise<void> {
  const opened = await OnnxSession.open(onnxFile(name), 1);
  await using _session = opened.session;
  await claim((await calibrate(opened, trainingRows(), asked, signal)).model);
}

function assertClose(found: ArrayLike<number>, golden: ArrayLike<number> | undefined, what: string): void {
  assert.ok(golden?.length === found.length, what);
  const known = Array.from(golden);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const scale = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length);
  const worst = Math.max(...known.map((value, i) => Math.abs(value - (found[i] as number))));
  const largest = Math.max(...known.map(Math.abs));
  assert.ok(worst < TOLERANCE * scale + ROUNDING * largest, `${what}: off by ${worst}, of ${scale}`);
}

const free = { batchRows: 64, isScaled: false, wishes: {} };

for (const name of [
  'isolation-forest',
  'isolation-forest-default',
  'one-class-svm',
  'local-outlier-factor',
]) {
  test(`scikit-learn, ${name}: decision_function, turned over, without being told`, async () => {
    const golden = columnsOfCsv('sklearn.csv').get(name);
    await withModel(name, free, async (model) => {
      assert.deepEqual(model.reading, { output: 'scores', reconstruction: false, higher: 'normal' });
      assertClose(
        (await rawScores(model, values, rows)).map((raw) => -raw),
        golden,
        name,
      );
    });
  });
}

test('scikit-learn, gaussian mixture: score_samples, by a model that takes 64 bits', async () => {
  const wishes = { output: 'score_samples', higher: 'normal' } as const;
  const golden = columnsOfCsv('sklearn.csv').get('gaussian-mixture');
  await withModel('gaussian-mixture', { ...free, wishes }, async (model) => {
    assert.equal(model.plan.type, 'float64');
    const raws = await rawScores(model, values, rows);
    assertClose(
      raws.map((raw) => -raw),
      golden,
      'gaussian-mixture',
    );
  });
});

test('PyTorch, an autoencoder that takes standardised rows: `scale: standard`', async () => {
  const golden = columnsOfCsv('torch.csv');
  const rowsCsv = columnsOfCsv('rows.csv');
  await withModel('autoencoder', { ...free, isScaled: true }, async (model) => {
    assert.deepEqual(model.reading, { output: 'reconstruction', reconstruction: true, higher: 'stranger' });
    const { expected } = await reconstruct(model, values, rows);
    for (const [i, feature] of FEATURES.entries()) {
      const training = Array.from(rowsCsv.get(feature) ?? []).slice(0, TRAINING_ROWS);
      const mean = training.reduce((sum, value) => sum + value, 0) / TRAINING_ROWS;
      const deviation = Math.sqrt(
        training.reduce((sum, value) => sum + (value - mean) ** 2, 0) / TRAINING_ROWS,
      );
      const own = golden.get(`z${i}`)?.map((value) => value * deviation + mean);
      assertClose(column(expected, i), own, feature);
    }
    // Its error in standard deviations is the loss that it was trained with.
    assertClose(await rawScores(model, values, rows), golden.get('error'), 'error');
  });
});

for (const name of ['autoencoder-own-units', 'autoencoder-one-row', 'autoencoder-five-rows']) {
  test(`PyTorch, ${name}: the reconstruction in the rows' own units, and its error`, async () => {
    const golden = columnsOfCsv('torch.csv');
    await withModel(name, free, async (model) => {
      const { expected } = await reconstruct(model, values, rows);
      for (const [i, feature] of FEATURES.entries())
        assertClose(column(expected, i), golden.get(feature), feature);
      assertClose(await rawScores(model, values, rows), golden.get('error'), 'error');
    });
  });
}

test('PyTorch, one error a row as a vector: `higher: stranger`', async () => {
  const asked = { ...free, isScaled: true, wishes: { higher: 'stranger' } } as const;
  await withModel('autoencoder-error', asked, async (model) => {
    assertClose(await rawScores(model, values, rows), columnsOfCsv('torch.csv').get('error'), 'error');
  });
});

function column(matrix: Float64Array, i: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => matrix[row * WIDTH + i] as number);
}
