import type { Producer } from 'kafkajs';
import type { Logger } from 'pino';
import type { OutgoingRecord } from '../model.js';
import type { RecordTransport } from '../ports.js';
import { type KafkaConfig, createClient } from './client.js';
import { explicitPartition } from './partitioner.js';
import { toMessage } from './record-format.js';
import { translated } from './translate-errors.js';
import { CompressionTypes } from './kafkajs.js';

export type Compression = 'none' | 'gzip';

/** Writes records outside transactions, acknowledged by all replicas, repeated by kafkajs when that fails. */
export class PlainTransport implements RecordTransport {
  private readonly producer: Producer;
  private closed = false;

  constructor(
    private readonly kafka: KafkaConfig,
    log: Logger,
    private readonly compression: Compression = 'none',
  ) {
    this.producer = createClient(kafka, 'producer', log).producer({
      allowAutoTopicCreation: false,
      createPartitioner: explicitPartition,
      metadataMaxAge: kafka.metadataMaxAgeMs,
    });
  }

  async connect(): Promise<void> {
    await translated(`brokers ${this.kafka.brokers.join(', ')}: connecting`, () => this.producer.connect());
  }

  async send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    const [written] = await translated(`topic ${topic}, partition ${partition}: writing ${records.length} records`, () =>
      this.producer.send({
        topic,
        messages: records.map(toMessage),
        acks: -1,
        timeout: this.kafka.requestTimeoutMs,
        compression: this.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
      }),
    );
    return Number(written?.baseOffset ?? -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.producer.disconnect();
  }
}
