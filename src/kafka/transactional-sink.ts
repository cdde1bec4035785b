import type { Producer, Transaction } from 'kafkajs';
import type { Logger } from 'pino';
import { OutcomeUnknownError } from '../errors.js';
import type { OutgoingRecord, TopicPartition } from '../model.js';
import type { CommitUnit, CommittedOffset, PartitionSink } from '../ports.js';
import { type KafkaConfig, createClient } from './client.js';
import { COMPRESSION_TYPE } from './compression-type.js';
import type { Compression } from './compression/compression.js';
import { whenClosed } from './concurrent-transactions.js';
import { readBehindBarrier } from './offset-barrier.js';
import { explicitPartition } from './partitioner.js';
import { unsent } from './plain-transport.js';
import { toMessage } from './record-format.js';
import { SEND_RETRY } from './time-outs.js';
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
  private readonly id: string;
  private producer: Producer | null = null;
  /** The next transaction, of which no broker knows yet. */
  private next: Promise<Transaction> | null = null;

  constructor(private readonly options: TransactionalSinkOptions) {
    this.id = transactionalId(options.group, options.input);
  }

  async fence(): Promise<CommittedOffset | null> {
    const { group, input } = this.options;
    const { producer, transaction } = await this.open();
    const committed = await readBehindBarrier(transaction, { transactionalId: this.id, group, at: input });
    this.prepare(producer);
    return committed;
  }

  /**
   * Bumps the epoch of the transactional id, which fences every earlier owner and settles what it left open.
   * @returns the first transaction of the new epoch, with nothing in it
   */
  async takeOver(): Promise<Transaction> {
    return (await this.open()).transaction;
  }

  private async open(): Promise<{ readonly producer: Producer; readonly transaction: Transaction }> {
    void this.discard();
    const { kafka, log } = this.options;
    const producer = createClient(kafka, 'transaction', log).producer({
      transactionalId: this.id,
      transactionTimeout: kafka.transactionTimeoutMs,
      metadataMaxAge: kafka.metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      createPartitioner: explicitPartition,
      retry: SEND_RETRY,
    });
    this.producer = producer;
    return translated(`transactional id ${this.id}: taking over`, async () => {
      await producer.connect();
      if (this.producer !== producer) {
        await producer.disconnect();
        throw new OutcomeUnknownError(`transactional id ${this.id}: given up while connecting`);
      }
      // kafkajs defers InitProducerId to the first transaction.
      const transaction = await producer.transaction();
      if (this.producer !== producer)
        throw new OutcomeUnknownError(`transactional id ${this.id}: given up while taking over`);
      return { producer, transaction };
    });
  }

  async begin(): Promise<CommitUnit> {
    const { producer, next } = this;
    if (producer === null || next === null)
      throw new OutcomeUnknownError(`transactional id ${this.id}: not fenced`);
    this.next = null;
    const transaction = await translated('opening a transaction', () => next);
    return new TransactionUnit(transaction, this.options, () => this.prepare(producer));
  }

  /**
   * Asks for the epoch of the next transaction as soon as the last one is through: there is time, and the partition is
   * surely still ours. An owner that was suspended since and lost it must not ask: that would abort what its successor
   * has open (only the id is compared while a transaction is open). With an epoch of old it is refused instead.
   */
  private prepare(producer: Producer): void {
    // A commit may come through after its producer was given up.
    if (this.producer !== producer) return;
    const { id } = this;
    const next = producer.transaction();
    // Whoever begins the transaction hears of it; a discarded producer has nobody to tell.
    next.catch((error: unknown) => this.options.log.debug({ err: error, id }, 'no next transaction'));
    this.next = next;
  }

  async discard(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    this.next = null;
    // Its connections are all that is left of it; when they are broken already there is nothing to close.
    await producer
      ?.disconnect()
      .catch((error: unknown) => this.options.log.debug({ err: error }, 'closing a discarded producer'));
  }
}

class TransactionUnit implements CommitUnit {
  constructor(
    private readonly transaction: Transaction,
    private readonly options: TransactionalSinkOptions,
    private readonly onCommitted: () => void,
  ) {}

  async send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    const messages = records.map(toMessage);
    const [written] = await whenClosed(
      `topic ${topic}, partition ${partition}: writing ${records.length} records`,
      () =>
        this.transaction.send({
          topic,
          messages,
          acks: -1,
          timeout: this.options.kafka.requestTimeoutMs,
          compression: COMPRESSION_TYPE[this.options.compression ?? 'none'],
        }),
    );
    // Unknown partitions are dropped by kafkajs without a word; a new producer knows more.
    return written === undefined ? unsent(topic, partition) : Number(written.baseOffset);
  }

  async commit(nextOffset: number, metadata: string): Promise<void> {
    const { group, input } = this.options;
    const { topic, partition } = input;
    const doing = `topic ${topic}, partition ${partition}: committing offset ${nextOffset}`;
    const partitions = [{ partition, offset: String(nextOffset), metadata }];
    await whenClosed(doing, () =>
      this.transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions }] }),
    );
    await translated(doing, () => this.transaction.commit());
    this.onCommitted();
  }
}
