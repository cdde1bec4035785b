import type { HeaderList } from '../../model.js';
import { RecordColumns } from '../../record-columns.js';
import { VarintReader } from './varint-reader.js';

/** Hot path: grows columns (record-columns.ts) of the records of a set, 36 bytes a record. */
export class RecordCollector {
  length = 0;
  offsets = new Float64Array(0);
  timestampsMs = new Float64Array(0);
  valueStarts = new Int32Array(0);
  valueEnds = new Int32Array(0);
  /** Where the length of a record's key stands, with value and headers behind it. */
  keysAt = new Int32Array(0);
  private bufferAt = new Int32Array(0);
  private readonly buffers: ArrayBufferLike[] = [];

  /** Makes room, and says where the values of the next records stand. @param count of records to come */
  expect(count: number, buffer: ArrayBufferLike): void {
    if (this.buffers.at(-1) !== buffer) this.buffers.push(buffer);
    const needed = this.length + count;
    if (needed > this.offsets.length) {
      const capacity = this.length === 0 ? needed : Math.max(needed, 2 * this.length);
      this.offsets = grown(this.offsets, new Float64Array(capacity), this.length);
      this.timestampsMs = grown(this.timestampsMs, new Float64Array(capacity), this.length);
      this.valueStarts = grown(this.valueStarts, new Int32Array(capacity), this.length);
      this.valueEnds = grown(this.valueEnds, new Int32Array(capacity), this.length);
      this.keysAt = grown(this.keysAt, new Int32Array(capacity), this.length);
      this.bufferAt = grown(this.bufferAt, new Int32Array(capacity), this.length);
    }
    this.bufferAt.fill(this.buffers.length - 1, this.length, needed);
  }

  columns(): RecordColumns {
    const { length } = this;
    return new RecordColumns({
      offsets: this.offsets.subarray(0, length),
      timestampsMs: this.timestampsMs.subarray(0, length),
      buffers: this.buffers,
      bufferAt: this.bufferAt.subarray(0, length),
      valueStarts: this.valueStarts.subarray(0, length),
      valueEnds: this.valueEnds.subarray(0, length),
      keyOf: (index) => this.keyOf(index),
    });
  }

  keyOf(index: number): Buffer | null {
    return this.readerAt(index).bytes();
  }

  /** Of a record, in their order. */
  headersOf(index: number): HeaderList {
    const reader = this.readerAt(index);
    reader.pass();
    reader.pass();
    const headers: [string, Buffer | null][] = [];
    for (let left = reader.next(); left > 0; left--)
      headers.push([reader.bytes()?.toString('utf8') ?? '', reader.bytes()]);
    return headers;
  }

  private readerAt(index: number): VarintReader {
    const buffer = this.buffers[this.bufferAt[index] as number] as ArrayBufferLike;
    return new VarintReader(new Uint8Array(buffer), this.keysAt[index] as number);
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T, length: number): T {
  to.set(from.subarray(0, length));
  return to;
}
