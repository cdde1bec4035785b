import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadShuttle } from '../../../src/demo/dataset.js';
import { autoencoder } from '../../../src/detect/autoencoder/autoencoder.js';
import {
  type Detector,
  DetectorConfigFault,
  type Explanation,
  type Matrix,
  type ModelArrays,
  ModelFault,
  TrainingFault,
} from '../../../src/detect/detector.js';
import { evaluateDetector } from '../../../src/detect/evaluate.js';
import { correlatedRows } from './correlated-rows.js';

const { signal } = new AbortController();
type Options = Record<string, unknown>;

async function train(data: Matrix, options: Options = {}): Promise<ModelArrays> {
  const input = { data, options: autoencoder.options.parse(options), imported: null };
  return (await autoencoder.train?.(input, signal))?.arrays ?? {};
}

async function made(arrays: ModelArrays, width: number): Promise<Detector> {
  const features = Array.from({ length: width }, (_, i) => `f${i}`);
  return autoencoder.create(autoencoder.options.parse({}), features, { arrays });
}

async function trained(data: Matrix, options: Options = {}): Promise<Detector> {
  return made(await train(data, options), data.width);
}

async function scores(detector: Detector, values: Float64Array, rows: number): Promise<Float64Array> {
  const out = new Float64Array(rows);
  await detector.score(values, rows, out);
  return out;
}

async function scoreOf(detector: Detector, row: Float64Array): Promise<number> {
  return (await scores(detector, row, 1))[0] as number;
}

function rowOf({ values, width }: Matrix, row: number): Float64Array {
  return values.slice(row * width, (row + 1) * width);
}

function deviations({ values, rows, width }: Matrix): Float64Array {
  return Float64Array.from({ length: width }, (_, column) => {
    const numbers = Array.from({ length: rows }, (_row, row) => values[row * width + column] as number);
    const mean = numbers.reduce((sum, n) => sum + n, 0) / rows;
    return Math.sqrt(numbers.reduce((sum, n) => sum + (n - mean) ** 2, 0) / rows);
  });
}

test('shuttle: trained on normal rows, AUROC at least 0.99', async () => {
  const data = await loadShuttle();
  const { auroc, averagePrecision } = await evaluateDetector(
    autoencoder,
    autoencoder.options.parse({}),
    data,
    'normal',
    1,
    signal,
  );
  assert.ok(auroc >= 0.99, `${auroc}`);
  assert.ok(averagePrecision >= 0.93, `${averagePrecision}`);
});

test('the same seed gives the same model, another seed another', async () => {
  const data = correlatedRows(200, 4, 1);
  const few = { epochs: 5, networks: 2 };
  assert.deepEqual(await train(data, { ...few, seed: 5 }), await train(data, { ...few, seed: 5 }));
  assert.notDeepEqual(await train(data, { ...few, seed: 5 }), await train(data, { ...few, seed: 6 }));
});

test('a row has the same score and explanation bit for bit, whatever stands beside it', async () => {
  const data = correlatedRows(301, 5, 2);
  const detector = await trained(data, { epochs: 5 });
  const all = await scores(detector, data.values, data.rows);
  const explained = await detector.explain(data.values, data.rows);
  for (const size of [1, 2, 3, 4, 5, 7, 64]) {
    for (let from = 0; from < data.rows; from += size) {
      const rows = Math.min(size, data.rows - from);
      const part = data.values.subarray(from * 5, (from + rows) * 5);
      assert.deepEqual(await scores(detector, part, rows), all.slice(from, from + rows));
      const { contributions } = await detector.explain(part, rows);
      assert.deepEqual(contributions, explained.contributions.slice(from * 5, (from + rows) * 5));
    }
  }
});

test('what breaks the way features hang together scores higher, though each value is usual', async () => {
  const data = correlatedRows(1000, 6, 3);
  const detector = await trained(data, { networks: 1 });
  const usual = (await scores(detector, data.values, data.rows)).sort();
  // Each feature of another row: usual values that were never together.
  let stranger = 0;
  for (let i = 0; i < 100; i++) {
    const mixed = Float64Array.from(
      { length: 6 },
      (_, c) => data.values[((i * 7 + c * 131) % 1000) * 6 + c] as number,
    );
    if ((await scoreOf(detector, mixed)) > (usual[950] as number)) stranger++;
  }
  assert.ok(stranger >= 90, `${stranger} of 100`);
});

