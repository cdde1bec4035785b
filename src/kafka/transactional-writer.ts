import type { Logger } from 'pino';
import type { RecordTransport } from '../ports.js';
import type { KafkaConfig } from './client.js';
import type { Compression } from './compression/compression.js';
import { FencedProducer } from './fenced-producer.js';
import { TransactionTransport } from './transaction-transport.js';
import { translated } from './translate-errors.js';

/**
 * Writes records in transactions without a consumer group's offset: whoever keeps its progress in records of its own.
 * Calls, in order: fence, then any number of writes one after the other; after an error discard, then fence again.
 */
export class TransactionalWriter {
  private readonly producer: FencedProducer;

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly id: string,
    private readonly compression: Compression,
    log: Logger,
  ) {
    this.producer = new FencedProducer(kafka, id, log);
  }

  /** Makes every earlier writer under this id powerless and settles what it left open. @throws OutriderError */
  async fence(): Promise<void> {
    const { transaction, prepareNext } = await this.producer.takeOver();
    await translated(`transactional id ${this.id}: ending an empty transaction`, () => transaction.abort());
    prepareNext();
  }

  /**
   * Everything that is sent becomes visible together, or not at all.
   * @throws OutriderError; the outcome is then unknown
   */
  async write<T>(send: (via: RecordTransport) => Promise<T>): Promise<T> {
    const { transaction, prepareNext } = await this.producer.begin();
    const sent = await send(new TransactionTransport(transaction, this.kafka, this.compression));
    await translated(`transactional id ${this.id}: committing`, () => transaction.commit());
    prepareNext();
    return sent;
  }

  discard(): Promise<void> {
    return this.producer.discard();
  }
}
