import type { Logger } from 'pino';
import type { OutgoingRecord, TopicPartition } from '../model.js';
import type { CommitUnit, CommittedOffset, PartitionSink } from '../ports.js';
import type { KafkaConfig } from './client.js';
import type { Compression } from './compression/compression.js';
import { whenClosed } from './concurrent-transactions.js';
import { type Begun, FencedProducer } from './fenced-producer.js';
import { readBehindBarrier } from './offset-barrier.js';
import { TransactionTransport } from './transaction-transport.js';
import { translated } from './translate-errors.js';

export interface TransactionalSinkOptions {
  readonly kafka: KafkaConfig;
  readonly group: string;
  readonly input: TopicPartition;
  /** Of what is written; none where it is not said. */
  readonly compression?: Compression;
  readonly log: Logger;
}

/** The transactional id of a partition. A topic cannot contain a slash, nor can a group, so no two fleets share one. */
export function transactionalId(group: string, { topic, partition }: TopicPartition): string {
  return `${group}/${topic}/${partition}`;
}

/**
 * Exactly once for one partition, by the protocol in docs/ARCHITECTURE.md: the transactional id is the fence, the
 * offsets go with the output in one transaction, and after any error of unknown outcome the producer is thrown away.
 */
export class TransactionalSink implements PartitionSink {
  private readonly producer: FencedProducer;

  constructor(private readonly options: TransactionalSinkOptions) {
    const { kafka, group, input, log } = options;
    this.producer = new FencedProducer(kafka, transactionalId(group, input), log);
  }

  async fence(): Promise<CommittedOffset | null> {
    const { group, input } = this.options;
    const { transaction, prepareNext } = await this.producer.takeOver();
    const transactionalId = this.producer.id;
    const committed = await readBehindBarrier(transaction, { transactionalId, group, at: input });
    prepareNext();
    return committed;
  }

  async begin(): Promise<CommitUnit> {
    return new TransactionUnit(await this.producer.begin(), this.options);
  }

  discard(): Promise<void> {
    return this.producer.discard();
  }
}

class TransactionUnit implements CommitUnit {
  private readonly transport: TransactionTransport;

  constructor(
    private readonly begun: Begun,
    private readonly options: TransactionalSinkOptions,
  ) {
    const { kafka, compression = 'none' } = options;
    this.transport = new TransactionTransport(begun.transaction, kafka, compression);
  }

  send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    return this.transport.send(topic, partition, records);
  }

  async commit(nextOffset: number, metadata: string): Promise<void> {
    const { transaction, prepareNext } = this.begun;
    const { group, input } = this.options;
    const { topic, partition } = input;
    const doing = `topic ${topic}, partition ${partition}: committing offset ${nextOffset}`;
    const partitions = [{ partition, offset: String(nextOffset), metadata }];
    await whenClosed(doing, () =>
      transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions }] }),
    );
    await translated(doing, () => transaction.commit());
    prepareNext();
  }
}
