import { pino } from 'pino';
import { KafkaAdmin } from '../kafka/admin.js';
import type { KafkaConfig } from '../kafka/client.js';
import { localKafka } from '../kafka/local-config.js';
import { keyPartitioner } from '../kafka/partitioner.js';
import type { Compression } from '../kafka/compression/compression.js';
import { PlainTransport } from '../kafka/plain-transport.js';
import type { Delivery, HeaderList } from '../model.js';
import { Producer } from '../publish/producer.js';

export interface CreateProducerOptions {
  readonly brokers: readonly string[];
  /** TLS, SASL and time-outs, as in the configuration file's `kafka`. */
  readonly kafka?: Partial<Omit<KafkaConfig, 'brokers'>>;
  readonly compression?: Compression;
  /** How long a record waits for company, in ms. Default 5. */
  readonly lingerMs?: number;
}

export interface RecordToSend {
  readonly topic: string;
  /** Without one: by the key, as Kafka's own clients choose; records without a key go round. */
  readonly partition?: number;
  readonly key?: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: HeaderList;
  /** Unix ms; the broker's or the client's clock where there is none. */
  readonly timestampMs?: number;
}

/** Writes records to any number of topics, acknowledged by all in-sync replicas, at least once. */
export interface RecordProducer extends AsyncDisposable {
  /** @returns where the record stands. @throws OutriderError when it could not be written */
  send(record: RecordToSend): Promise<Delivery>;
  /** Resolves when everything sent so far was delivered or has failed. */
  flush(): Promise<void>;
  /** Flushes and lets go of the connections. */
  close(): Promise<void>;
}

/** @throws UnreachableError naming the addresses */
export async function createProducer({
  brokers,
  kafka,
  compression,
  lingerMs,
}: CreateProducerOptions): Promise<RecordProducer> {
  const config: KafkaConfig = { ...localKafka(brokers), ...kafka, brokers };
  const log = pino({ level: 'silent' });
  const admin = new KafkaAdmin(config, log);
  const transport = new PlainTransport(config, log, compression);
  await transport.connect();
  const topics = new Map<string, Promise<{ partitions: number; batchBytesMax: number }>>();
  const limits = new Map<string, number>();
  const producer = new Producer({
    transport,
    batchBytesMax: (topic) => limits.get(topic) ?? 0,
    ...(lingerMs === undefined ? {} : { lingerMs }),
  });
  const choose = keyPartitioner();

  const describe = async (topic: string): Promise<{ partitions: number; batchBytesMax: number }> => {
    const partitions = await admin.partitionCount(topic);
    const batchBytesMax = await admin.maxMessageBytes(topic);
    limits.set(topic, batchBytesMax);
    return { partitions, batchBytesMax };
  };
  const close = async (): Promise<void> => {
    await producer[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
    await admin[Symbol.asyncDispose]();
  };
  return {
    async send({ topic, partition, key, value, headers, timestampMs }) {
      let known = topics.get(topic);
      if (known === undefined) {
        known = describe(topic);
        known.catch(() => topics.delete(topic));
        topics.set(topic, known);
      }
      const { partitions } = await known;
      const keyBytes = key === undefined || key === null ? null : Buffer.from(key);
      return producer.send({
        topic,
        partition: partition ?? choose(keyBytes, partitions),
        key: keyBytes,
        value,
        headers: headers ?? [],
        ...(timestampMs === undefined ? {} : { timestampMs }),
      });
    },
    flush: () => producer.flush(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
