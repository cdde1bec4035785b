import type { DeadLetterReason, HeaderList, OutgoingRecord, SourceBatch } from '../model.js';
import type { Output, ScoredRows } from '../publish/publisher.js';
import { columnsOf } from '../record-columns.js';
import { recordBytes } from '../publish/record-size.js';

/** What a commit counts. */
export type UnitFacts = Pick<
  PendingOutput,
  | 'events'
  | 'scored'
  | 'tombstones'
  | 'anomalies'
  | 'alreadyThere'
  | 'takenBack'
  | 'deadLetters'
  | 'appendTimesMs'
>;

/** What events caused since the last commit: it goes out in one transaction with the offset behind the last of them. */
export class PendingOutput {
  readonly records: OutgoingRecord[] = [];
  recordsBytes = 0;
  /** Offsets passed, control records and gaps among them. */
  offsets = 0;
  events = 0;
  tombstones = 0;
  anomalies = 0;
  readonly deadLetters = new Map<DeadLetterReason, number>();
  /** Events that have a score. */
  scored = 0;
  alreadyThere = 0;
  takenBack = 0;
  readonly appendTimesMs: Float64Array[] = [];

  constructor(
    /** The first offset that is not done yet. */
    public nextOffset: number,
    readonly sinceMs: number,
  ) {}

  get isEmpty(): boolean {
    return this.offsets === 0;
  }

  passTo(nextOffset: number): void {
    this.offsets += nextOffset - this.nextOffset;
    this.nextOffset = nextOffset;
  }

  /** Events whose output is dropped. */
  addSilent(batch: SourceBatch): void {
    this.passTo(batch.nextOffset);
  }

  /** @param batch that was read, of which some may not have been scored */
  add(batch: SourceBatch, { batch: taken, fields, rejects }: ScoredRows, output: Output): void {
    this.passTo(batch.nextOffset);
    this.events += batch.records.length;
    this.scored += taken.records.length - fields.tombstones - rejects.length;
    this.tombstones += fields.tombstones;
    this.anomalies += output.anomalies;
    this.alreadyThere += output.alreadyThere;
    this.takenBack += output.takenBack;
    for (const [reason, count] of output.deadLetters)
      this.deadLetters.set(reason, (this.deadLetters.get(reason) ?? 0) + count);
    for (const record of output.records) {
      this.records.push(withOwnBytes(record));
      this.recordsBytes += recordBytes(record);
    }
    this.appendTimesMs.push(columnsOf(batch.records).timestampsMs);
  }
}

/** Smaller memory than this is not worth a copy: Node's own pool is of this order. */
const SHARED_BYTES_MIN = 65_536;

/**
 * Key, headers and a dead letter's value are views of the fetch response they came in. While they wait, each would keep
 * all of that response in memory: an anomaly now and then would keep everything that was fetched since the last commit.
 */
function withOwnBytes(record: OutgoingRecord): OutgoingRecord {
  const { key, value, headers } = record;
  const hasViews = isView(key) || isView(value) || headers.some(([, header]) => isView(header));
  if (!hasViews) return record;
  const ownHeaders: HeaderList = headers.map(([name, header]) => [name, ownBytes(header)]);
  return { ...record, key: ownBytes(key), value: ownBytes(value), headers: ownHeaders };
}

function isView(bytes: Buffer | null): boolean {
  return bytes !== null && bytes.buffer.byteLength > Math.max(SHARED_BYTES_MIN, 2 * bytes.length);
}

function ownBytes(bytes: Buffer | null): Buffer | null {
  return bytes !== null && isView(bytes) ? Buffer.from(bytes) : bytes;
}
