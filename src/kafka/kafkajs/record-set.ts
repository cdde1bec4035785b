import type { HeaderList } from '../../model.js';
import type { RecordColumns } from '../../record-columns.js';

/** What the bytes of one partition in a fetch's answer give. */
export interface RecordSet {
  /** Those of control batches and of aborted transactions among them. */
  readonly records: RecordColumns;
  headersOf(index: number): HeaderList;
  readonly batches: readonly ReadBatch[];
  /**
   * Of the last batch that was read, which may end behind its last record: compaction keeps the last batch of a producer
   * though nothing is left in it (Javadoc of Kafka's DefaultRecordBatch, "On Compaction"). Null where none was read.
   */
  readonly lastOffset: number | null;
  /** Why there is no more behind that; null where there is no reason but the size of the answer. */
  readonly unreadable: UnreadableFacts | null;
}

/** One record batch of a set. */
export interface ReadBatch {
  /** Its records: [from, to) of the set's. */
  readonly from: number;
  readonly to: number;
  readonly lastOffset: number;
  readonly isControl: boolean;
  /** Whether it says that its producer's transaction was aborted (KIP-98). */
  readonly isAbortMarker: boolean;
  readonly inTransaction: boolean;
  readonly producerId: string;
}

/** Why there are no more records of a partition in an answer, as far as whoever takes a batch apart can know. */
export interface UnreadableFacts {
  /** Everything before was given out; null where nothing was, and the reading stands where it stood. */
  readonly offset: number | null;
  /** Of the batch; null where its header cannot be believed. */
  readonly lastOffset: number | null;
  readonly reason: string;
  /** What led to it, in the words of a library: for the log alone. */
  readonly cause?: string;
}
