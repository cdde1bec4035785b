import type { Producer, Transaction } from 'kafkajs';
import type { Logger } from 'pino';
import { OutcomeUnknownError } from '../errors.js';
import { type KafkaConfig, createClient } from './client.js';
import { explicitPartition } from './partitioner.js';
import { SEND_RETRY } from './time-outs.js';
import { translated } from './translate-errors.js';

/** A transaction that was begun. */
export interface Begun {
  readonly transaction: Transaction;
  /** To be called once it is through: asks for the epoch of the next one. */
  readonly prepareNext: () => void;
}

/**
 * Transactions under one transactional id, one after the other, each under an epoch of its own. Whoever takes the id
 * over last is the only one that can commit. After any error of unknown outcome: discard, and take over again.
 */
export class FencedProducer {
  private producer: Producer | null = null;
  /** The next transaction, of which no broker knows yet. */
  private next: Promise<Transaction> | null = null;

  constructor(
    private readonly kafka: KafkaConfig,
    readonly id: string,
    private readonly log: Logger,
  ) {}

  /**
   * Bumps the epoch of the transactional id, which fences every earlier owner and settles what it left open.
   * @returns the first transaction of the new epoch, with nothing in it
   * @throws OutriderError
   */
  async takeOver(): Promise<Begun> {
    void this.discard();
    const { kafka, id, log } = this;
    const producer = createClient(kafka, 'transaction', log).producer({
      transactionalId: id,
      transactionTimeout: kafka.transactionTimeoutMs,
      metadataMaxAge: kafka.metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      createPartitioner: explicitPartition,
      retry: SEND_RETRY,
    });
    this.producer = producer;
    return translated(`transactional id ${id}: taking over`, async () => {
      await producer.connect();
      if (this.producer !== producer) {
        await producer.disconnect();
        throw new OutcomeUnknownError(`transactional id ${id}: given up while connecting`);
      }
      // kafkajs defers InitProducerId to the first transaction.
      const transaction = await producer.transaction();
      if (this.producer !== producer)
        throw new OutcomeUnknownError(`transactional id ${id}: given up while taking over`);
      return { transaction, prepareNext: () => this.prepare(producer) };
    });
  }

  /** The transaction that was prepared. @throws OutcomeUnknownError where none was */
  async begin(): Promise<Begun> {
    const { producer, next } = this;
    if (producer === null || next === null)
      throw new OutcomeUnknownError(`transactional id ${this.id}: not fenced`);
    this.next = null;
    const transaction = await translated('opening a transaction', () => next);
    return { transaction, prepareNext: () => this.prepare(producer) };
  }

  /** Lets go of connections without ending what is open. May be called twice. */
  async discard(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    this.next = null;
    // Its connections are all that is left of it; when they are broken already there is nothing to close.
    await producer
      ?.disconnect()
      .catch((error: unknown) => this.log.debug({ err: error }, 'closing a discarded producer'));
  }

  /**
   * Asks for the epoch of the next transaction as soon as the last one is through: there is time, and the partition is
   * surely still ours. An owner that was suspended since and lost it must not ask: that would abort what its successor
   * has open (only the id is compared while a transaction is open). With an epoch of old it is refused instead.
   */
  private prepare(producer: Producer): void {
    // A commit may come through after its producer was given up.
    if (this.producer !== producer) return;
    const { id, log } = this;
    const next = producer.transaction();
    // Whoever begins the transaction hears of it; a discarded producer has nobody to tell.
    next.catch((error: unknown) => log.debug({ err: error, id }, 'no next transaction'));
    this.next = next;
  }
}
