import { BatchFault, tooLarge } from './batch-fault.js';
import type { Codec } from './codec.js';

/**
 * Kafka's snappy: blocks of the snappy format, in the framing of Java's snappy library ("xerial": eight bytes of magic,
 * two versions, then a length in front of each block). Other clients write one bare block, which Java reads too.
 */
export async function loadSnappy(): Promise<Codec> {
  const library = await import('snappy');
  return {
    compress(plain) {
      const parts: Buffer[] = [FRAME_HEADER];
      for (let at = 0; at < plain.length; at += BLOCK_BYTES) {
        const block = library.compressSync(plain.subarray(at, at + BLOCK_BYTES));
        const length = Buffer.alloc(4);
        length.writeInt32BE(block.length);
        parts.push(length, block);
      }
      return Buffer.concat(parts);
    },
    decompress(bytes, bytesMax) {
      if (!isFramed(bytes)) return block(library, bytes, bytesMax, bytesMax);
      const parts: Buffer[] = [];
      let total = 0;
      for (let at = FRAME_HEADER.length; at < bytes.length;) {
        if (at + 4 > bytes.length) throw cutShort();
        const end = at + 4 + bytes.readUInt32BE(at);
        if (end > bytes.length) throw cutShort();
        const part = block(library, bytes.subarray(at + 4, end), bytesMax - total, bytesMax);
        total += part.length;
        parts.push(part);
        at = end;
      }
      return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, total);
    },
  };
}

/** The magic, version 1, readable by version 1. */
const FRAME_HEADER = Buffer.from('82534e41505059000000000100000001', 'hex');
const MAGIC = FRAME_HEADER.subarray(0, 8);
/** What Java puts into a block. */
const BLOCK_BYTES = 32_768;
/** No element of the format gives more than 64 bytes, and none has fewer than two bytes. */
const EXPANSION_MAX = 64;

function isFramed(bytes: Buffer): boolean {
  return bytes.length >= FRAME_HEADER.length && bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** A block says in front how large it is: nothing is allocated before that is believable and allowed. */
function block(library: typeof import('snappy'), bytes: Buffer, roomBytes: number, bytesMax: number): Buffer {
  const size = declaredSize(bytes);
  if (size > bytes.length * EXPANSION_MAX)
    throw new BatchFault(`its snappy data claim ${size} bytes in ${bytes.length}, which cannot be`);
  if (size > roomBytes) throw tooLarge(bytesMax);
  return library.uncompressSync(bytes, { asBuffer: true }) as Buffer;
}

/** Snappy format description, 1: the uncompressed length, a little-endian varint of at most 32 bits. */
function declaredSize(bytes: Buffer): number {
  let size = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i];
    if (byte === undefined) throw cutShort();
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return size;
  }
  throw new BatchFault('its snappy data start with no length');
}

function cutShort(): BatchFault {
  return new BatchFault('its snappy data are cut short');
}
