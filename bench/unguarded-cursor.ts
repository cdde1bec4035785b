import { Cursor } from '../src/decode/cursor.js';

/**
 * Takes the guards out of this process's cursor, to measure what they cost: the same reads, without a look at how many
 * bytes are left, how long a varint is, how many items a block can hold or where it ends. Production code has no such
 * switch: the methods are replaced from here.
 */
export function removeGuards(): void {
  Object.assign(Cursor.prototype, {
    skip(this: Cursor, byteCount: number): void {
      this.at += byteCount;
    },
    byte(this: Cursor): number {
      return this.bytes[this.at++] as number;
    },
    long(this: Cursor): number {
      const { bytes } = this;
      let b = bytes[this.at++] as number;
      if (b < 0x80) return (b >>> 1) ^ -(b & 1);
      let low = b & 0x7f;
      let shift = 7;
      while (b >= 0x80 && shift < 28) {
        b = bytes[this.at++] as number;
        low |= (b & 0x7f) << shift;
        shift += 7;
      }
      if (b < 0x80) return (low >>> 1) ^ -(low & 1);
      let high = 0;
      let scale = 1;
      while (b >= 0x80) {
        b = bytes[this.at++] as number;
        high += (b & 0x7f) * scale;
        scale *= 128;
      }
      const half = high * 134_217_728 + (low >>> 1);
      return (low & 1) === 0 ? half : -half - 1;
    },
    int(this: Cursor): number {
      return this.long();
    },
    float(this: Cursor): number {
      const value = this.view.getFloat32(this.at, true);
      this.at += 4;
      return value;
    },
    double(this: Cursor): number {
      const value = this.view.getFloat64(this.at, true);
      this.at += 8;
      return value;
    },
    boolean(this: Cursor): number {
      return this.bytes[this.at++] as number;
    },
    skipSized(this: Cursor): void {
      this.at += this.long();
    },
    blockCount(this: Cursor): number {
      const count = this.long();
      if (count >= 0) return count;
      this.long();
      return -count;
    },
    idle(): void {
      // Nothing is counted.
    },
  } satisfies Partial<Cursor>);
}
