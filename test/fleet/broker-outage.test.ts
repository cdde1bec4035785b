/**
 * A lone broker's partitions are without a leader for a moment when it comes back after it was killed, while prepared
 * transactions are being ended: releases with KAFKA-20734 skip commit markers then.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoneBroker } from '../support/lone-broker.js';
import { Outrider } from '../support/outrider.js';
import { Scenario, fingerprintOf } from '../support/scenario.js';
import { until } from '../support/until.js';

const PARTITIONS = 8;
const EVENTS = 24_000;
const LIMIT_MS = 60_000;
/** Without its marker a transaction stays open, and reading committed records never ends. */
const TEST_TIMEOUT_MS = 300_000;
/** Hundreds of transactions a second, so that an outage finds some that are prepared and not complete. */
const TINY = { intervalMs: 1, maxRecords: 20 };
/** After an outage the group waits for the members that it knew. */
const TIMEOUTS = { sessionTimeoutMs: 3000, heartbeatIntervalMs: 500, rebalanceTimeoutMs: 5000 };

test(
  'a lone broker that is killed and started again loses no commit and repeats none',
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    await using broker = await LoneBroker.create();
    assert.ok(broker !== null, 'this needs Java 17 and Maven');
    await broker.start();
    await using scenario = await Scenario.create(PARTITIONS, broker.brokers);
    await scenario.train();
    await scenario.produce(0, EVENTS);
    const undisturbed = await scenario.configure('undisturbed');
    const { code, stderr } = await new Outrider(['worker', '--config', undisturbed.file, '--stop-at-end'])
      .finished;
    assert.equal(code, 0, stderr);
    const oracle = fingerprintOf(await scenario.read(undisturbed));
    assert.ok(oracle.length > EVENTS / 20, `${oracle.length} verdicts`);

    const run = await scenario.configure('outages', {
      commit: TINY,
      kafka: { brokers: broker.brokers, ...TIMEOUTS },
    });
    const committedEvents = async (): Promise<number> =>
      [...(await scenario.admin.committed(run.group, scenario.name)).values()].reduce(
        (sum, at) => sum + (at?.offset ?? 0),
        0,
      );
    await using one = new Outrider(['worker', '--config', run.file]);
    await using other = new Outrider(['worker', '--config', run.file]);
    for (const share of [0.1, 0.4, 0.7]) {
      await until(
        `${share} of the events are committed`,
        LIMIT_MS,
        async () => (await committedEvents()) >= EVENTS * share,
      );
      await broker.kill();
      await broker.start();
      assert.ok((await committedEvents()) < EVENTS, 'the kill hit a fleet at work');
    }
    await until('everything is committed', LIMIT_MS, () => scenario.isCommitted(run.group));
    for (const worker of [one, other]) {
      worker.kill('SIGTERM');
      const finished = await worker.finished;
      assert.equal(finished.code, 0, finished.stderr);
    }
    const found = fingerprintOf(await scenario.read(run));
    assert.equal(new Set(found).size, found.length, 'nothing is there twice');
    assert.deepEqual(found, oracle);
  },
);
