import type { EachBatchPayload, IHeaders, Message } from 'kafkajs';
import type { HeaderList, OutgoingRecord, SourceBatch, UnreadableBatch } from '../model.js';

/**
 * A fetched batch as it is: the messages are passed on, not copied.
 * @param unreadable what stands behind the batch, whose mark is then its last message; see unreadable.ts
 */
export function toSourceBatch(
  batch: EachBatchPayload['batch'],
  unreadable: UnreadableBatch | null,
): SourceBatch {
  const messages = unreadable === null ? batch.messages : batch.messages.slice(0, -1);
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: messages,
    headersOf: (index) => headerList(messages[index]?.headers),
    // kafkajs has it on the batch, its typings do not.
    fetchedOffset: Number((batch as unknown as { readonly fetchedOffset: string }).fetchedOffset),
    nextOffset: unreadable?.offset ?? Number(batch.lastOffset()) + 1,
    highWatermark: Number(batch.highWatermark),
  };
}

/** The repaired decoder (kafkajs/decoding.ts) gives headers as a list of pairs, whatever kafkajs's typings say. */
export function headerList(headers: IHeaders | undefined): HeaderList {
  return (headers ?? []) as unknown as HeaderList;
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
