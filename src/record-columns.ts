import type { SourceRecord, SourceRecords } from './model.js';

/** What record-columns are made of; see there. */
export interface RecordColumnsParts {
  readonly offsets: Float64Array;
  readonly timestampsMs: Float64Array;
  readonly buffers: readonly ArrayBufferLike[];
  readonly bufferAt: Int32Array;
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  readonly keyOf: (index: number) => Buffer | null;
}

/**
 * Hot path: records of one partition as columns over the bytes in which they came. Of a record that causes no output
 * nothing is made: no text of its offset, no view of its value. Positions are those of the whole ArrayBuffer, so that
 * one view serves all the records of a fetch.
 */
export class RecordColumns implements SourceRecords {
  readonly length: number;
  readonly offsets: Float64Array;
  /** Append or create time, Unix ms. */
  readonly timestampsMs: Float64Array;
  /** What the values stand in; bufferAt[index] says in which. */
  readonly buffers: readonly ArrayBufferLike[];
  readonly bufferAt: Int32Array;
  /** Of a record's value; -1 where it has none. */
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  private readonly keyOf: (index: number) => Buffer | null;

  constructor(parts: RecordColumnsParts) {
    this.length = parts.offsets.length;
    this.offsets = parts.offsets;
    this.timestampsMs = parts.timestampsMs;
    this.buffers = parts.buffers;
    this.bufferAt = parts.bufferAt;
    this.valueStarts = parts.valueStarts;
    this.valueEnds = parts.valueEnds;
    this.keyOf = parts.keyOf;
  }

  at(index: number): SourceRecord | undefined {
    const i = index < 0 ? index + this.length : index;
    if (i < 0 || i >= this.length) return undefined;
    return {
      offset: String(this.offsets[i]),
      timestamp: String(this.timestampsMs[i]),
      key: this.keyOf(i),
      value: this.value(i),
    };
  }

  /** A view of the bytes. @param index below the length */
  value(index: number): Buffer | null {
    const start = this.valueStarts[index] as number;
    return start < 0
      ? null
      : Buffer.from(this.bufferOf(index), start, (this.valueEnds[index] as number) - start);
  }

  /** @param index below the length */
  bufferOf(index: number): ArrayBufferLike {
    return this.buffers[this.bufferAt[index] as number] as ArrayBufferLike;
  }

  slice(start: number, end: number): RecordColumns {
    return new RecordColumns({
      offsets: this.offsets.subarray(start, end),
      timestampsMs: this.timestampsMs.subarray(start, end),
      buffers: this.buffers,
      bufferAt: this.bufferAt.subarray(start, end),
      valueStarts: this.valueStarts.subarray(start, end),
      valueEnds: this.valueEnds.subarray(start, end),
      keyOf: (index) => this.keyOf(start + index),
    });
  }

  /** Only these records. @param indices ascending */
  pick(indices: readonly number[]): RecordColumns {
    return new RecordColumns({
      offsets: Float64Array.from(indices, (index) => this.offsets[index] as number),
      timestampsMs: Float64Array.from(indices, (index) => this.timestampsMs[index] as number),
      buffers: this.buffers,
      bufferAt: Int32Array.from(indices, (index) => this.bufferAt[index] as number),
      valueStarts: Int32Array.from(indices, (index) => this.valueStarts[index] as number),
      valueEnds: Int32Array.from(indices, (index) => this.valueEnds[index] as number),
      keyOf: (index) => this.keyOf(indices[index] as number),
    });
  }

  *[Symbol.iterator](): IterableIterator<SourceRecord> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as SourceRecord;
  }
}

/** Columns over records that are objects already; those that are columns are given back as they are. */
export function columnsOf(records: SourceRecords): RecordColumns {
  if (records instanceof RecordColumns) return records;
  const list = [...records];
  const buffers: ArrayBufferLike[] = [];
  const bufferAt = new Int32Array(list.length);
  const valueStarts = new Int32Array(list.length);
  const valueEnds = new Int32Array(list.length);
  for (const [index, { value }] of list.entries()) {
    valueStarts[index] = -1;
    if (value == null) continue;
    if (buffers.at(-1) !== value.buffer) buffers.push(value.buffer);
    bufferAt[index] = buffers.length - 1;
    valueStarts[index] = value.byteOffset;
    valueEnds[index] = value.byteOffset + value.length;
  }
  return new RecordColumns({
    offsets: Float64Array.from(list, ({ offset }) => Number(offset)),
    timestampsMs: Float64Array.from(list, ({ timestamp }) => Number(timestamp)),
    buffers,
    bufferAt,
    valueStarts,
    valueEnds,
    keyOf: (index) => list[index]?.key ?? null,
  });
}
