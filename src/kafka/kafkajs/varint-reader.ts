/** Zig-zag varints of up to 64 bits as numbers: offsets, times and lengths are below 2^53. */
export class VarintReader {
  constructor(
    private readonly buffer: Uint8Array,
    public at: number,
  ) {}

  next(): number {
    const { buffer } = this;
    let byte = buffer[this.at++] as number;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let raw = byte & 0x7f;
    let scale = 128;
    do {
      byte = buffer[this.at++] ?? 0;
      raw += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  /** A view of bytes that have their length in front; null where that is negative. */
  bytes(): Buffer | null {
    const length = this.next();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return Buffer.from(this.buffer.buffer, this.buffer.byteOffset + start, length);
  }

  /** Passes over bytes that have their length in front. */
  pass(): void {
    const length = this.next();
    if (length > 0) this.at += length;
  }
}
