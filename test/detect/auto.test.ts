import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DetectorKind, type Matrix, ModelFault, type Trained } from '../../src/detect/detector.js';
import { masking } from '../../src/detect/masking.js';
import { DETECTORS } from '../../src/detect/registry.js';
import { gaussian } from '../support/matrices.js';

const { signal } = new AbortController();
const auto = DETECTORS.get('auto') as DetectorKind;

async function learn(data: Matrix): Promise<Trained> {
  const train = auto.train as NonNullable<typeof auto.train>;
  return train({ data, options: auto.options.parse({}), imported: null }, signal);
}

/** One row in twelve stands in a dense heap far away, as the same failure recorded again and again does. */
function withHeap(rows: number): Matrix {
  const { values, width } = gaussian(rows, 4);
  for (let row = 0; row < rows; row += 12)
    for (let column = 0; column < width; column++)
      values[row * width + column] = 8 + 0.05 * (values[row * width + column] as number);
  return { values, rows, width };
}

test('strange rows that have only each other are seen to hide one another', async () => {
  const clean = await masking(gaussian(3000, 4), 1, signal);
  const masked = await masking(withHeap(3000), 1, signal);
  assert.ok(clean < 1.2, `${clean}`);
  assert.ok(masked > 5, `${masked}`);
});

test('takes distances to neighbours where the training rows are clean, a forest where anomalies hide, and says so', async () => {
  for (const [data, type] of [
    [gaussian(2000, 4), 'knn'],
    [withHeap(2000), 'isolation-forest'],
  ] as const) {
    const { facts, notes } = await learn(data);
    assert.equal((facts?.chosen as { type: string }).type, type);
    assert.match(notes?.[0] ?? '', new RegExp(`^chose ${type}: .* times as far`));
  }
});

test('a model that does not say what was chosen, or says something else, is refused', async () => {
  const { arrays, facts } = await learn(gaussian(200, 3));
  const create = async (wrong: Record<string, unknown>): Promise<unknown> =>
    auto.create(auto.options.parse({}), ['a', 'b', 'c'], { arrays, facts: wrong });
  await create({ ...facts });
  await assert.rejects(create({}), ModelFault);
  await assert.rejects(create({ ...facts, chosen: { type: 'auto', options: {} } }), ModelFault);
  await assert.rejects(
    create({ ...facts, chosen: { type: 'knn', options: { neighbours: -1 } } }),
    ModelFault,
  );
  await assert.rejects(create({ ...facts, chosen: { type: 'isolation-forest', options: {} } }), ModelFault);
});

test('rows that are nothing but twins can be looked at', async () => {
  const values = Float64Array.from({ length: 600 }, (_, i) => (i < 30 ? 1 : 0));
  assert.ok((await masking({ values, rows: 200, width: 3 }, 1, signal)) >= 1);
});
