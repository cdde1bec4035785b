/** The relations between time-outs, and what a broker says to one that it does not take. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type BrokenRelation,
  CONCURRENT_WAIT_MAX_MS,
  FETCH_WAIT_MAX_MS,
  MEMBER_RETRY,
  RETRY_OF,
  TIME_OUT_DEFAULTS,
  type TimeOuts,
  brokenRelations,
  retryTotalMs,
} from '../../src/kafka/time-outs.js';
import { packageRoot } from '../../src/package-root.js';
import { outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';

const DEFAULTS: TimeOuts = {
  kafka: TIME_OUT_DEFAULTS,
  fleet: { shutdownTimeoutMs: 10_000, stallTimeoutMs: 60_000 },
};

const broken = (
  kafka: Partial<TimeOuts['kafka']>,
  fleet: Partial<TimeOuts['fleet']> = {},
): readonly [BrokenRelation['level'], string][] =>
  brokenRelations({ kafka: { ...DEFAULTS.kafka, ...kafka }, fleet: { ...DEFAULTS.fleet, ...fleet } }).map(
    ({ level, key }) => [level, key.join('.')],
  );

test('the defaults break no relation, nor do the fixed times', () => {
  assert.deepEqual(broken({}), []);
  const { kafka, fleet } = DEFAULTS;
  assert.ok(FETCH_WAIT_MAX_MS * 2 <= kafka.heartbeatIntervalMs);
  assert.ok(retryTotalMs(MEMBER_RETRY) < kafka.sessionTimeoutMs);
  assert.ok(retryTotalMs(RETRY_OF.transaction) < kafka.transactionTimeoutMs);
  assert.ok(CONCURRENT_WAIT_MAX_MS <= kafka.transactionTimeoutMs);
  assert.ok(fleet.stallTimeoutMs > kafka.sessionTimeoutMs + kafka.rebalanceTimeoutMs);
});

test('what cannot work is a fault, what only costs something a warning', () => {
  const faults: [Partial<TimeOuts['kafka']>, string][] = [
    [{ heartbeatIntervalMs: 3334 }, 'kafka.heartbeatIntervalMs'],
    [{ rebalanceTimeoutMs: 9999 }, 'kafka.rebalanceTimeoutMs'],
  ];
  for (const [change, key] of faults) assert.deepEqual(broken(change), [['fault', key]]);
  const warnings: [Partial<TimeOuts['kafka']>, Partial<TimeOuts['fleet']>, string][] = [
    [
      { sessionTimeoutMs: 5999, heartbeatIntervalMs: 500, requestTimeoutMs: 5000 },
      {},
      'kafka.sessionTimeoutMs',
    ],
    [{ sessionTimeoutMs: 1_800_001, rebalanceTimeoutMs: 1_800_001 }, {}, 'kafka.sessionTimeoutMs'],
    [
      { requestTimeoutMs: 10_001, transactionTimeoutMs: 20_000 },
      { shutdownTimeoutMs: 20_000 },
      'kafka.requestTimeoutMs',
    ],
    [{ connectionTimeoutMs: 10_001 }, {}, 'kafka.connectionTimeoutMs'],
    [{ transactionTimeoutMs: 9999 }, {}, 'kafka.transactionTimeoutMs'],
    [{ transactionTimeoutMs: 900_001 }, {}, 'kafka.transactionTimeoutMs'],
    [{}, { shutdownTimeoutMs: 9999 }, 'fleet.shutdownTimeoutMs'],
    [{}, { stallTimeoutMs: 9999 }, 'fleet.stallTimeoutMs'],
  ];
  for (const [kafka, fleet, key] of warnings) assert.deepEqual(broken(kafka, fleet), [['warning', key]]);
});

test('every default and what the retries come to stand in the documentation as they are', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'TIMEOUTS.md'), 'utf8');
  for (const [key, value] of Object.entries(TIME_OUT_DEFAULTS))
    assert.match(page, new RegExp(`\\| \`kafka\\.${key}\` +\\| ${value} `), key);
  const totals = [RETRY_OF.consumer, RETRY_OF.admin, MEMBER_RETRY, RETRY_OF.transaction].map(retryTotalMs);
  for (const totalMs of totals)
    assert.ok(page.includes(`: ${(totalMs / 1000).toFixed(1)} s in all`), `${totalMs} ms`);
});

for (const [key, settings] of [
  ['sessionTimeoutMs', { sessionTimeoutMs: 3000, heartbeatIntervalMs: 1000 }],
  ['transactionTimeoutMs', { transactionTimeoutMs: 900_001 }],
] as const) {
  test(`a ${key} that the broker does not take is exit 2 and names the key, for a worker and for a fleet`, async () => {
    await using scenario = await Scenario.create(1);
    await scenario.train();
    await scenario.produce(0, 10);
    const run = await scenario.configure('refused', { kafka: { brokers: scenario.brokers, ...settings } });
    for (const command of ['worker', 'run']) {
      const { code, stderr } = await outrider([command, '--config', run.file]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`^outrider: kafka\\.${key}: the broker takes `, 'm'));
    }
  });
}
