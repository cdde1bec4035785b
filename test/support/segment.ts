import { openSync, closeSync, readFileSync, writeSync } from 'node:fs';
import { crc32c } from '../../src/kafka/compression/crc32c.js';
import { readBatchHeader } from '../../src/kafka/kafkajs/record-batch.js';

/** A batch in a partition's log on disk, to be damaged and repaired while the broker runs. */
export class SegmentBatch {
  private readonly whole: Buffer;

  private constructor(
    private readonly file: string,
    private readonly at: number,
    end: number,
  ) {
    this.whole = readFileSync(file).subarray(at, end);
  }

  /** @param offset of its first record */
  static find(file: string, offset: number): SegmentBatch {
    const bytes = readFileSync(file);
    for (let at = 0; ;) {
      const header = readBatchHeader(bytes, at);
      if (header === null) throw new Error(`${file} has no batch at offset ${offset}`);
      if (header.firstOffset === offset) return new SegmentBatch(file, at, header.end);
      at = header.end;
    }
  }

  /** One bit of its last record's. */
  flipBit(): void {
    const damaged = Buffer.from(this.whole);
    const last = damaged.length - 10;
    damaged.writeUInt8(damaged.readUInt8(last) ^ 4, last);
    this.write(damaged);
  }

  /** The second half of its data is lost, and its checksum does not say so. */
  loseHalf(): void {
    const damaged = Buffer.from(this.whole);
    damaged.fill(0, 61 + Math.floor((damaged.length - 61) / 2));
    damaged.writeUInt32BE(crc32c(damaged, 21, damaged.length), 17);
    this.write(damaged);
  }

  repair(): void {
    this.write(this.whole);
  }

  private write(bytes: Buffer): void {
    const file = openSync(this.file, 'r+');
    try {
      writeSync(file, bytes, 0, bytes.length, this.at);
    } finally {
      closeSync(file);
    }
  }
}
