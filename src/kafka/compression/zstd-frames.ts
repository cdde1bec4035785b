import { BatchFault } from './batch-fault.js';

export interface ZstdMeasure {
  /** What the frames say that they hold; null where one does not say it. */
  readonly declaredBytes: number | null;
  /** What their blocks hold at most. */
  readonly contentBytesMax: number;
}

/**
 * What frames hold at most, from their headers alone (RFC 8878, 3.1). Java's client does not say the size of the
 * content; the blocks' headers still bound it.
 * @throws BatchFault for what are no whole frames
 */
export function measureZstd(bytes: Buffer): ZstdMeasure {
  let declaredBytes: number | null = 0;
  let contentBytesMax = 0;
  let at = 0;
  do {
    const magic = uint(bytes, at, 4);
    if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      at += 8 + uint(bytes, at + 4, 4);
      if (at > bytes.length) throw cutShort();
      continue;
    }
    if (magic !== MAGIC) throw new BatchFault('its zstd data do not start with a frame');
    const header = frameHeader(bytes, at + 4);
    const blocks = blocksFrom(bytes, header.end, header.blockBytesMax);
    declaredBytes =
      header.contentBytes === null || declaredBytes === null ? null : declaredBytes + header.contentBytes;
    contentBytesMax += Math.min(blocks.contentBytesMax, header.contentBytes ?? Infinity);
    at = blocks.end + (header.hasChecksum ? 4 : 0);
    if (at > bytes.length) throw cutShort();
  } while (at < bytes.length);
  return { declaredBytes, contentBytesMax };
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_BYTES_MAX = 131_072;
const CONTENT_SIZE_BYTES: readonly number[] = [0, 2, 4, 8];
const DICTIONARY_ID_BYTES: readonly number[] = [0, 1, 2, 4];

interface FrameHeader {
  readonly end: number;
  readonly contentBytes: number | null;
  readonly blockBytesMax: number;
  readonly hasChecksum: boolean;
}

/** @param start behind the magic number */
function frameHeader(bytes: Buffer, start: number): FrameHeader {
  const descriptor = uint(bytes, start, 1);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
  let at = start + 1;
  const windowBytes = isSingleSegment ? Infinity : windowSize(uint(bytes, at++, 1));
  at += DICTIONARY_ID_BYTES[descriptor & 3] ?? 0;
  const contentBytes = sizeBytes === 0 ? null : uint(bytes, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  return {
    end: at + sizeBytes,
    contentBytes,
    blockBytesMax: Math.min(BLOCK_BYTES_MAX, windowBytes),
    hasChecksum: (descriptor & 4) !== 0,
  };
}

/** RFC 8878, 3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** RFC 8878, 3.1.1.2: each block has a header of three bytes; of a repeated byte only one is there. */
function blocksFrom(
  bytes: Buffer,
  start: number,
  blockBytesMax: number,
): { readonly end: number; readonly contentBytesMax: number } {
  let at = start;
  let contentBytesMax = 0;
  for (let isLast = false; !isLast;) {
    const header = uint(bytes, at, 3);
    isLast = (header & 1) === 1;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === 3) throw new BatchFault('its zstd data are corrupt (a block of a reserved type)');
    contentBytesMax += type === COMPRESSED ? blockBytesMax : size;
    at += 3 + (type === REPEATED ? 1 : size);
    if (at > bytes.length) throw cutShort();
  }
  return { end: at, contentBytesMax };
}

const REPEATED = 1;
const COMPRESSED = 2;

/** Little-endian. Eight bytes give a number that may be rounded, which is too large either way. */
function uint(bytes: Buffer, at: number, size: number): number {
  if (at + size > bytes.length) throw cutShort();
  if (size <= 4) return bytes.readUIntLE(at, size);
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

function cutShort(): BatchFault {
  return new BatchFault('its zstd data are cut short');
}
