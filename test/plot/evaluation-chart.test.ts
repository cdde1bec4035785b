/** Pictures of an evaluation: well-formed, with a number for every coordinate, whatever the scores are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { precisionRecallCurve } from '../../src/detect/ranking.js';
import { type EvaluatedFile, evaluationChart } from '../../src/plot/evaluation-chart.js';
import { panel, ticks } from '../../src/plot/panel.js';
import { precisionAtRecalls } from '../../src/plot/precision-recall-panel.js';
import { histogramOf } from '../../src/plot/score-histogram-panel.js';
import { parseXml } from '../support/parse-xml.js';

const rowsArbitrary = fc
  .array(fc.tuple(fc.constantFrom(0, 0.5, 1, 1e-12, 0.123456789), fc.integer({ min: 0, max: 1 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((rows) => [[0.3, 1] as const, ...rows])
  .map((rows) => ({
    scores: Float64Array.from(rows, ([score]) => score),
    labels: Uint8Array.from(rows, ([, label]) => label),
  }));

test('every chart is well-formed, without a NaN, and inside its picture', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.string({ unit: 'binary' }), fc.array(rowsArbitrary, { minLength: 1, maxLength: 3 })),
        {
          minLength: 1,
          maxLength: 12,
        },
      ),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (detectors, threshold) => {
        const files: EvaluatedFile[] = ['<a & "b">.csv', 'c.csv'].map((name) => ({
          name,
          detectors: detectors.map(([title, runs]) => ({
            title,
            name: title,
            runs: runs.map(({ scores, labels }) => precisionRecallCurve(scores, labels)),
            scores: { ...(runs[0] as (typeof runs)[number]), threshold },
          })),
        }));
        const svg = evaluationChart('a title', "a note's text", files);
        const texts = parseXml(svg).map(({ text }) => text);
        assert.ok(texts.join('').includes('a title'));
        assert.doesNotMatch(svg.replaceAll(/>[^<]*</g, '><'), /NaN|Infinity|undefined/);
        const [, width = '0', height = '0'] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg) ?? [];
        for (const [, x = '', y = ''] of svg.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)) {
          assert.ok(Number(x) >= 0 && Number(x) <= Number(width));
          assert.ok(Number(y) >= 0 && Number(y) <= Number(height));
        }
      },
    ),
    { numRuns: 20, seed: 5 },
  );
});

test('a file has its curves, a histogram for each detector, the thresholds and the legend', () => {
  const scores = Float64Array.of(0.9, 0.8, 0.3, 0.2);
  const labels = Uint8Array.of(1, 0, 1, 0);
  const curve = precisionRecallCurve(scores, labels);
  const detector = {
    title: 'knn',
    name: 'knn, 0.75',
    runs: [curve],
    scores: { scores, labels, threshold: 0.85 },
  };
  const svg = evaluationChart('t', 'n', [
    { name: 'one.csv', detectors: [detector, { ...detector, title: 'ecod', runs: [curve, curve] }] },
    { name: 'two.csv', detectors: [detector] },
  ]);
  assert.doesNotThrow(() => parseXml(svg));
  assert.equal(svg.match(/<polyline/g)?.length, 1 + 3 + 1, 'thin ones only where there are several runs');
  assert.equal(svg.match(/>threshold 0\.85</g)?.length, 3);
  for (const text of [
    'one.csv',
    'two.csv',
    'ecod',
    'knn, 0.75',
    'recall',
    'precision',
    'normal rows',
    'anomalies',
  ])
    assert.ok(svg.includes(`>${text}<`), text);
  assert.throws(
    () =>
      evaluationChart('t', 'n', [
        { name: 'x', detectors: [{ ...detector, scores: { scores, labels, threshold: NaN } }] },
      ]),
    RangeError,
  );
});

test('a curve is drawn where a recall is first reached', () => {
  const drawn = precisionAtRecalls({ precision: [1, 0.5, 0.6], recall: [0.25, 0.25, 1] });
  assert.deepEqual(
    [0, 50, 51, 200].map((i) => drawn[i]),
    [1, 1, 0.6, 0.6],
  );
});

test('a histogram has shares of each kind, and the threshold inside its range', () => {
  const { min, max, normal, anomalous } = histogramOf(
    {
      scores: Float64Array.of(0.2, 0.2, 0.39, 0.4),
      labels: Uint8Array.of(0, 0, 0, 1),
      threshold: 0.6,
    },
    4,
  );
  assert.deepEqual([min, max], [0.2, 0.6]);
  assert.deepEqual(normal, [2 / 3, 1 / 3, 0, 0]);
  assert.equal(
    anomalous.reduce((sum, share) => sum + share, 0),
    1,
  );
  const same = histogramOf({ scores: [0.5, 0.5], labels: [0, 1], threshold: 0.5 }, 4);
  assert.deepEqual([same.min, same.max, same.normal], [0, 1, [0, 0, 1, 0]]);
});

test('an axis has a few round ticks, none outside it', () => {
  assert.deepEqual(ticks({ min: 0, max: 1 }), [0, 0.25, 0.5, 0.75, 1]);
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-9, max: 1e6, noNaN: true }),
      (min, length) => {
        fc.pre(min + length * 1e-6 > min);
        const found = ticks({ min, max: min + length });
        assert.ok(found.length >= 2 && found.length <= 6, `${found.length}`);
        assert.ok(found.every((tick) => tick >= min - length * 1e-6 && tick <= min + length * (1 + 1e-6)));
      },
    ),
    { seed: 6 },
  );
  assert.throws(
    () =>
      panel(
        { x: 0, y: 0, width: 200, height: 200 },
        't',
        { label: 'a', min: 1, max: 1 },
        { label: 'b', min: 0, max: 1 },
      ),
    RangeError,
  );
});
