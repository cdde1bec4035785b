/**
 * Parts of kafkajs 2.2.4 that are replaced before it is loaded, because what they do cannot be mended from outside:
 *
 * - `consumer/filterAbortedMessages` takes the aborted transactions in the order in which they ended, at most one a
 *   record, and takes a data record whose key is four zero bytes for an abort marker: with interleaved transactions
 *   aborted records come out as committed ones.
 * - `recordBatch/record/v0/decoder` copies all headers for each header, so that one event with thousands of them
 *   blocks the process for minutes; it loses their order, and confuses `constructor` and `__proto__` with values.
 */

import { BatchFault } from '../compression/batch-fault.js';
import { VarintReader } from './varint-reader.js';

/** What a fetched record is to kafkajs. Headers are a list of pairs here, in the order of the record. */
export interface DecodedRecord {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

export interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
  readonly isControlBatch: boolean;
  readonly inTransaction: boolean;
  readonly producerId: string;
  /** The first two as numbers, filled in at the first record. */
  base?: { readonly offset: number; readonly timestamp: number };
}

interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** KIP-98: a control record's key is a version and a type, two bytes each; type 0 is an abort marker. */
function isAbortMarker({ isControlRecord, key }: DecodedRecord): boolean {
  return isControlRecord && key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
}

/** The records that belong to no aborted transaction; control records stay, kafkajs drops them itself. */
export function withoutAborted({
  messages,
  abortedTransactions,
}: {
  messages: DecodedRecord[];
  abortedTransactions?: readonly AbortedTransaction[] | null;
}): DecodedRecord[] {
  if (abortedTransactions == null || abortedTransactions.length === 0) return messages;
  const begins = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }))
    .sort((a, b) => a.first - b.first);
  const aborting = new Set<string>();
  let next = 0;
  return messages.filter((message) => {
    const offset = Number(message.offset);
    for (let begin = begins[next]; begin !== undefined && offset >= begin.first; begin = begins[++next]) {
      aborting.add(begin.producerId);
    }
    const { producerId, inTransaction } = message.batchContext;
    if (isAbortMarker(message)) aborting.delete(producerId);
    return message.isControlRecord || !inTransaction || !aborting.has(producerId);
  });
}

const LOG_APPEND_TIME = 1;
const NO_HEADERS: DecodedRecord['headers'] = [];

/**
 * Hot path: one record of a batch, format version 2 (Kafka protocol guide, "Record").
 * @param reader behind the record's length
 * @param end where that says that the record ends
 * @throws BatchFault where its fields do not fill it
 */
export function decodeRecord(reader: VarintReader, end: number, context: BatchContext): DecodedRecord {
  const base = (context.base ??= {
    offset: Number(context.firstOffset),
    timestamp: Number(context.firstTimestamp),
  });
  const attributes = reader.byte();
  const timestampDelta = reader.next();
  const offset = base.offset + reader.next();
  const key = reader.bytes();
  const value = reader.bytes();
  const count = reader.next();
  let headers = NO_HEADERS;
  if (count > 0) {
    const list: [string, Buffer | null][] = [];
    for (let i = 0; i < count && reader.at < end; i++) {
      list.push([reader.bytes()?.toString('utf8') ?? '', reader.bytes()]);
    }
    headers = list;
  }
  if (reader.at !== end || headers.length !== count)
    throw new BatchFault('a record is not as long as its fields');
  const isAppendTime = context.timestampType === LOG_APPEND_TIME && context.maxTimestamp !== '';
  return {
    magicByte: context.magicByte,
    attributes,
    timestamp: isAppendTime ? context.maxTimestamp : String(base.timestamp + timestampDelta),
    offset: String(offset),
    key,
    value,
    headers,
    isControlRecord: context.isControlBatch,
    batchContext: context,
  };
}
