/**
 * Takes the place of kafkajs's `consumer/batch`, which parses the offset of every record into a BigInt and filters
 * objects four times, and with it of two of its faults:
 *
 * - it takes the aborted transactions in the order in which they ended, at most one a record, and a data record whose
 *   key is four zero bytes for an abort marker: with interleaved transactions aborted records come out as committed ones;
 * - it goes on behind the last record that it got, and asks for ever for a batch that compaction left without records:
 *   here it goes on behind the last batch, as Kafka's own consumer does.
 *
 * A batch that cannot be read makes it a batch that is never empty, so that kafkajs hands it on: see unreadable.ts.
 */
import type { HeaderList } from '../../model.js';
import type { RecordColumns } from '../../record-columns.js';
import type { KafkaJsMessage, ReadBatch, RecordSet, RecordSetParts, UnreadableFacts } from './record-set.js';

interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** A partition of a fetch's answer. */
interface PartitionData {
  readonly partition: number;
  readonly highWatermark: string;
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
  readonly messages: RecordSet;
}

export class FetchedBatch {
  readonly partition: number;
  readonly highWatermark: string;
  /** Those that a reader gets: from the fetched offset on, committed, and no control records. */
  readonly records: RecordColumns;
  readonly unreadable: UnreadableFacts | null;
  readonly messages: readonly KafkaJsMessage[];
  private readonly indices: readonly number[] | null;
  private readonly set: RecordSetParts;
  private readonly first: number | null;
  private readonly last: number | null;

  constructor(
    readonly topic: string,
    readonly fetchedOffset: string,
    { partition, highWatermark, abortedTransactions, messages }: PartitionData,
  ) {
    this.partition = partition;
    this.highWatermark = highWatermark;
    const set = messages.parts;
    this.set = set;
    this.unreadable = set.unreadable;
    const { offsets } = set.records;
    const from = Number(fetchedOffset);
    const aborted = abortedBatches(set.batches, abortedTransactions ?? []);
    const indices: number[] = [];
    let [first, last]: [number | null, number | null] = [null, null];
    for (const batch of set.batches) {
      const isWanted = !batch.isControl && !aborted.has(batch);
      for (let index = batch.from; index < batch.to; index++) {
        const offset = offsets[index] as number;
        // A batch is sent whole, also where the fetch asked for its middle.
        if (offset < from) continue;
        first ??= offset;
        last = offset;
        if (isWanted) indices.push(index);
      }
    }
    if (set.lastOffset !== null && set.lastOffset >= from && set.lastOffset > (last ?? -1)) {
      first ??= set.lastOffset;
      last = set.lastOffset;
    }
    if (set.unreadable !== null) last = Number.MAX_SAFE_INTEGER;
    this.first = first ?? last;
    this.last = last;
    const isWhole = indices.length === set.records.length;
    this.indices = isWhole ? null : indices;
    this.records = isWhole ? set.records : set.records.pick(indices);
    this.messages = lazyMessages(this.records.length + (set.unreadable === null ? 0 : 1), (index) =>
      this.message(index),
    );
  }

  headersOf(index: number): HeaderList {
    return this.set.headersOf(this.indices === null ? index : (this.indices[index] as number));
  }

  isEmpty(): boolean {
    return this.messages.length === 0;
  }

  /** Something came, and nothing of it is for a reader: the position moves all the same. */
  isEmptyDueToFiltering(): boolean {
    return this.isEmpty() && this.isAnything();
  }

  firstOffset(): string | null {
    return this.first === null ? null : String(this.first);
  }

  lastOffset(): string {
    if (this.last !== null) return String(this.last);
    return this.isAnything() ? this.fetchedOffset : String(Number(this.highWatermark) - 1);
  }

  offsetLag(): string {
    return String(Number(this.highWatermark) - 1 - Number(this.lastOffset()));
  }

  offsetLagLow(): string {
    return this.first === null ? '0' : String(Number(this.highWatermark) - 1 - this.first);
  }

  private isAnything(): boolean {
    return this.set.lastOffset !== null || this.set.unreadable !== null;
  }

  /** For kafkajs's runner, and for others who use kafkajs in this process. */
  private message(index: number): KafkaJsMessage {
    return {
      ...(this.records.at(index) ?? NO_RECORD),
      headers: index < this.records.length ? this.headersOf(index) : [],
      isControlRecord: false,
      batchContext: { producerId: '-1', inTransaction: false },
    };
  }
}

/** Stands where nothing more can be read. */
const NO_RECORD = { offset: String(Number.MAX_SAFE_INTEGER), timestamp: '-1', key: null, value: null };

/** A list whose elements are made when they are asked for: of each batch kafkajs asks for the length and the last one. */
function lazyMessages(length: number, make: (index: number) => KafkaJsMessage): readonly KafkaJsMessage[] {
  return new Proxy<KafkaJsMessage[]>([], {
    get: (made, name): unknown => {
      if (name === 'length') return length;
      if (typeof name === 'symbol' || !/^\d+$/.test(name)) return Reflect.get(made, name) as unknown;
      const index = Number(name);
      return index < length ? (made[index] ??= make(index)) : undefined;
    },
    has: (_, name) => typeof name === 'string' && Number(name) < length,
  });
}

/** As Kafka's own consumer finds them: a transaction that was aborted ends with its marker. */
function abortedBatches(
  batches: readonly ReadBatch[],
  transactions: readonly AbortedTransaction[],
): ReadonlySet<ReadBatch> {
  const aborted = new Set<ReadBatch>();
  if (transactions.length === 0) return aborted;
  const begins = transactions
    .map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }))
    .sort((a, b) => a.first - b.first);
  const aborting = new Set<string>();
  let next = 0;
  for (const batch of batches) {
    for (
      let begin = begins[next];
      begin !== undefined && begin.first <= batch.lastOffset;
      begin = begins[++next]
    )
      aborting.add(begin.producerId);
    if (batch.isAbortMarker) aborting.delete(batch.producerId);
    if (batch.inTransaction && aborting.has(batch.producerId)) aborted.add(batch);
  }
  return aborted;
}
