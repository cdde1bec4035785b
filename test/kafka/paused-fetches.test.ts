/** kafkajs's consumer group while its partitions are paused: it looks again once one is resumed. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import '../../src/kafka/kafkajs/repaired.js';

const load = createRequire(import.meta.url);
const ConsumerGroup = load('kafkajs/src/consumer/consumerGroup') as { readonly prototype: FetchingGroup };
const SubscriptionState = load('kafkajs/src/consumer/subscriptionState') as new () => Subscription;

interface FetchingGroup {
  fetch(nodeId: number): Promise<readonly unknown[]>;
  resume(partitions: readonly object[]): void;
}

interface Subscription {
  assign(partitions: readonly object[]): void;
  pause(partitions: readonly object[]): void;
}

/** Longer than any test may take. */
const MAX_WAIT_MS = 600_000;
const TOPIC = 'events';
const NODE = 1;

/** A group with partition 0, paused, of a cluster whose broker gives an empty answer. */
function pausedGroup(): { readonly group: FetchingGroup; readonly fetched: number[] } {
  const subscriptionState = new SubscriptionState();
  subscriptionState.assign([{ topic: TOPIC, partitions: [0] }]);
  subscriptionState.pause([{ topic: TOPIC, partitions: [0] }]);
  const fetched: number[] = [];
  const group = Object.assign(Object.create(ConsumerGroup.prototype) as object, {
    maxWaitTime: MAX_WAIT_MS,
    subscriptionState,
    partitionsPerSubscribedTopic: null,
    logger: { info: () => undefined },
    preferredReadReplicasPerTopicPartition: {},
    seekOffset: { pop: () => null, has: () => false },
    offsetManager: {
      resolveOffsets: () => Promise.resolve(),
      committedOffsets: () => ({ [TOPIC]: { 0: '0' } }),
      nextOffset: () => '0',
    },
    cluster: {
      refreshMetadataIfNecessary: () => Promise.resolve(),
      findTopicPartitionMetadata: () => [{ partitionId: 0, leader: NODE }],
      findBroker: () =>
        Promise.resolve({
          fetch: ({ maxWaitTime }: { readonly maxWaitTime: number }) => {
            fetched.push(maxWaitTime);
            return Promise.resolve({ responses: [] });
          },
        }),
    },
  }) as unknown as FetchingGroup;
  return { group, fetched };
}

test(
  'resuming a partition ends the sleep of a fetch that had nothing to ask for',
  { timeout: 20_000 },
  async () => {
    const { group, fetched } = pausedGroup();
    const sleeping = group.fetch(NODE);
    await new Promise(setImmediate);
    group.resume([{ topic: TOPIC, partitions: [0] }]);
    assert.deepEqual(await sleeping, []);
    assert.deepEqual(fetched, []);
    await group.fetch(NODE);
    assert.deepEqual(fetched, [MAX_WAIT_MS]);
  },
);

test(
  'a partition that is resumed before the sleep begins is not slept over',
  { timeout: 20_000 },
  async () => {
    const { group } = pausedGroup();
    const fetching = group.fetch(NODE);
    group.resume([{ topic: TOPIC, partitions: [0] }]);
    assert.deepEqual(await fetching, []);
  },
);
