/** Record batches by hand, so that a test can have any flaw in them (Kafka protocol guide, "Record Batch"). */
import { crc32c } from '../../src/kafka/compression/crc32c.js';
import { loadCodec } from '../../src/kafka/compression/load-codec.js';
import { COMPRESSIONS, type Compression } from '../../src/kafka/compression/compression.js';

export interface BatchParts {
  readonly baseOffset: number;
  readonly count: number;
  readonly compression: Compression;
  /** What stands behind the header. */
  readonly payload: Buffer;
  /** How many offsets it takes, where that is more than it has records. */
  readonly offsets?: number;
}

/** A batch whose checksum is right, whatever its payload is. */
export function batchBytes({ baseOffset, count, compression, payload, offsets = count }: BatchParts): Buffer {
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(baseOffset), 0);
  head.writeInt32BE(49 + payload.length, 8);
  head.writeInt8(2, 16);
  head.writeInt16BE(COMPRESSIONS.indexOf(compression), 21);
  head.writeInt32BE(offsets - 1, 23);
  head.writeBigInt64BE(1_700_000_000_000n, 27);
  head.writeBigInt64BE(1_700_000_000_000n, 35);
  head.writeBigInt64BE(-1n, 43);
  head.writeInt16BE(-1, 51);
  head.writeInt32BE(-1, 53);
  head.writeInt32BE(count, 57);
  const bytes = Buffer.concat([head, payload]);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

/** Records without keys and headers, one for each value. */
export function recordBytes(values: readonly Buffer[]): Buffer {
  return Buffer.concat(
    values.map((value, i) => {
      const body = Buffer.concat([
        Buffer.from([0, 0]),
        varint(i),
        varint(-1),
        varint(value.length),
        value,
        varint(0),
      ]);
      return Buffer.concat([varint(body.length), body]);
    }),
  );
}

export async function compressed(compression: Compression, plain: Buffer): Promise<Buffer> {
  return compression === 'none' ? plain : await (await loadCodec(compression)).compress(plain);
}

/** A whole batch of these values. */
export async function goodBatch(
  compression: Compression,
  baseOffset: number,
  values: readonly Buffer[],
): Promise<Buffer> {
  const payload = await compressed(compression, recordBytes(values));
  return batchBytes({ baseOffset, count: values.length, compression, payload });
}

/** What compaction leaves of a batch: its first records, or none, and the offsets that it had. */
export function compactedBatch(baseOffset: number, offsets: number, values: readonly Buffer[] = []): Buffer {
  const payload = recordBytes(values);
  return batchBytes({ baseOffset, count: values.length, offsets, compression: 'none', payload });
}

/** Zig-zag. */
function varint(value: number): Buffer {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  const bytes: number[] = [];
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}
