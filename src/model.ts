/**
 * The vocabulary that stages, ports and processes share. Offsets are numbers: Kafka's are below 2^53 in practice, and
 * the hot path has no BigInt.
 */

/** Header names to values, in the order in which they stood; a name may occur more than once. */
export type HeaderList = readonly (readonly [name: string, value: Buffer | null])[];

/** A record as it stood on a topic. */
export interface SourceRecord {
  readonly offset: string;
  /** Append or create time, Unix ms as text, as the broker gave it. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/**
 * Records in their order: a list of objects, or columns that make an object of a record when it is asked for
 * (record-columns.ts).
 */
export interface SourceRecords extends Iterable<SourceRecord> {
  readonly length: number;
  at(index: number): SourceRecord | undefined;
}

/** Consecutive records of one partition. */
export interface SourceBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: SourceRecords;
  /** Headers of a record; asked only for records that cause output. */
  headersOf(index: number): HeaderList;
  /** The offset the fetch asked for. */
  readonly fetchedOffset: number;
  /** The offset after everything in the batch, control records included. */
  readonly nextOffset: number;
  readonly highWatermark: number;
}

/** Offsets of a partition: `from` is one of them, `to` is not any more. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** A record batch that stops its partition: it is corrupt, cut short, or larger than is allowed. */
export interface UnreadableBatch {
  /** Everything before was read, nothing from here on. */
  readonly offset: number;
  /** Of the batch; null where its header cannot be believed. */
  readonly lastOffset: number | null;
  readonly reason: string;
  /** What led to it, in the words of a library: for the log alone. */
  readonly cause?: string;
}

export type DeadLetterReason =
  | 'undecodable'
  | 'unknown-schema'
  | 'feature-missing'
  | 'feature-not-finite'
  | 'too-large'
  | 'detector-failed';

/** A record that cannot be scored: data for the dead-letter topic, not an exception. */
export interface Reject {
  /** Index of the record in its batch. */
  readonly index: number;
  readonly reason: DeadLetterReason;
  readonly message: string;
}

/**
 * Decoded fields of a batch. `fields` is row-major, rows × width. `missing` has a 1 where a field was null or absent
 * (its number is then NaN), or is null when nothing is missing in the whole batch.
 */
export interface FieldBatch {
  rows: number;
  readonly width: number;
  readonly fields: Float64Array;
  missing: Uint8Array | null;
  /** Index in the source batch, one per row. */
  readonly source: Int32Array;
  /** Entity text of a row (asked for anomalies only), or null when the record's key names the entity. */
  readonly entityOf: ((row: number) => string | null) | null;
  /** Event time per row in Unix ms, or null when the record's timestamp is the event time. */
  readonly times: Float64Array | null;
  readonly rejects: Reject[];
  tombstones: number;
}

/** Feature vectors of a batch: row-major, rows × width, every value finite. */
export interface FeatureBatch {
  readonly rows: number;
  readonly width: number;
  readonly values: Float64Array;
  /** Row of the FieldBatch, one per feature row. */
  readonly row: Int32Array;
  readonly rejects: Reject[];
}

/** A record to be written. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: HeaderList;
  /** Unix ms. */
  readonly timestampMs?: number;
}

/** Where a record was written. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Which detector gives the verdicts; part of every anomaly and of its id. */
export interface ModelIdentity {
  readonly detector: string;
  readonly name: string;
  readonly version: string;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Unix ms; the tests pass their own. */
export type Clock = () => number;