for (const shape of ['linear', 'curved', 'clusters'] as const) {
  test(`contributions name the planted feature in at least 95 of 100 ${shape} rows`, async () => {
    for (const width of [4, 9, 20]) {
      const data = correlatedRows(600, width, 10 + width, shape);
      const detector = await trained(data, { networks: 2, epochs: 40 });
      const deviation = deviations(data);
      let first = 0;
      for (let i = 0; i < 100; i++) {
        const row = rowOf(data, i);
        const planted = i % width;
        row[planted] = (row[planted] as number) + (i % 2 === 0 ? 6 : -6) * (deviation[planted] as number);
        const { contributions, expected } = await detector.explain(row, 1);
        assert.ok(contributions.every((share) => share >= 0));
        assert.ok(Math.abs(contributions.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
        assert.ok(expected?.low.every((low, column) => low <= (expected.high[column] as number)));
        if (contributions.indexOf(Math.max(...contributions)) === planted) first++;
      }
      assert.ok(first >= 95, `width ${width}: ${first} of 100`);
    }
  });
}

test('the expected range holds the usual value of a feature that was planted', async () => {
  const data = correlatedRows(800, 6, 4);
  const detector = await trained(data);
  const deviation = deviations(data);
  let held = 0;
  for (let i = 0; i < 100; i++) {
    const row = rowOf(data, i);
    const planted = i % 6;
    const usual = row[planted] as number;
    row[planted] = usual + (i % 2 === 0 ? 8 : -8) * (deviation[planted] as number);
    const { expected } = await detector.explain(row, 1);
    const low = expected?.low[planted] as number;
    const high = expected?.high[planted] as number;
    assert.ok(high - low < 8 * (deviation[planted] as number), `${low} to ${high}`);
    if (
      low - 2 * (deviation[planted] as number) <= usual &&
      usual <= high + 2 * (deviation[planted] as number)
    )
      held++;
  }
  assert.ok(held >= 90, `${held} of 100`);
});

test('a column that was constant: a change is anomalous and named, a rounding is neither', async () => {
  const varying = correlatedRows(400, 3, 6);
  const width = 5;
  const values = new Float64Array(400 * width);
  for (let row = 0; row < 400; row++) {
    values.set(rowOf(varying, row), row * width);
    values[row * width + 4] = 1e9;
  }
  const detector = await trained({ values, rows: 400, width }, { epochs: 20 });
  const usual = values.slice(0, width);
  const before = await scoreOf(detector, usual);
  const flag = usual.slice();
  flag[3] = 1;
  assert.ok((await scoreOf(detector, flag)) > Math.max(0.5, before));
  const { contributions, expected } = await detector.explain(flag, 1);
  assert.equal(contributions.indexOf(Math.max(...contributions)), 3);
  assert.deepEqual(
    [expected?.low[3], expected?.high[3], expected?.low[4], expected?.high[4]],
    [0, 0, 1e9, 1e9],
  );
  const rounded = usual.slice();
  rounded[4] = 1e9 + 1e-4;
  assert.ok(Math.abs((await scoreOf(detector, rounded)) - before) < 1e-6);
});

test('scores rise with the distance to the end of the doubles, below 1, and stay explained', async () => {
  const data = correlatedRows(200, 4, 7);
  const detector = await trained(data, { epochs: 5 });
  for (let column = 0; column < 4; column++) {
    let last = -1;
    for (const size of [1e5, 1e6, 2e6, 1e9, 1e15, 1e50, 1e150, 1e151, 1e300, 1.7e308]) {
      const row = rowOf(data, 0);
      row[column] = -size;
      const score = await scoreOf(detector, row);
      assert.ok(score > last && score < 1, `${size}: ${score} after ${last}`);
      last = score;
      checkFinite(await detector.explain(row, 1), column);
    }
  }
  for (const extreme of [1.7e308, -1.7e308, 5e-324, 0]) {
    const score = await scoreOf(detector, new Float64Array(4).fill(extreme));
    assert.ok(score >= 0 && score < 1, `${extreme}: ${score}`);
  }
});

function checkFinite({ contributions, expected }: Explanation, strangest: number): void {
  assert.ok(contributions.every(Number.isFinite) && (contributions[strangest] as number) > 0.9);
  assert.ok(expected?.low.every(Number.isFinite) && expected.high.every(Number.isFinite));
}

test('training rows near the end of the doubles, and hardly different ones, give finite models', async () => {
  const rows = 40;
  const values = Float64Array.from({ length: rows * 4 }, (_, i) => {
    const sign = i % 3 === 0 ? 1 : -1;
    return [sign * 1.7e308, i * 5e-324, 1e15 + (i % 8), sign][i % 4] as number;
  });
  const arrays = await train({ values, rows, width: 4 }, { epochs: 2 });
  for (const [name, array] of Object.entries(arrays)) assert.ok(array.every(Number.isFinite), name);
  const detector = await made(arrays, 4);
  const all = await scores(detector, values, rows);
  assert.ok(all.every((score) => score >= 0 && score < 1));
});

test('an aborted training ends with the reason', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const input = {
    data: correlatedRows(2000, 30, 8),
    options: autoencoder.options.parse({ epochs: 10_000, networks: 16 }),
    imported: null,
  };
  const training = autoencoder.train?.(input, controller.signal);
  setImmediate(() => controller.abort(reason));
  await assert.rejects(training ?? Promise.resolve(), reason);
  await assert.rejects(autoencoder.train?.(input, controller.signal) ?? Promise.resolve(), reason);
});

test('options that ask for too much, or for what only an imported network has, are refused', async () => {
  const data = correlatedRows(20, 4, 9);
  await assert.rejects(train({ ...data, width: 4 }, { hidden: Array(15).fill(1024) }), TrainingFault);
  for (const options of [{ scale: 'none' }, { code: 'activated' }])
    await assert.rejects(train(data, options), DetectorConfigFault);
  for (const wrong of [
    { hidden: [] },
    { hidden: [0] },
    { epochs: 0 },
    { noise: -1 },
    { networks: 17 },
    { layers: 2 },
  ])
    assert.ok(!autoencoder.options.safeParse(wrong).success, JSON.stringify(wrong));
});

test('arrays that are no networks for the features are refused', async () => {
  const arrays = await train(correlatedRows(60, 3, 10), { epochs: 1, networks: 2, hidden: [4] });
  await made(arrays, 3);
  const doubles = (name: string): Float64Array => arrays[name] as Float64Array;
  const broken: ModelArrays[] = [
    {},
    { ...arrays, widths: Int32Array.of(3, 4, 2) },
    { ...arrays, widths: Int32Array.of(3, 1_000_000, 3) },
    { ...arrays, widths: Int32Array.of(3) },
    { ...arrays, widths: Int32Array.of(2, 3), activated: new Uint8Array(0), parameters: new Float64Array(9) },
    { ...arrays, widths: Int32Array.of(3, 2), activated: new Uint8Array(0), parameters: new Float64Array(8) },
    { ...arrays, activation: Int32Array.of(99) },
    { ...arrays, activated: Uint8Array.of(1, 1) },
    { ...arrays, parameters: doubles('parameters').slice(1) },
    { ...arrays, parameters: doubles('parameters').map((value, i) => (i === 7 ? NaN : value)) },
    { ...arrays, parameters: new Float64Array(0) },
    { ...arrays, columns: Int32Array.of(0, 1, 3) },
    { ...arrays, columns: Int32Array.of(1, 0, 2) },
    { ...arrays, center: Float64Array.of(0, 0) },
    { ...arrays, unit: Float64Array.of(1, 0, 1) },
    { ...arrays, spread: Float64Array.of(1, -1, 1) },
    { ...arrays, band: Float64Array.of(1, Infinity, 1) },
    { ...arrays, bounds: Float64Array.of(5, 2) },
    { ...arrays, bounds: Float64Array.of(5, 2, 0) },
    { ...arrays, parameters: Int32Array.of(1) },
  ];
  for (const [i, wrong] of broken.entries()) await assert.rejects(made(wrong, 3), ModelFault, `number ${i}`);
  await assert.rejects(made(arrays, 2), ModelFault);
  await assert.rejects(made(arrays, 4), ModelFault);
});
