import type { Producer } from 'kafkajs';
import type { Logger } from 'pino';
import { MissingRemoteError } from '../errors.js';
import type { OutgoingRecord } from '../model.js';
import type { RecordTransport } from '../ports.js';
import { type KafkaConfig, createClient } from './client.js';
import { COMPRESSION_TYPE } from './compression-type.js';
import type { Compression } from './compression/compression.js';
import { explicitPartition } from './partitioner.js';
import { toMessage } from './record-format.js';
import { translated } from './translate-errors.js';

/** Writes records outside transactions, acknowledged by all replicas, repeated by kafkajs when that fails. */
export class PlainTransport implements RecordTransport {
  private producer: Producer;
  private closed = false;

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly log: Logger,
    private readonly compression: Compression = 'none',
  ) {
    this.producer = this.newProducer();
  }

  async connect(): Promise<void> {
    await translated(`brokers ${this.kafka.brokers.join(', ')}: connecting`, () => this.producer.connect());
  }

  async send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    const baseOffset = await this.trySend(topic, partition, records);
    if (baseOffset !== null) return baseOffset;
    // The partition is younger than what this producer knows of the topic: a new one asks again.
    const stale = this.producer;
    this.producer = this.newProducer();
    await this.connect();
    void stale.disconnect();
    return (await this.trySend(topic, partition, records)) ?? unsent(topic, partition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.producer.disconnect();
  }

  /** @returns null when kafkajs did not know the partition: it then drops the records without a word */
  private async trySend(
    topic: string,
    partition: number,
    records: readonly OutgoingRecord[],
  ): Promise<number | null> {
    const [written] = await translated(
      `topic ${topic}, partition ${partition}: writing ${records.length} records`,
      () =>
        this.producer.send({
          topic,
          messages: records.map(toMessage),
          acks: -1,
          timeout: this.kafka.requestTimeoutMs,
          compression: COMPRESSION_TYPE[this.compression],
        }),
    );
    return written === undefined ? null : Number(written.baseOffset);
  }

  private newProducer(): Producer {
    return createClient(this.kafka, 'producer', this.log).producer({
      allowAutoTopicCreation: false,
      createPartitioner: explicitPartition,
      metadataMaxAge: this.kafka.metadataMaxAgeMs,
    });
  }
}

/** @throws MissingRemoteError */
export function unsent(topic: string, partition: number): never {
  throw new MissingRemoteError(
    `topic ${topic}, partition ${partition}: there is no such partition, or it has no leader`,
  );
}
