/**
 * A group coordinator that is suspended, replaced, and woken answers questions that were waiting for it from what it
 * knew when it fell asleep. A partition that is taken over just then must not start from that.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Cluster } from '../../chaos/cluster/cluster.js';
import { Wire } from '../../chaos/network/wire.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import type { KafkaConfig } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { findRuntime } from '../../src/local-broker/runtime.js';
import type { CommittedOffset } from '../../src/ports.js';
import { rawOffsetFetch } from '../support/raw-offset-fetch.js';
import { until } from '../support/until.js';

const log = pino({ level: 'silent' });
const TOPIC = 'events';
const GROUP = 'group';
const PARTITIONS = [0, 1, 2, 3, 4, 5];
const BEFORE = 100;
const AFTER = 200;

const sinkOf = (partition: number, kafka: KafkaConfig): TransactionalSink =>
  new TransactionalSink({ kafka, group: GROUP, input: { topic: TOPIC, partition }, log });

/** Commits as an owner does who tries until it is through. */
async function commit(partition: number, offset: number, kafka: KafkaConfig): Promise<void> {
  await until(`partition ${partition} is committed at ${offset}`, 120_000, async () => {
    const sink = sinkOf(partition, kafka);
    try {
      await sink.fence();
      await (await sink.begin()).commit(offset, '');
      return true;
    } catch {
      return false;
    } finally {
      await sink.discard();
    }
  });
}

test('a woken coordinator does not make a partition start from an old offset', async () => {
  const runtime = await findRuntime(cacheFolder(process.env), () => undefined);
  assert.equal(runtime.kind, 'java', 'this needs Java 17 and Maven');
  const wire = new Wire(() => true);
  await using cluster = await Cluster.start(
    (runtime as { jars: string }).jars,
    wire,
    new AbortController().signal,
  );
  const everybody = localKafka(cluster.addresses);
  await using admin = new KafkaAdmin(everybody, log);
  await admin.createTopics([{ topic: TOPIC, partitions: PARTITIONS.length }]);
  await Promise.all(PARTITIONS.map((partition) => commit(partition, BEFORE, everybody)));
  const coordinator = wire.lastBrokerFor('TxnOffsetCommit') ?? 0;
  cluster.broker(coordinator).suspend();
  const others = cluster.addresses.filter((_, index) => index !== coordinator - 1);
  const awake = { ...localKafka(others), requestTimeoutMs: 2000 };
  await Promise.all(PARTITIONS.map((partition) => commit(partition, AFTER, awake)));

  // A question that waits for the old coordinator, asked after all of that, as a fence asks after it was made.
  const unguarded = PARTITIONS.map((partition) =>
    rawOffsetFetch(cluster.broker(coordinator).layout.clientPort, GROUP, TOPIC, partition),
  );
  const fences = PARTITIONS.map(async (partition): Promise<CommittedOffset | null> => {
    const sink = sinkOf(partition, awake);
    const offset = await sink.fence();
    await sink.discard();
    return offset;
  });
  await delay(1000);
  cluster.broker(coordinator).resume();
  for (const fence of fences) assert.equal((await fence)?.offset, AFTER);
  assert.ok(
    (await Promise.all(unguarded)).includes(BEFORE),
    'the old coordinator answers from what it knew: the trap was set',
  );
});
