import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFeatures } from '../../src/features/compile.js';
import { compileFeatureSpec, isSpecFault } from '../../src/features/spec.js';
import { formatFieldPath } from '../../src/field-path.js';
import type { FieldBatch } from '../../src/model.js';

function compute(entries: readonly unknown[], row: Readonly<Record<string, number | null>>) {
  const spec = compileFeatureSpec(entries);
  assert.ok(!isSpecFault(spec), JSON.stringify(spec));
  const values = spec.fields.map((path) => row[formatFieldPath(path)] ?? null);
  const batch: FieldBatch = {
    rows: 1,
    width: values.length,
    fields: Float64Array.from(values, (value) => value ?? NaN),
    missing: values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null,
    source: Int32Array.of(0),
    entityOf: null,
    times: null,
    rejects: [],
    tombstones: 0,
  };
  const { values: features, rows, rejects } = compileFeatures(spec)(batch);
  return {
    features: [...features.subarray(0, rows * spec.features.length)],
    names: spec.features.map(({ name }) => name),
    rejects,
  };
}

test('a range stands for its features, named by their paths', () => {
  const { names, features } = compute(['values[0..2]', 'payload.cpu'], {
    'values[0]': 1,
    'values[1]': 2,
    'values[2]': 3,
    'payload.cpu': 4,
  });
  assert.deepEqual(names, ['values[0]', 'values[1]', 'values[2]', 'payload.cpu']);
  assert.deepEqual(features, [1, 2, 3, 4]);
});

test('every static form computes what it says', () => {
  const thursdayNoon = 12 * 3600 + 59 * 60;
  const { features } = compute(
    [
      { name: 'log', field: 'x', transform: 'log1p' },
      { name: 'root', field: 'x', transform: 'sqrt' },
      { name: 'size', field: 'y', transform: 'abs' },
      { name: 'z', field: 'x', scale: { mean: 1, std: 2 } },
      { name: 'unit', field: 'x', scale: { min: 0, max: 4 } },
      { name: 'ratio', ratio: ['x', 'y'] },
      { name: 'gap', difference: ['z', 'unit'] },
      { name: 'area', product: ['x', 'y'] },
      { name: 'hour', field: 't', part: 'hour-of-day' },
      { name: 'day', field: 't', part: 'day-of-week' },
      { name: 'plain', field: 'x' },
    ],
    { x: 3, y: -2, t: thursdayNoon },
  );
  assert.deepEqual(features, [Math.log1p(3), Math.sqrt(3), 2, 1, 0.75, -1.5, 0.25, -6, 12, 4, 3]);
});

test('times before 1970 have hours and days too', () => {
  const sundayLate = -4 * 86_400 + 23.5 * 3600;
  assert.deepEqual(
    compute(
      [
        { name: 'h', field: 't', part: 'hour-of-day' },
        { name: 'd', field: 't', part: 'day-of-week' },
      ],
      { t: sundayLate },
    ).features,
    [23, 7],
  );
});

test('a missing value is a reject, or the number that stands in for it', () => {
  assert.equal(compute(['x'], { x: null }).rejects[0]?.reason, 'feature-missing');
  assert.deepEqual(compute([{ name: 'x', field: 'x', missing: -1 }], { x: null }).features, [-1]);
  assert.deepEqual(
    compute(
      [
        { name: 'a', field: 'x', missing: 8 },
        { name: 'b', ratio: ['a', 'y'] },
      ],
      { x: null, y: 2 },
    ).features,
    [8, 4],
  );
  assert.equal(
    compute([{ name: 'r', ratio: ['x', 'y'] }], { x: 1, y: null }).rejects[0]?.reason,
    'feature-missing',
  );
});

test('a value that is not finite never becomes a feature', () => {
  for (const x of [NaN, Infinity, -Infinity])
    assert.equal(compute(['x'], { x }).rejects[0]?.reason, 'feature-not-finite');
  assert.equal(
    compute([{ name: 'r', ratio: ['x', 'y'] }], { x: 1, y: 0 }).rejects[0]?.reason,
    'feature-not-finite',
  );
  assert.equal(
    compute([{ name: 'l', field: 'x', transform: 'log1p', missing: 5 }], { x: -2 }).rejects[0]?.reason,
    'feature-not-finite',
  );
});

test('what is wrong with an entry is said with its place', () => {
  const fault = (entry: unknown) => {
    const spec = compileFeatureSpec(['a', entry]);
    assert.ok(isSpecFault(spec));
    return spec;
  };
  assert.deepEqual(
    [
      fault({ name: 'x', field: 'x', transfrom: 'abs' }).unknownKey,
      fault({ name: 'x', field: 'x', transfrom: 'abs' }).index,
    ],
    ['transfrom', 1],
  );
  assert.match(fault('values[5..2]').message, /range/);
  assert.match(fault('a').message, /two features/);
  assert.match(fault({ name: 'r', ratio: ['a', '9x!'] }).message, /neither an earlier feature/);
  assert.match(fault({ name: 's', field: 'a', scale: { min: 2, max: 1 } }).message, /max must be greater/);
});

test('what stands in for a missing value belongs to the definition, which a model has to share', () => {
  const spec = compileFeatureSpec([
    'a',
    { name: 'b', field: 'b', missing: 'dead-letter' },
    { name: 'c', field: 'c', missing: 1 },
    { name: 'd', ratio: ['a', 'c'], missing: -2 },
  ]);
  assert.ok(!isSpecFault(spec));
  assert.deepEqual(
    spec.features.map(({ definition }) => definition),
    ['a', 'b', 'c, missing 1', 'ratio(a, c), missing -2'],
  );
});
