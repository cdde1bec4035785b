import { Cursor as Guarded, EMPTY_ITEMS_MAX, MALFORMED } from '../src/decode/cursor.js';

export { EMPTY_ITEMS_MAX, MALFORMED };
export const DEPTH_MAX = Infinity;

/**
 * The decoder's cursor without its guards, to measure what they cost: the same reads, without a look at how many bytes
 * are left, how long a varint is, how many items a block can hold or where it ends. `unguarded.ts` puts it in the place
 * of the real one in a measured process.
 */
export class Cursor extends Guarded {
  override skip(byteCount: number): void {
    this.at += byteCount;
  }

  override byte(): number {
    return this.bytes[this.at++] as number;
  }

  override long(): number {
    const { bytes } = this;
    let at = this.at;
    let b = bytes[at++] as number;
    if (b < 0x80) {
      this.at = at;
      return (b >>> 1) ^ -(b & 1);
    }
    let low = b & 0x7f;
    let shift = 7;
    while (b >= 0x80 && shift < 28) {
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
      b = bytes[at++] as number;
      middle |= (b & 0x7f) << shift;
      shift += 7;
    }
    let top = 0;
    shift = 0;
    while (b >= 0x80) {
      b = bytes[at++] as number;
      top |= (b & 0x7f) << shift;
      shift += 7;
    }
    this.at = at;
    const lowWord = (low | (middle << 28)) >>> 0;
    const highWord = ((middle >>> 4) | (top << 24)) >>> 0;
    const half = ((lowWord >>> 1) | (highWord << 31)) >>> 0;
    const halfHigh = highWord >>> 1;
    return (lowWord & 1) === 0 ? halfHigh * 4294967296 + half : -(halfHigh * 4294967296 + (half + 1));
  }

  override int(): number {
    return this.long();
  }

  override float(): number {
    const value = this.view.getFloat32(this.at, true);
    this.at += 4;
    return value;
  }

  override double(): number {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  override boolean(): number {
    return this.bytes[this.at++] as number;
  }

  override skipSized(): void {
    const byteCount = this.long();
    this.at += byteCount;
  }

  override blockCount(): number {
    const count = this.long();
    if (count >= 0) return count;
    this.long();
    return -count;
  }

  override idle(): void {
    // Nothing is counted.
  }
}
