/** The tables of docs/DETECTION.md: the same figures as the command's, means, gaps and the worst set. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Measurement, measureAll } from '../../bench/detection/measure-all.js';
import { readPeers } from '../../bench/detection/peers.js';
import { detectionTables } from '../../bench/detection/tables.js';
import { isolationForest } from '../../src/detect/isolation-forest.js';
import { outriderHere } from '../support/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-tables-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('what is measured is what `outrider evaluate` says, and is measured once', async () => {
  const rows = Array.from(
    { length: 60 },
    (_, i) => `${(i * 7) % 31},${(i * 5) % 13},${Number(i % 15 === 0)}`,
  );
  writeFileSync(join(folder, 'some.csv'), `x,y,label\n${rows.join('\n')}\n`);
  writeFileSync(join(folder, 'notes.txt'), 'no set');
  const file = join(folder, 'kept.jsonl');
  const task = { folder, kinds: [isolationForest], runs: 2, file, report: () => undefined };
  const measured = await measureAll(task);
  assert.equal(measured.length, 4);
  assert.deepEqual(await measureAll(task), measured);
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 4);
  for (const trainOn of ['all', 'normal']) {
    const args = [
      'evaluate',
      '--data',
      join(folder, 'some.csv'),
      '--runs',
      '2',
      '--train-on',
      trainOn,
      '--json',
    ];
    const said = JSON.parse((await outriderHere(args)).stdout) as Record<string, unknown>[];
    assert.deepEqual(
      measured
        .filter((measurement) => measurement.trainOn === trainOn)
        .map(({ seed, auroc, averagePrecision }) => ({ seed, auroc, averagePrecision })),
      said.map(({ seed, auroc, averagePrecision }) => ({ seed, auroc, averagePrecision })),
    );
  }
});

test('means, deviations, gaps, the worst set, and the figures of others', () => {
  const peersFile = join(folder, 'peers.json');
  const sameRows = { auroc: 0.9, aurocSd: 0.1, ap: 0.5, apSd: 0.05 };
  writeFileSync(peersFile, JSON.stringify({ sets: { one: { sameRows } } }));
  const run = (detector: string, set: string, seed: number, ap: number | null): Measurement => ({
    detector,
    set,
    rows: 1000,
    features: 3,
    anomalies: 25,
    trainOn: 'all',
    seed,
    auroc: ap,
    averagePrecision: ap,
    rowsPerSecond: 1000,
    failure: ap === null ? 'two.csv: too flat' : null,
  });
  const measurements = [
    run('isolation-forest', 'one', 0, 0.4),
    run('isolation-forest', 'one', 1, 0.6),
    run('isolation-forest', 'two', 0, 0.8),
    run('isolation-forest', 'two', 1, 0.8),
    run('knn', 'one', 0, 0.7),
    run('knn', 'one', 1, 0.7),
    run('knn', 'two', 0, 0.7),
    run('knn', 'two', 1, 0.7),
    run('flat', 'one', 0, 0.1),
    run('flat', 'one', 1, 0.1),
    run('flat', 'two', 0, null),
    run('flat', 'two', 1, null),
  ];
  const text = detectionTables(measurements, readPeers(peersFile));
  for (const line of [
    '| scikit-learn forest | — | — | 0.9000 | 0.5000 | +0.000 (one) | — |',
    '| isolation-forest | 0.6500 | 0.6500 | 0.5000 | 0.5000 | — | 1,000 |',
    '| knn | 0.7000 | 0.7000 | 0.7000 | 0.7000 | −0.100 (two) | 1,000 |',
    '| flat | — | — | 0.1000 | 0.1000 | −0.400 (one) | 1,000 |',
    '| one | 1,000 | 3 | 2.5 % | 0.500 ± 0.050 | 0.500 ± 0.141 | 0.700 ± 0.000 | 0.100 ± 0.000 |',
    '| two | 1,000 | 3 | 2.5 % | — | 0.800 ± 0.000 | 0.700 ± 0.000 | — |',
    '- flat, all: two.csv: too flat',
  ])
    assert.ok(text.includes(line), `${line}\n${text}`);
  assert.match(text, /AUROC −0\.4000 \(one standard error .*: 0\.0447\), on 0 of 1 sets/);
  assert.match(
    text,
    /average precision \+0\.0000 .*on 1 of 1 sets at least theirs minus one standard error\./,
  );
  const alone = detectionTables(measurements, null);
  assert.doesNotMatch(alone, /scikit-learn/);
});
