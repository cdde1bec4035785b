import { createRequire } from 'node:module';
import type * as KafkaJs from 'kafkajs';
import type { Producer } from 'kafkajs';
import type { KafkaConfig } from '../../src/kafka/client.js';
import { whenClosed } from '../../src/kafka/concurrent-transactions.js';
import { explicitPartition } from '../../src/kafka/partitioner.js';
import { toMessage } from '../../src/kafka/record-format.js';
import { transactionalId } from '../../src/kafka/transactional-sink.js';
import { translated } from '../../src/kafka/translate-errors.js';
import type { OutgoingRecord, TopicPartition } from '../../src/model.js';
import type { CommitUnit, CommittedOffset, PartitionSink } from '../../src/ports.js';

let published: typeof KafkaJs | null = null;

/** kafkajs as it is published, beside the repaired one that the process has loaded by the time of the first fence. */
function publishedKafkaJs(): typeof KafkaJs {
  if (published !== null) return published;
  const load = createRequire(import.meta.url);
  const repaired = Object.entries(load.cache).filter(([file]) => file.includes('/node_modules/kafkajs/'));
  for (const [file] of repaired) Reflect.deleteProperty(load.cache, file);
  published = load('kafkajs') as typeof KafkaJs;
  // Both load parts of themselves later, from here; the published one has its producer by now.
  Object.assign(load.cache, Object.fromEntries(repaired));
  return published;
}

/** Does everything right, but for this: one epoch for all of a producer's transactions, as kafkajs has it. */
export class OneEpochSink implements PartitionSink {
  private producer: Producer | null = null;

  /** @param own makes the fence and reads the offset behind it */
  constructor(
    private readonly own: PartitionSink,
    private readonly kafka: KafkaConfig,
    private readonly group: string,
    private readonly at: TopicPartition,
  ) {}

  async fence(): Promise<CommittedOffset | null> {
    const { Kafka, logLevel } = publishedKafkaJs();
    const committed = await this.own.fence();
    await this.discard();
    const { brokers, clientId, transactionTimeoutMs } = this.kafka;
    const kafka = new Kafka({ brokers: [...brokers], clientId, logLevel: logLevel.NOTHING });
    const producer = kafka.producer({
      transactionalId: transactionalId(this.group, this.at),
      transactionTimeout: transactionTimeoutMs,
      createPartitioner: explicitPartition,
      retry: { retries: 0 },
    });
    this.producer = producer;
    await translated('taking over', async () => {
      await producer.connect();
      await (await producer.transaction()).abort();
    });
    return committed;
  }

  async begin(): Promise<CommitUnit> {
    const { producer, group, at } = this;
    if (producer === null) throw new Error('not fenced');
    const transaction = await translated('opening a transaction', () => producer.transaction());
    return {
      send: async (topic, _partition, records: readonly OutgoingRecord[]) => {
        const messages = records.map(toMessage);
        const [written] = await whenClosed('writing', () => transaction.send({ topic, messages, acks: -1 }));
        return Number(written?.baseOffset);
      },
      commit: async (nextOffset, metadata) => {
        const partitions = [{ partition: at.partition, offset: String(nextOffset), metadata }];
        const topics = [{ topic: at.topic, partitions }];
        await whenClosed('adding offsets', () => transaction.sendOffsets({ consumerGroupId: group, topics }));
        await translated('committing', () => transaction.commit());
      },
    };
  }

  async discard(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    await this.own.discard();
    await producer?.disconnect();
  }
}
