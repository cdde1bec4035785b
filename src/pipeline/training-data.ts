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
import type { FeatureBatch, FieldBatch, Reject, SourceBatch } from '../model.js';
import { EventDecoder } from '../decode/event-decoder.js';
import { RegistryClient } from '../decode/registry-client.js';
import { eventsPerDay } from './events-per-day.js';
import { type EventReading, prepareDecoder, prepareReading } from './setup.js';

/** Feature vectors to train on, and what could not be used. */
export interface TrainingData extends Matrix {
  readonly rejected: number;
  /** The first that could not be used; null when everything could. */
  readonly firstRejected: RejectedRow | null;
  /** Events there are in a day, as the times of those that were read say it; null where they do not. */
  readonly rowsPerDay: number | null;
}

export interface RejectedRow {
  /** Of a file, the first is 0; of a topic the offset. */
  readonly row: number;
  readonly message: string;
}

/** Largest training matrix, in numbers (8 bytes each). */
export const TRAINING_NUMBERS_MAX = 100_000_000;

class Collector {
  private readonly chunks: Float64Array[] = [];
  private readonly times = new Map<number, Float64Array[]>();
  private rows = 0;
  private rejected = 0;
  private firstRejected: RejectedRow | null = null;

  /** @param fallback where an event has no time of its own: its record's timestamp, or nothing */
  constructor(
    private readonly reading: EventReading,
    private readonly decoder: EventDecoder,
    private readonly source: string,
    private readonly fallback: 'timestamp' | 'none',
  ) {}

  async add(batch: SourceBatch, signal: AbortSignal): Promise<void> {
    const fields: FieldBatch = await this.decoder.decode(batch, signal);
    const features = this.reading.features(fields);
    this.chunks.push(features.values.slice(0, features.rows * features.width));
    this.rows += features.rows;
    this.addTimes(batch, fields, features);
    for (const { index, message } of [...fields.rejects, ...features.rejects] satisfies Reject[])
      this.reject(Number(batch.records.at(index)?.offset), message);
    if (this.rows * features.width > TRAINING_NUMBERS_MAX) {
      throw new UnusableFileError(
        `${this.source}: more than ${TRAINING_NUMBERS_MAX} numbers to train on; use a sample`,
      );
    }
  }

  /** Rows of one batch may come in any order. */
  reject(row: number, message: string): void {
    this.rejected++;
    if (this.firstRejected === null || (this.fallback === 'none' && row < this.firstRejected.row))
      this.firstRejected = { row, message };
  }

  private addTimes(batch: SourceBatch, fields: FieldBatch, features: FeatureBatch): void {
    const times = new Float64Array(features.rows);
    let count = 0;
    for (let i = 0; i < features.rows; i++) {
      const fieldRow = features.row[i] as number;
      const own = fields.times?.[fieldRow] ?? NaN;
      const time =
        Number.isFinite(own) || this.fallback === 'none'
          ? own
          : Number(batch.records.at(fields.source[fieldRow] as number)?.timestamp);
      // A cell that was absent or empty was written as 0; a record without a timestamp has -1.
      if (time > 0 && time < Infinity) times[count++] = time;
    }
    const ofPartition = this.times.get(batch.partition) ?? [];
    ofPartition.push(times.slice(0, count));
    this.times.set(batch.partition, ofPartition);
  }

  finish(): TrainingData {
    const { rows, rejected, firstRejected } = this;
    const width = this.reading.names.length;
    const rowsPerDay = eventsPerDay([...this.times.values()].map(joined));
    return { values: joined(this.chunks), rows, width, rejected, firstRejected, rowsPerDay };
  }
}

function joined(chunks: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** A file to learn from. */
export interface TrainingFile {
  readonly rows: AsyncIterable<Row>;
  /** Names it in errors. */
  readonly name: string;
  readonly map: ColumnMap;
}

/**
 * @param reading for `training`
 * @throws UnusableFileError when the file cannot be read
 */
export async function trainingDataFromFile(
  { rows, name, map }: TrainingFile,
  config: Config,
  reading: EventReading,
  signal: AbortSignal,
): Promise<TrainingData> {
  const collector = new Collector(reading, fileDecoder(config, reading), name, 'none');
  // Nobody has to have the time: where it is absent it is empty, and not a reason to do without the row.
  const { plan } = prepareReading(config, 'features');
  for await (const { batch, rejected } of fileBatches(rows, map, reading.reader, plan)) {
    signal.throwIfAborted();
    for (const { row, message } of rejected) collector.reject(row, message);
    await collector.add(batch, signal);
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

/**
 * The last events of the input topic, as many of each partition.
 * @param reading for `training`
 * @param onRead is told how many records were read so far, and of how many
 * @throws OutriderError
 */
export async function trainingDataFromTopic(
  last: number,
  config: Config,
  reading: EventReading,
  log: Logger,
  signal: AbortSignal,
  onRead: (done: number, total: number) => void = () => undefined,
): Promise<TrainingData> {
  const { topic } = config.input;
  const { encoding, registry } = config.input;
  if (encoding === 'confluent' && registry !== null) await new RegistryClient(registry).ping(signal);
  let waiting: string | null = null;
  const onWaiting = (reason: string | null): void => {
    if (reason !== null && reason !== waiting) log.warn({ reason }, 'waiting for the schema registry');
    waiting = reason;
  };
  const decoder = prepareDecoder(config, reading, { onWaiting });
  const collector = new Collector(reading, decoder, `topic ${topic}`, 'timestamp');
  await using admin = new KafkaAdmin(config.kafka, log);
  await admin.partitionCount(topic);
  const ranges = await admin.range(topic);
  const each = Math.ceil(last / ranges.size);
  const from = new Map(
    [...ranges].map(([partition, { low, high }]) => [partition, Math.max(low, high - each)]),
  );
  const to = new Map([...ranges].map(([partition, { high }]) => [partition, high]));
  const total = [...to].reduce((sum, [partition, end]) => sum + end - (from.get(partition) ?? end), 0);
  let done = 0;
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
    await collector.add(batch, signal);
    done += batch.records.length;
    onRead(done, total);
  }
  signal.throwIfAborted();
  return collector.finish();
}
