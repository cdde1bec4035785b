import { UnusableFileError } from '../errors.js';
import type { EventDecoder } from '../decode/event-decoder.js';
import type { Matrix } from '../detect/detector.js';
import type { TrainingRange } from '../detect/model-file.js';
import type { FeatureBatch, FieldBatch, OffsetRange, Reject, SourceBatch } from '../model.js';
import { columnsOf } from '../record-columns.js';
import { type TimedEvents, eventsPerDay } from './events-per-day.js';
import { sampledEvents } from './sampled-events.js';
import type { EventReading } from './setup.js';

/** Feature vectors to train on, and what could not be used. */
export interface TrainingData extends Matrix {
  readonly rejected: number;
  /** The first that could not be used; null when everything could. */
  readonly firstRejected: RejectedRow | null;
  /** Events there are in a day, as the times of those that were read say it; null where they do not. */
  readonly rowsPerDay: number | null;
  /** The range of the topic that they are a sample of; null where they are no sample. */
  readonly sampled: SampledRange | null;
}

export interface SampledRange {
  readonly range: TrainingRange;
  /** Offsets of the range in all partitions. */
  readonly offsets: number;
  /** Of these, those that were asked for: the sample, or all where there are no more. */
  readonly drawn: number;
  /** Records that were there, fewer than drawn where the log has holes. */
  readonly records: number;
}

/** What was read of each partition, where that is a sample of a range. */
export interface DrawnBlocks {
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  /** In rising order and apart. */
  readonly blocks: ReadonlyMap<number, readonly OffsetRange[]>;
}

export interface RejectedRow {
  /** Of a file, the first is 0; of a topic the offset. */
  readonly row: number;
  readonly message: string;
}

/** Largest training matrix, in numbers (8 bytes each). */
export const TRAINING_NUMBERS_MAX = 100_000_000;

/** What came of one partition, batch by batch. */
interface PartitionRows {
  readonly values: Float64Array[];
  /** Unix ms, of those rows that have a time. */
  readonly times: Float64Array[];
  /** Of the rows that have a time. */
  readonly offsets: Float64Array[];
}

/** Makes training data of batches. The rows are in the order of partitions and offsets, whichever batch came first. */
export class TrainingCollector {
  private readonly partitions = new Map<number, PartitionRows>();
  private rows = 0;
  private rejected = 0;
  private firstRejected: (RejectedRow & { readonly partition: number }) | null = null;

  /** @param fallback where an event has no time of its own: its record's timestamp, or nothing */
  constructor(
    private readonly reading: EventReading,
    private readonly decoder: EventDecoder,
    private readonly source: string,
    private readonly fallback: 'timestamp' | 'none',
  ) {}

  /** Batches of one partition come in their order. */
  async add(batch: SourceBatch, signal: AbortSignal): Promise<void> {
    const fields: FieldBatch = await this.decoder.decode(batch, signal);
    const features = this.reading.features(fields);
    const rows = this.partitions.get(batch.partition) ?? { values: [], times: [], offsets: [] };
    this.partitions.set(batch.partition, rows);
    rows.values.push(features.values.slice(0, features.rows * features.width));
    this.rows += features.rows;
    this.addTimes(rows, batch, fields, features);
    for (const { index, message } of [...fields.rejects, ...features.rejects] satisfies Reject[])
      this.reject(Number(batch.records.at(index)?.offset), message, batch.partition);
    if (this.rows * features.width > TRAINING_NUMBERS_MAX) {
      throw new UnusableFileError(
        `${this.source}: more than ${TRAINING_NUMBERS_MAX} numbers to train on; use a sample`,
      );
    }
  }

  /** Rows of one batch may come in any order. @param partition of a file 0 */
  reject(row: number, message: string, partition = 0): void {
    this.rejected++;
    const first = this.firstRejected;
    if (first === null || partition < first.partition || (partition === first.partition && row < first.row))
      this.firstRejected = { row, message, partition };
  }

  private addTimes(
    rows: PartitionRows,
    batch: SourceBatch,
    fields: FieldBatch,
    features: FeatureBatch,
  ): void {
    const records = columnsOf(batch.records);
    const times = new Float64Array(features.rows);
    const offsets = new Float64Array(features.rows);
    let count = 0;
    for (let i = 0; i < features.rows; i++) {
      const fieldRow = features.row[i] as number;
      const index = fields.source[fieldRow] as number;
      const own = fields.times?.[fieldRow] ?? NaN;
      const time =
        Number.isFinite(own) || this.fallback === 'none' ? own : (records.timestampsMs[index] as number);
      // A cell that was absent or empty was written as 0; a record without a timestamp has -1.
      if (!(time > 0 && time < Infinity)) continue;
      times[count] = time;
      offsets[count++] = records.offsets[index] as number;
    }
    rows.times.push(times.slice(0, count));
    rows.offsets.push(offsets.slice(0, count));
  }

  /** @param sample what was read, where that is a part of what the rate of events is wanted of */
  finish(sample: DrawnBlocks | null = null): Omit<TrainingData, 'sampled'> {
    const { rows, rejected, firstRejected } = this;
    const partitions = [...this.partitions].sort(([a], [b]) => a - b);
    const timed = partitions.map(([partition, { times, offsets }]): TimedEvents => {
      const blocks = sample?.blocks.get(partition);
      const range = sample?.ranges.get(partition);
      const isSample = blocks !== undefined && range !== undefined;
      return {
        times: joined(times),
        sampled: isSample ? sampledEvents(joined(offsets), blocks, range) : null,
      };
    });
    return {
      values: joined(partitions.flatMap(([, { values }]) => values)),
      rows,
      width: this.reading.names.length,
      rejected,
      firstRejected:
        firstRejected === null ? null : { row: firstRejected.row, message: firstRejected.message },
      rowsPerDay: eventsPerDay(timed),
    };
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
