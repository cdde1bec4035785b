/** What the port promises, of every kind of detector that is trained on rows alone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Detector, DetectorKind, Learnt, Matrix } from '../../src/detect/detector.js';
import { ModelFault } from '../../src/detect/detector.js';
import { judgeOf } from '../../src/detect/judge.js';
import { readModel, writeModel } from '../../src/detect/model-file.js';
import { DETECTORS } from '../../src/detect/registry.js';
import { trainModel } from '../../src/detect/train.js';
import { correlated, deviationOf, gaussian, rowsOf } from '../support/matrices.js';

const { signal } = new AbortController();
const KINDS = [...DETECTORS.values()].filter(
  ({ train, imports }) => train !== null && imports !== 'required',
);
const names = (width: number): string[] => Array.from({ length: width }, (_, i) => `f${i}`);

async function learn(kind: DetectorKind, data: Matrix, seed = 1): Promise<Learnt> {
  const options = optionsOf(kind, seed);
  return (kind.train as NonNullable<typeof kind.train>)({ data, options, imported: null }, signal);
}

function optionsOf(kind: DetectorKind, seed: number): Readonly<Record<string, unknown>> {
  const seeded = kind.options.safeParse({ seed });
  return seeded.success ? seeded.data : kind.options.parse({});
}

async function trained(kind: DetectorKind, data: Matrix, seed = 1): Promise<Detector> {
  return kind.create(optionsOf(kind, seed), names(data.width), await learn(kind, data, seed));
}

async function scoresOf(detector: Detector, { values, rows }: Matrix): Promise<Float64Array> {
  const scores = new Float64Array(rows);
  await detector.score(values, rows, scores);
  return scores;
}

for (const kind of KINDS) {
  test(`${kind.type}: the same seed learns the same`, async () => {
    const data = correlated(400, 4);
    assert.deepEqual(await learn(kind, data, 5), await learn(kind, data, 5));
  });

  test(`${kind.type}: a row has the same score bit for bit, whatever stands beside it`, async () => {
    const data = correlated(607, 5);
    const detector = await trained(kind, data);
    const all = await scoresOf(detector, data);
    for (const size of [1, 2, 3, 7, 8, 9, 64, 500]) {
      for (let from = 0; from < Math.min(data.rows, size * 8); from += size) {
        const part = await scoresOf(detector, rowsOf(data, from, Math.min(size, data.rows - from)));
        for (const [i, score] of part.entries()) assert.ok(Object.is(score, all[from + i]), `${from + i}`);
      }
    }
  });

  test(`${kind.type}: scores are in [0, 1], and far rows are stranger than near ones`, async () => {
    const data = gaussian(1500, 5);
    const detector = await trained(kind, data);
    const near = await scoresOf(detector, data);
    assert.ok(near.every((score) => score >= 0 && score <= 1));
    const far = await scoresOf(detector, {
      values: Float64Array.of(9, -9, 9, -9, 9, 30, 30, -30, 30, 30),
      rows: 2,
      width: 5,
    });
    const strangest = near.reduce((most, score) => Math.max(most, score), 0);
    assert.ok(
      far.every((score) => score > strangest),
      `${[...far].join()} against ${strangest}`,
    );
  });

  test(`${kind.type}: the feature with the outlier comes first, in units of any size`, async () => {
    for (const data of [gaussian(2000, 6), correlated(2000, 6)]) {
      const detector = await trained(kind, data);
      let first = 0;
      for (let i = 0; i < 100; i++) {
        const { values } = rowsOf(data, i, 1);
        const column = i % 6;
        values[column] = (values[column] as number) + (i % 2 === 0 ? 10 : -10) * deviationOf(data, column);
        const { contributions, expected } = await detector.explain(values, 1);
        assert.ok(contributions.every((share) => share >= 0));
        assert.ok(Math.abs(contributions.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
        if (contributions.indexOf(Math.max(...contributions)) === column) first++;
        if (expected === null) continue;
        for (let c = 0; c < 6; c++) assert.ok((expected.low[c] as number) <= (expected.high[c] as number));
        const [low, high] = [expected.low[column] as number, expected.high[column] as number];
        assert.ok(!(low <= (values[column] as number) && (values[column] as number) <= high));
      }
      assert.ok(first >= 95, `${first} of 100`);
    }
  });

  test(`${kind.type}: rows are explained alone as together`, async () => {
    const data = correlated(400, 4);
    const detector = await trained(kind, data);
    const { values } = rowsOf(data, 0, 7);
    const together = await detector.explain(values, 7);
    for (let row = 0; row < 7; row++) {
      const alone = await detector.explain(values.slice(row * 4, row * 4 + 4), 1);
      assert.deepEqual(alone.contributions, together.contributions.slice(row * 4, row * 4 + 4));
      assert.deepEqual(alone.expected?.low, together.expected?.low.slice(row * 4, row * 4 + 4));
    }
    const none = await detector.explain(new Float64Array(0), 0);
    assert.equal(none.contributions.length, 0);
  });

  test(`${kind.type}: the largest doubles, constant columns and twins are scored and explained`, async () => {
    const varied = gaussian(300, 2);
    const values = new Float64Array(300 * 5);
    for (let row = 0; row < 300; row++) {
      values[row * 5] = varied.values[row * 2] as number;
      values[row * 5 + 1] = 7;
      values[row * 5 + 2] = (varied.values[row * 2 + 1] as number) * 1e300;
      values[row * 5 + 3] = row < 200 ? 0 : (varied.values[row * 2 + 1] as number) * 1e-300;
      values[row * 5 + 4] = row % 2;
    }
    values.copyWithin(0, 5 * 10, 5 * 60);
    const data = { values, rows: 300, width: 5 };
    const detector = await trained(kind, data);
    const most = Number.MAX_VALUE;
    const wild = Float64Array.of(
      ...[most, most, most, most, most],
      ...[-most, -most, -most, -most, -most],
      ...[0, 8, 0, 0, 0],
      ...[Number.MIN_VALUE, -0, -Number.MIN_VALUE, 0, 1],
    );
    for (const rows of [data, { values: wild, rows: 4, width: 5 }]) {
      const scores = await scoresOf(detector, rows);
      assert.ok(
        scores.every((score) => score >= 0 && score <= 1),
        [...scores].join(),
      );
      const { contributions, expected } = await detector.explain(rows.values, rows.rows);
      assert.ok(contributions.every((share) => share >= 0 && share <= 1));
      for (const part of expected === null ? [] : [expected.low, expected.high])
        assert.ok(part.every(Number.isFinite));
    }
  });

  test(`${kind.type}: a single feature is enough`, async () => {
    const detector = await trained(kind, gaussian(300, 1));
    const [near = 1, far = 0] = await scoresOf(detector, {
      values: Float64Array.of(0.1, 20),
      rows: 2,
      width: 1,
    });
    assert.ok(far > near);
  });

  test(`${kind.type}: what a model folder brings back scores as before, and arrays that are not its own are refused`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-model-'));
    try {
      const data = correlated(300, 3);
      const options = optionsOf(kind, 2);
      const { model } = await trainModel(
        {
          kind,
          options,
          features: names(3),
          definitions: names(3),
          data,
          source: 'test',
          rejected: 0,
          rowsPerDay: null,
          name: 'test',
          threshold: null,
          imported: null,
        },
        () => 0,
        signal,
      );
      writeModel(folder, model);
      const config = { kind, options, model: folder, threshold: null };
      const judge = await judgeOf(readModel(folder), config, names(3), names(3), folder);
      const before = await kind.create(options, names(3), model);
      assert.deepEqual(await scoresOf(judge.detector, data), await scoresOf(before, data));
      const { arrays, facts } = model;
      for (const name of Object.keys(arrays)) {
        const { [name]: taken, ...others } = arrays;
        await assert.rejects(
          async () => kind.create(options, names(3), { arrays: others, facts }),
          ModelFault,
          name,
        );
        if (!(taken instanceof Float64Array) || taken.length === 0) continue;
        const broken = { ...arrays, [name]: Float64Array.from(taken, () => NaN) };
        await assert.rejects(
          async () => kind.create(options, names(3), { arrays: broken, facts }),
          ModelFault,
          `${name} of NaN`,
        );
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
