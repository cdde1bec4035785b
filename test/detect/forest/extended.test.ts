import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DetectorOptions,
  type Matrix,
  type ModelArrays,
  ModelFault,
  TrainingFault,
} from '../../../src/detect/detector.js';
import { isolationForest } from '../../../src/detect/isolation-forest.js';
import { averagePathLength } from '../../../src/detect/path-length.js';
import { seededRandom } from '../../../src/detect/random.js';

const { signal } = new AbortController();
const optionsOf = (more: DetectorOptions = {}): DetectorOptions =>
  isolationForest.options.parse({ extended: true, ...more });
const names = (width: number): string[] => Array.from({ length: width }, (_, i) => `f${i}`);

async function train(data: Matrix, more: DetectorOptions = {}): Promise<ModelArrays> {
  const learnt = await isolationForest.train?.({ data, options: optionsOf(more), imported: null }, signal);
  return learnt?.arrays ?? {};
}

async function scoresOf(arrays: ModelArrays, { values, rows, width }: Matrix): Promise<Float64Array> {
  const scores = new Float64Array(rows);
  await (await isolationForest.create(optionsOf(), names(width), { arrays })).score(values, rows, scores);
  return scores;
}

function gaussian(rows: number, width: number): Matrix {
  const random = seededRandom(width);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return { values: Float64Array.from({ length: rows * width }, normal), rows, width };
}

/**
 * Two trees over (x, y). First: x + y below 1 ends with 3 points; else 2x − y below 3 ends with 2, else with 1. Second:
 * y below 0 ends with 4, else with 2.
 */
const HAND_MADE: ModelArrays = {
  feature: Int32Array.of(0, 0, 1, 0, 0, 2, 0, 0),
  threshold: Float64Array.of(1, Infinity, 3, Infinity, Infinity, 0, Infinity, Infinity),
  left: Int32Array.of(1, 1, 3, 3, 4, 6, 6, 7),
  path: Float64Array.of(0, 1 + averagePathLength(3), 0, 3, 2, 0, 1 + averagePathLength(4), 2),
  size: Int32Array.of(6, 3, 3, 2, 1, 6, 4, 2),
  root: Int32Array.of(0, 5),
  depth: Int32Array.of(2, 1),
  psi: Int32Array.of(6),
  normal: Float64Array.of(1, 1, 2, -1, 0, 1),
  intercept: Float64Array.of(0.5, 0.5, 2, 1, 0, 0),
};

test('hand-made trees give the scores that the paper gives', async () => {
  const rows = [
    { row: [0, 0], paths: [1 + averagePathLength(3), 2] },
    { row: [0, -1], paths: [1 + averagePathLength(3), 1 + averagePathLength(4)] },
    { row: [1, 0], paths: [3, 2] },
    { row: [2, 1], paths: [2, 2] },
    { row: [4, -1], paths: [2, 1 + averagePathLength(4)] },
  ];
  const values = Float64Array.from(rows.flatMap(({ row }) => row));
  const scores = await scoresOf(HAND_MADE, { values, rows: rows.length, width: 2 });
  for (const [i, { row, paths }] of rows.entries()) {
    const mean = paths.reduce((sum, path) => sum + path, 0) / 2;
    const expected = 2 ** (-mean / averagePathLength(6));
    assert.ok(
      Math.abs((scores[i] as number) - expected) < 1e-15,
      `${row.join(', ')}: ${scores[i]}, not ${expected}`,
    );
  }
});

test('the same seed gives the same model, another seed another', async () => {
  const data = gaussian(400, 3);
  assert.deepEqual(await train(data, { seed: 5 }), await train(data, { seed: 5 }));
  assert.notDeepEqual(await train(data, { seed: 5 }), await train(data, { seed: 6 }));
});

