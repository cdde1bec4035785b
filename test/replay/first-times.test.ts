/** A replay that is stopped while its bounds are asked for is not started with other ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localKafka } from '../../src/kafka/local-config.js';
import { firstTimes } from '../../src/replay/plan/first-times.js';
import { log } from '../support/scenario.js';

test('times that nobody waits for any more are none, and not those of fewer partitions', async () => {
  const reading = { kafka: localKafka([]), topic: 't', groupPrefix: 'g', log, signal: AbortSignal.abort() };
  await assert.rejects(firstTimes(reading, new Map([[0, { from: 0, to: 10 }]])), { name: 'AbortError' });
});
