import type { HeaderList, SourceRecord } from '../../model.js';
import type { RecordColumns } from '../../record-columns.js';
import { BatchFault } from '../compression/batch-fault.js';

/** What the bytes of one partition in a fetch's answer give. */
export class RecordSet {
  /** @param parts what a set consists of; see RecordSetParts */
  constructor(readonly parts: RecordSetParts) {}

  /**
   * A kafkajs that somebody else loaded before, and that takes its decoder from here, filters what it gets: for it
   * records are the objects that it knows. For ours see fetched-batch.ts.
   */
  filter(isWanted: (message: KafkaJsMessage) => boolean): KafkaJsMessage[] {
    return this.messages().filter(isWanted);
  }

  get length(): number {
    return this.messages().length;
  }

  private messages(): KafkaJsMessage[] {
    const { records, batches, lastOffset, unreadable } = this.parts;
    const messages = batches.flatMap((batch) =>
      Array.from({ length: batch.to - batch.from }, (_, i) => kafkaJsMessage(this, batch.from + i, batch)),
    );
    if (unreadable !== null) throw new BatchFault(unreadable.reason);
    const isEndMissing = lastOffset !== null && lastOffset > (records.offsets.at(-1) ?? -1);
    return isEndMissing ? [...messages, endMark(lastOffset)] : messages;
  }
}

export interface RecordSetParts {
  /** Those of control batches and of aborted transactions among them. */
  readonly records: RecordColumns;
  readonly headersOf: (index: number) => HeaderList;
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

/** A record as kafkajs has it. Headers are a list of pairs here, in the order of the record. */
export interface KafkaJsMessage extends SourceRecord {
  readonly headers: HeaderList;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

/** @param index of the record in the set */
export function kafkaJsMessage(
  { parts }: RecordSet,
  index: number,
  { isControl, producerId, inTransaction }: ReadBatch,
): KafkaJsMessage {
  return {
    ...(parts.records.at(index) as SourceRecord),
    headers: parts.headersOf(index),
    isControlRecord: isControl,
    batchContext: { producerId, inTransaction },
  };
}

/** No record: it says how far a set goes, and is passed over like a control record. */
function endMark(lastOffset: number): KafkaJsMessage {
  return {
    offset: String(lastOffset),
    timestamp: '-1',
    key: null,
    value: null,
    headers: [],
    isControlRecord: true,
    batchContext: { producerId: '-1', inTransaction: false },
  };
}
