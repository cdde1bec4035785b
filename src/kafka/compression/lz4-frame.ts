import { BatchFault } from './batch-fault.js';

export interface Lz4Frame {
  /** The frame with its end mark and checksums. */
  readonly frameBytes: number;
  /** Its content is no larger. */
  readonly contentBytesMax: number;
}

/**
 * How large a frame is and at most becomes, without decompressing it: the blocks' sizes say it roughly (no byte of a
 * block gives more than 255), their sequences exactly; those are looked at only where roughly is too much.
 * LZ4 Frame Format Description 1.6.3, LZ4 Block Format Description.
 * @throws BatchFault for what is no whole frame of version 1 without a dictionary
 */
export function measureLz4Frame(bytes: Buffer, bytesMax: number): Lz4Frame {
  if (bytes.length < 7) throw cutShort();
  if (bytes.readUInt32LE(0) !== MAGIC) throw new BatchFault('its lz4 data do not start with a frame');
  const flags = bytes.readUInt8(4);
  const blockBytesMax = BLOCK_BYTES_MAX[(bytes.readUInt8(5) >>> 4) & 7] ?? 0;
  if (flags >>> 6 !== 1 || (flags & HAS_DICTIONARY) !== 0 || blockBytesMax === 0)
    throw new BatchFault('its lz4 frame is of a kind that Kafka does not use');
  const blockTail = (flags & HAS_BLOCK_CHECKSUMS) === 0 ? 0 : 4;
  const blocks: Block[] = [];
  let contentBytesMax = 0;
  let at = 7 + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8);
  for (;;) {
    if (at + 4 > bytes.length) throw cutShort();
    const word = bytes.readUInt32LE(at);
    at += 4;
    if (word === END_MARK) break;
    const size = word & 0x7fffffff;
    const isStored = word >>> 31 === 1;
    if (size > blockBytesMax) throw new BatchFault('its lz4 frame has a block that is too large');
    if (at + size + blockTail > bytes.length) throw cutShort();
    contentBytesMax += isStored ? size : Math.min(blockBytesMax, size * EXPANSION_MAX);
    blocks.push({ start: at, end: at + size, isStored });
    at += size + blockTail;
  }
  const frameBytes = at + ((flags & HAS_CONTENT_CHECKSUM) === 0 ? 0 : 4);
  if (frameBytes > bytes.length) throw cutShort();
  if (contentBytesMax <= bytesMax) return { frameBytes, contentBytesMax };
  return { frameBytes, contentBytesMax: exactSize(bytes, blocks, bytesMax) };
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly isStored: boolean;
}

const MAGIC = 0x184d2204;
const END_MARK = 0;
const HAS_DICTIONARY = 1;
const HAS_CONTENT_CHECKSUM = 4;
const HAS_CONTENT_SIZE = 8;
const HAS_BLOCK_CHECKSUMS = 16;
/** By the code in the frame's descriptor. */
const BLOCK_BYTES_MAX: readonly number[] = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, 4_194_304];
const EXPANSION_MAX = 255;
const MATCH_BYTES_MIN = 4;

/** Stops counting once it is more than bytesMax. */
function exactSize(bytes: Buffer, blocks: readonly Block[], bytesMax: number): number {
  let total = 0;
  for (const { start, end, isStored } of blocks) {
    total += isStored ? end - start : blockSize(bytes, start, end);
    if (total > bytesMax) return total;
  }
  return total;
}

/** Adds up the literals and matches of a block's sequences. */
function blockSize(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let size = 0;
  const extended = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      if (at >= end) throw new BatchFault('its lz4 data are corrupt');
      const byte = bytes.readUInt8(at++);
      length += byte;
      if (byte < 255) return length;
    }
  };
  while (at < end) {
    const token = bytes.readUInt8(at++);
    const literals = extended(token >>> 4);
    at += literals;
    size += literals;
    // The last sequence has no match.
    if (at >= end) break;
    at += 2;
    size += MATCH_BYTES_MIN + extended(token & 15);
  }
  return size;
}

function cutShort(): BatchFault {
  return new BatchFault('its lz4 data are cut short');
}
