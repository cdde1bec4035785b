import { UnreadableBatchError } from '../errors.js';
import type { TopicPartition, UnreadableBatch } from '../model.js';
import type { FetchedBatch } from './kafkajs/fetched-batch.js';

/** What cannot be read behind a fetched batch; null where all of it could. */
export function unreadableBehind(batch: FetchedBatch): UnreadableBatch | null {
  const { unreadable: facts, fetchedOffset } = batch;
  if (facts === null) return null;
  const offset = Math.max(facts.offset ?? 0, Number(fetchedOffset));
  const { lastOffset } = facts;
  return { ...facts, offset, lastOffset: lastOffset !== null && lastOffset >= offset ? lastOffset : null };
}

/** For whoever reads a topic to its end and cannot. */
export function unreadableError(
  { topic, partition }: TopicPartition,
  batch: UnreadableBatch,
): UnreadableBatchError {
  return new UnreadableBatchError(
    `topic ${topic}, partition ${partition}, offset ${batch.offset}: the batch there cannot be read: ${batch.reason}`,
  );
}