test('a row has the same score bit for bit, whatever stands beside it', async () => {
  const data = gaussian(203, 7);
  const detector = await isolationForest.create(optionsOf(), names(7), { arrays: await train(data) });
  const all = new Float64Array(data.rows);
  await detector.score(data.values, data.rows, all);
  for (const size of [1, 2, 7, 100]) {
    for (let from = 0; from + size <= data.rows; from += size) {
      const scores = new Float64Array(size);
      await detector.score(data.values.subarray(from * 7, (from + size) * 7), size, scores);
      assert.deepEqual(scores, all.slice(from, from + size));
    }
  }
});

test('the unit of a feature does not matter', async () => {
  const data = gaussian(500, 3);
  // A power of two: nothing rounds otherwise.
  const scaled = { ...data, values: data.values.map((value, i) => (i % 3 === 1 ? value * 2 ** 30 : value)) };
  assert.deepEqual(await scoresOf(await train(scaled), scaled), await scoresOf(await train(data), data));
});

test('constant columns change nothing', async () => {
  const data = gaussian(500, 2);
  const values = new Float64Array(500 * 40).fill(-1.7e308);
  for (let row = 0; row < 500; row++)
    for (let f = 0; f < 2; f++) values[row * 40 + 20 + f] = data.values[row * 2 + f] as number;
  const wide = await scoresOf(await train({ values, rows: 500, width: 40 }), {
    values,
    rows: 500,
    width: 40,
  });
  assert.deepEqual(wide, await scoresOf(await train(data), data));
});

test('values at the end of the doubles are trained on and scored', async () => {
  const data = gaussian(300, 4);
  for (let i = 0; i < data.values.length; i += 5) data.values[i] = i % 2 === 0 ? 1.7e308 : -1.7e308;
  for (let i = 3; i < data.values.length; i += 4) data.values[i] = (i % 3) * Number.MIN_VALUE;
  const scores = await scoresOf(await train(data), data);
  assert.ok(scores.every((score) => score > 0 && score <= 1));
});

test('no bands along the axes: a point between two clusters on a diagonal is strange', async () => {
  const random = seededRandom(2);
  const data = gaussian(2000, 2);
  for (let row = 0; row < data.rows; row++) {
    const high = random() < 0.5;
    data.values[row * 2] = (data.values[row * 2] as number) + (high ? 10 : 0);
    data.values[row * 2 + 1] = (data.values[row * 2 + 1] as number) + (high ? 0 : 10);
  }
  // The clusters are at (10, 0) and (0, 10). (10, 10) and (0, 0) lie on the bands of both.
  const probes = { values: Float64Array.of(10, 0, 0, 10, 0, 0, 10, 10), rows: 4, width: 2 };
  const [a = 1, b = 1, c = 0, d = 0] = await scoresOf(await train(data), probes);
  assert.ok(Math.min(c, d) > Math.max(a, b) + 0.15, `${a} ${b} ${c} ${d}`);
});

test('a model of the other variant is refused, and hyperplanes that do not fit', async () => {
  const create = (arrays: ModelArrays, more: DetectorOptions = {}): unknown =>
    isolationForest.create(optionsOf(more), names(2), { arrays });
  assert.throws(() => create(HAND_MADE, { extended: false }), { message: /trained with extended: true/ });
  const { normal: _normal, ...plain } = HAND_MADE;
  assert.throws(() => create(plain), { message: /trained with extended: false/ });
  for (const [why, broken] of Object.entries<ModelArrays>({
    'do not fit': { ...HAND_MADE, normal: Float64Array.of(1, 1, 2) },
    'not finite': { ...HAND_MADE, intercept: Float64Array.of(0, 0, 0, NaN, 0, 0) },
    'number 3 of 3': { ...HAND_MADE, feature: Int32Array.of(0, 0, 3, 0, 0, 2, 0, 0) },
  })) {
    assert.throws(
      () => create(broken),
      (error) => error instanceof ModelFault && error.message.includes(why),
    );
  }
});

test('an extended forest that would be too large is refused before it is grown', async () => {
  const data = gaussian(300, 7);
  await assert.rejects(train(data, { trees: 10_000 }), TrainingFault);
});
