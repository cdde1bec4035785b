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

/**
 * kafkajs has no place for a fact of a partition in a fetch's answer but its records: so the last one of them may be
 * this, which is no record. Its offset lets it through the filter for what stands before the fetched offset.
 */
export interface UnreadableMark {
  readonly offset: string;
  readonly unreadable: UnreadableFacts;
  readonly isControlRecord: false;
  readonly key: null;
  readonly value: null;
  readonly batchContext: { readonly producerId: '-1'; readonly inTransaction: false };
}

export function unreadableMark(unreadable: UnreadableFacts): UnreadableMark {
  return {
    offset: String(Number.MAX_SAFE_INTEGER),
    unreadable,
    isControlRecord: false,
    key: null,
    value: null,
    batchContext: { producerId: '-1', inTransaction: false },
  };
}

/** @param message the last one of a batch of kafkajs's */
export function unreadableFacts(message: object | undefined): UnreadableFacts | null {
  return (message as Partial<UnreadableMark> | undefined)?.unreadable ?? null;
}
