import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Matrix } from '../detect/detector.js';
import { UnusableFileError } from '../errors.js';
import type { ColumnMap } from '../files/column-map.js';
import { fileBatches } from '../files/file-batches.js';
import type { Row } from '../files/read-rows.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import { readTopic } from '../kafka/topic-reader.js';
import type { FieldBatch, Reject, SourceBatch } from '../model.js';
import { EventDecoder } from '../decode/event-decoder.js';
import { RegistryClient } from '../decode/registry-client.js';
import { type EventReading, prepareDecoder } from './setup.js';

/** Feature vectors to train on, and what could not be used. */
export interface TrainingData extends Matrix {
  readonly rejected: number;
  /** The first reason that something could not be used; null when everything could. */
  readonly firstReason: string | null;
}

/** Largest training matrix, in numbers (8 bytes each). */
export const TRAINING_NUMBERS_MAX = 100_000_000;

class Collector {
  private readonly chunks: Float64Array[] = [];
  rows = 0;
  rejected = 0;
  firstReason: string | null = null;

  constructor(
    private readonly reading: EventReading,
    private readonly source: string,
  ) {}

  async add(decoder: EventDecoder, batch: SourceBatch, signal: AbortSignal): Promise<void> {
    const fields: FieldBatch = await decoder.decode(batch, signal);
    const features = this.reading.features(fields);
    this.chunks.push(features.values.slice(0, features.rows * features.width));
    this.rows += features.rows;
    for (const { message } of [...fields.rejects, ...features.rejects] satisfies Reject[])
      this.reject(message);
    if (this.rows * features.width > TRAINING_NUMBERS_MAX) {
      throw new UnusableFileError(
        `${this.source}: more than ${TRAINING_NUMBERS_MAX} numbers to train on; use a sample`,
      );
    }
  }

  reject(message: string): void {
    this.rejected++;
    this.firstReason ??= message;
  }

  finish(): TrainingData {
    const width = this.reading.names.length;
    const values = new Float64Array(this.rows * width);
    let at = 0;
    for (const chunk of this.chunks) {
      values.set(chunk, at);
      at += chunk.length;
    }
    return { values, rows: this.rows, width, rejected: this.rejected, firstReason: this.firstReason };
  }
}

/**
 * @param rows of the file, as it is read
 * @param file names it in errors
 * @throws UnusableFileError when the file cannot be read
 */
export async function trainingDataFromFile(
  rows: AsyncIterable<Row>,
  file: string,
  map: ColumnMap,
  config: Config,
  reading: EventReading,
  signal: AbortSignal,
): Promise<TrainingData> {
  const collector = new Collector(reading, file);
  const decoder = fileDecoder(config, reading);
  for await (const { batch, rejected } of fileBatches(rows, map, reading.reader, reading.plan)) {
    signal.throwIfAborted();
    for (const { message } of rejected) collector.reject(message);
    await collector.add(decoder, batch, signal);
  }
  return collector.finish();
}

/** A decoder for what fileBatches makes: bodies without a frame. */
export function fileDecoder(config: Config, { reader, plan }: EventReading): EventDecoder {
  const schemas = { find: () => Promise.resolve(new Map()) };
  return new EventDecoder({
    encoding: 'raw',
    reader,
    plan,
    schemas,
    maxEventBytes: config.input.maxEventBytes,
  });
}

/** The last events of the input topic, as many of each partition. @throws OutriderError */
export async function trainingDataFromTopic(
  last: number,
  config: Config,
  reading: EventReading,
  log: Logger,
  signal: AbortSignal,
): Promise<TrainingData> {
  const { topic } = config.input;
  const collector = new Collector(reading, `topic ${topic}`);
  const { encoding, registry } = config.input;
  if (encoding === 'confluent' && registry !== null) await new RegistryClient(registry).ping(signal);
  let waiting: string | null = null;
  const onWaiting = (reason: string | null): void => {
    if (reason !== null && reason !== waiting) log.warn({ reason }, 'waiting for the schema registry');
    waiting = reason;
  };
  const decoder = prepareDecoder(config, reading, { onWaiting });
  await using admin = new KafkaAdmin(config.kafka, log);
  await admin.partitionCount(topic);
  const ranges = await admin.range(topic);
  const each = Math.ceil(last / ranges.size);
  const from = new Map(
    [...ranges].map(([partition, { low, high }]) => [partition, Math.max(low, high - each)]),
  );
  const to = new Map([...ranges].map(([partition, { high }]) => [partition, high]));
  allowBatchBytes(config.input.maxBatchBytes);
  for await (const batch of readTopic({
    kafka: config.kafka,
    topic,
    groupPrefix: `${config.group}.train`,
    from,
    to,
    log,
    signal,
  })) {
    await collector.add(decoder, batch, signal);
  }
  signal.throwIfAborted();
  return collector.finish();
}
