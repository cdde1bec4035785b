import type { EntityFormat } from './entity-text.js';

/**
 * Hot path: reads Avro's binary encoding from a byte range. Positions are absolute in the underlying ArrayBuffer, so
 * that one DataView serves all the records of a fetch. What does not fit is reported by throwing MALFORMED, one
 * object made once (no stack is captured); the reason is left in `fault`.
 */
export const MALFORMED = Object.freeze({ malformed: true });

/** Deepest nesting of records, arrays, maps and unions that is followed. */
export const DEPTH_MAX = 64;
/** Items without any bytes of their own (nulls, empty records) that one event may hold. */
export const EMPTY_ITEMS_MAX = 65_536;

const EMPTY = new ArrayBuffer(0);

export class Cursor {
  bytes: Uint8Array = new Uint8Array(EMPTY);
  view: DataView = new DataView(EMPTY);
  at = 0;
  end = 0;
  depth = 0;
  emptyItems = 0;
  /** Where the block that was begun last says that it ends; -1 where it does not say. */
  blockEnd = -1;
  /** A number for each event that was loaded. */
  event = 0;
  fault = '';

  /** Row-major output, rows × width; `base` is the first slot of the current row. */
  values: Float64Array = new Float64Array(0);
  base = 0;
  /** How many slots of the current row were set, and which: seen[slot] is the row's stamp. */
  filled = 0;
  seen: Int32Array = new Int32Array(0);
  stamp = 0;
  time = NaN;
  entityStart = -1;
  entityEnd = -1;
  entityFormat: EntityFormat | null = null;

  load(value: Buffer, bodyOffset: number): void {
    this.loadFrom(value.buffer, value.byteOffset + bodyOffset, value.byteOffset + value.length);
  }

  /** @param start where the body starts, in the whole buffer */
  loadFrom(buffer: ArrayBufferLike, start: number, end: number): void {
    if (this.view.buffer !== buffer) {
      this.bytes = new Uint8Array(buffer);
      this.view = new DataView(buffer);
    }
    this.at = start;
    this.end = end;
    this.depth = 0;
    this.emptyItems = 0;
    this.event++;
    this.filled = 0;
    this.time = NaN;
    this.entityStart = -1;
    this.entityFormat = null;
  }

  fail(fault: string): never {
    this.fault = fault;
    throw MALFORMED as unknown as Error;
  }

  skip(byteCount: number): void {
    if (byteCount < 0 || byteCount > this.end - this.at)
      this.fail(`${byteCount} bytes wanted, ${this.end - this.at} left`);
    this.at += byteCount;
  }

  byte(): number {
    if (this.at >= this.end) this.fail('the value ends too early');
    return this.bytes[this.at++] as number;
  }

  /** Zig-zag varint of up to 64 bits as the nearest double: exact up to 2^53, correctly rounded beyond. */
  long(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (at >= end) this.fail('the value ends too early');
    let b = bytes[at++] as number;
    if (b < 0x80) {
      this.at = at;
      return (b >>> 1) ^ -(b & 1);
    }
    let low = b & 0x7f;
    let shift = 7;
    while (b >= 0x80 && shift < 28) {
      if (at >= end) this.fail('the value ends too early');
      b = bytes[at++] as number;
      low |= (b & 0x7f) << shift;
      shift += 7;
    }
    if (b < 0x80) {
      this.at = at;
      return (low >>> 1) ^ -(low & 1);
    }
    let middle = 0;
    shift = 0;
    while (b >= 0x80 && shift < 28) {
      if (at >= end) this.fail('the value ends too early');
      b = bytes[at++] as number;
      middle |= (b & 0x7f) << shift;
      shift += 7;
    }
    let top = 0;
    shift = 0;
    while (b >= 0x80) {
      if (at >= end) this.fail('the value ends too early');
      b = bytes[at++] as number;
      // The tenth byte has room for one bit, and none for the mark that another follows.
      if (shift === 7 && b > 1) this.fail('a varint has more than 64 bits');
      top |= (b & 0x7f) << shift;
      shift += 7;
    }
    this.at = at;
    const lowWord = (low | (middle << 28)) >>> 0;
    const highWord = ((middle >>> 4) | (top << 24)) >>> 0;
    const half = ((lowWord >>> 1) | (highWord << 31)) >>> 0;
    const halfHigh = highWord >>> 1;
    // Both addends are exact, so the one addition rounds once.
    return (lowWord & 1) === 0 ? halfHigh * 4294967296 + half : -(halfHigh * 4294967296 + (half + 1));
  }

  int(): number {
    const value = this.long();
    if (value > 2147483647 || value < -2147483648) this.fail(`an int of ${value}`);
    return value;
  }

  float(): number {
    if (this.end - this.at < 4) this.fail('the value ends too early');
    const value = this.view.getFloat32(this.at, true);
    this.at += 4;
    return value;
  }

  double(): number {
    if (this.end - this.at < 8) this.fail('the value ends too early');
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  boolean(): number {
    const value = this.byte();
    if (value > 1) this.fail(`a boolean of ${value}`);
    return value;
  }

  /** Length-prefixed bytes or text, passed over. */
  skipSized(): void {
    const byteCount = this.long();
    if (byteCount < 0 || byteCount > this.end - this.at)
      this.fail(`a length of ${byteCount} with ${this.end - this.at} bytes left`);
    this.at += byteCount;
  }

  /**
   * The item count of the next block of an array or map, 0 at the end. Never more than what the remaining bytes can
   * hold, which is what keeps five hostile bytes from becoming two million items. Leaves `blockEnd`.
   */
  blockCount(itemBytesMin: number): number {
    let count = this.long();
    this.blockEnd = -1;
    if (count < 0) {
      count = -count;
      const blockBytes = this.long();
      if (blockBytes < 0 || blockBytes > this.end - this.at)
        this.fail(`a block of ${blockBytes} bytes with ${this.end - this.at} left`);
      this.blockEnd = this.at + blockBytes;
    }
    if (itemBytesMin > 0) {
      if (count > (this.end - this.at) / itemBytesMin)
        this.fail(`a block of ${count} items with ${this.end - this.at} bytes left`);
    } else {
      this.idle(count);
    }
    return count;
  }

  /** Counts work that no byte pays for. */
  idle(count: number): void {
    this.emptyItems += count;
    if (this.emptyItems > EMPTY_ITEMS_MAX) this.fail(`more than ${EMPTY_ITEMS_MAX} items without bytes`);
  }

  set(slot: number, value: number): void {
    this.values[this.base + slot] = value;
    this.seen[slot] = this.stamp;
    this.filled++;
  }
}
