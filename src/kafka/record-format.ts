import type { EachBatchPayload, IHeaders, Message } from 'kafkajs';
import type { OutgoingRecord, SourceBatch, UnreadableBatch } from '../model.js';
import type { FetchedBatch } from './kafkajs/fetched-batch.js';

/** What kafkajs hands to an eachBatch is made by the repair in kafkajs/fetched-batch.ts, whatever its typings say. */
export function fetchedBatch(batch: EachBatchPayload['batch']): FetchedBatch {
  return batch as unknown as FetchedBatch;
}

/**
 * A fetched batch as it is: nothing is copied.
 * @param unreadable what stands behind the batch; see unreadable.ts
 */
export function toSourceBatch(batch: FetchedBatch, unreadable: UnreadableBatch | null): SourceBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: batch.records,
    headersOf: (index) => batch.headersOf(index),
    fetchedOffset: Number(batch.fetchedOffset),
    nextOffset: unreadable?.offset ?? Number(batch.lastOffset()) + 1,
    highWatermark: Number(batch.highWatermark),
  };
}

/**
 * A record for kafkajs. Headers are a list of pairs, which the repaired encoder (kafkajs/encoding.ts) takes as it is:
 * their order is kept, and the names `constructor` and `__proto__` stay names. A null value is written empty.
 */
export function toMessage(record: OutgoingRecord): Message {
  const message: Message = { key: record.key, value: record.value, partition: record.partition };
  if (record.timestampMs !== undefined) message.timestamp = String(record.timestampMs);
  if (record.headers.length > 0)
    message.headers = record.headers.map(([name, value]) => [name, value ?? EMPTY]) as unknown as IHeaders;
  return message;
}

const EMPTY = Buffer.alloc(0);
