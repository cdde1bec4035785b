import type { Transaction } from 'kafkajs';
import type { OutgoingRecord } from '../model.js';
import type { RecordTransport } from '../ports.js';
import type { KafkaConfig } from './client.js';
import { COMPRESSION_TYPE } from './compression-type.js';
import type { Compression } from './compression/compression.js';
import { whenClosed } from './concurrent-transactions.js';
import { unsent } from './plain-transport.js';
import { toMessage } from './record-format.js';

/** Writes records that become visible when their transaction is committed. */
export class TransactionTransport implements RecordTransport {
  constructor(
    private readonly transaction: Transaction,
    private readonly kafka: KafkaConfig,
    private readonly compression: Compression,
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
          timeout: this.kafka.requestTimeoutMs,
          compression: COMPRESSION_TYPE[this.compression],
        }),
    );
    // Unknown partitions are dropped by kafkajs without a word; a new producer knows more.
    return written === undefined ? unsent(topic, partition) : Number(written.baseOffset);
  }
}
