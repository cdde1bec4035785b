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
 * A record for kafkajs, which keeps headers in an object: the order between different names is lost, a null value
 * cannot be written. Without a prototype the names `constructor` and `__proto__` stay names.
 */
export function toMessage(record: OutgoingRecord): Message {
  const message: Message = { key: record.key, value: record.value, partition: record.partition };
  if (record.timestampMs !== undefined) message.timestamp = String(record.timestampMs);
  if (record.headers.length > 0) message.headers = headerObject(record.headers);
  return message;
}

function headerObject(headers: HeaderList): IHeaders {
  const object = Object.create(null) as Record<string, Buffer[]>;
  for (const [name, value] of headers) (object[name] ??= []).push(value ?? EMPTY);
  return object;
}

const EMPTY = Buffer.alloc(0);
