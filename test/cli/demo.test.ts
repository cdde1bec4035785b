/** The demo, as `npm start` runs it: on the tests' broker, and once on a broker of its own that must not survive it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Outrider, outrider } from '../support/outrider.js';
import { testBrokers } from '../support/scenario.js';
import { until } from '../support/until.js';

interface Summary {
  readonly [key: string]: unknown;
  readonly events: number;
  readonly anomalies: number;
  readonly ageMs: { readonly p50: number; readonly p99: number };
}

test('the demo counts nothing missing and nothing twice, and prints its summary as one JSON document', async () => {
  const { code, stdout, stderr } = await outrider(['demo', '--json', '--rate', '0', '--workers', '3'], {
    environment: { KAFKA_BROKERS: testBrokers().join(',') },
  });
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim().split('\n').length, 1);
  const summary = JSON.parse(stdout) as Summary;
  assert.deepEqual(Object.keys(summary).sort(), [
    'ageMs',
    'anomalies',
    'auroc',
    'averagePrecision',
    'deadLetters',
    'duplicates',
    'events',
    'eventsPerSecond',
    'missing',
    'seconds',
    'workers',
  ]);
  assert.deepEqual(
    [summary.events, summary.deadLetters, summary.missing, summary.duplicates, summary.workers],
    [49_105, 8, 0, 0, 3],
  );
  assert.ok(Number(summary.auroc) >= 0.99);
  assert.ok(summary.anomalies > 300);
  assert.ok(summary.ageMs.p50 > 0 && summary.ageMs.p50 <= summary.ageMs.p99);
});

/** Processes of this machine whose command line holds a text. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        // It ended in the meantime.
        return false;
      }
    })
    .map(Number);
}

test('a demo that is killed leaves no broker and no worker behind', async () => {
  // Everything that the demo starts names a path in here on its command line.
  const own = mkdtempSync(join(tmpdir(), 'outrider-killed-'));
  const demo = new Outrider(['demo', '--rate', '500'], { environment: { TMPDIR: own, KAFKA_BROKERS: '' } });
  try {
    await until(
      'the fleet is ready',
      60_000,
      () => demo.stdout.includes('worker processes is ready') || demo.process.exitCode !== null,
    );
    const started = processesWith(own);
    // The guard, the broker, four workers.
    assert.equal(started.length, 6, demo.stdout + demo.stderr);
    demo.kill('SIGKILL');
    await demo.finished;
    await until('everything it started is gone', 30_000, () => processesWith(own).length === 0);
    assert.deepEqual(
      readdirSync(own).filter((name) => name.startsWith('outrider-kafka-')),
      [],
      "the broker's data is gone too",
    );
  } finally {
    await demo[Symbol.asyncDispose]();
    rmSync(own, { recursive: true, force: true });
  }
});
