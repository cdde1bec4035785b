/**
 * kafkajs goes on behind the last record of an answer, and where there is none it asks for the same again, for ever.
 * Compaction leaves batches that end behind their last record: it keeps the last batch of a producer though nothing is
 * left in it (Javadoc of Kafka's DefaultRecordBatch, "On Compaction"). Kafka's own consumer goes by the offsets in their headers; here this stands
 * for them, which kafkajs passes over like a control record.
 */
export interface EndMark {
  readonly offset: string;
  readonly isControlRecord: true;
  readonly key: null;
  readonly value: null;
  readonly batchContext: { readonly producerId: '-1'; readonly inTransaction: false };
}

/** @param lastOffset of the last batch that was read */
export function endMark(lastOffset: number): EndMark {
  return {
    offset: String(lastOffset),
    isControlRecord: true,
    key: null,
    value: null,
    batchContext: { producerId: '-1', inTransaction: false },
  };
}
