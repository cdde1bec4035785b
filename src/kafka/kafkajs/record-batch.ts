import { BatchFault } from '../compression/batch-fault.js';
import { crc32c } from '../compression/crc32c.js';

/** What stands in front of the records of a batch, and where it stands in the set. */
export interface BatchHeader {
  readonly magic: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly firstTimestampMs: number;
  /** Of all its records where the topic has the time of appending; null where the records have their own. */
  readonly appendTimeMs: number | null;
  readonly isControl: boolean;
  readonly inTransaction: boolean;
  readonly producerId: string;
  /** Place in COMPRESSIONS. */
  readonly compression: number;
  readonly count: number;
  /** Of the CRC's bytes, of the records, of the next batch. */
  readonly checkedFrom: number;
  readonly start: number;
  readonly end: number;
  readonly crc: number;
}

/** Up to the records, length and base offset included (Kafka protocol guide, "Record Batch"). */
export const BATCH_HEADER_BYTES = 61;
const MAGIC_AT = 16;
const LENGTH_END = 12;
const CRC_AT = 17;
const CRC_END = 21;

const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME_MASK = 0x08;
const TRANSACTIONAL_MASK = 0x10;
const CONTROL_MASK = 0x20;

/** @returns null where the batch is not there as a whole */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | null {
  if (at + MAGIC_AT + 1 > bytes.length) return null;
  const magic = bytes.readInt8(at + MAGIC_AT);
  const end = at + LENGTH_END + bytes.readInt32BE(at + 8);
  const firstOffset = Number(bytes.readBigInt64BE(at));
  if (magic >= 2 && (end > bytes.length || at + BATCH_HEADER_BYTES > bytes.length)) return null;
  const hasRest = magic >= 2;
  const attributes = hasRest ? bytes.readInt16BE(at + 21) : 0;
  return {
    magic,
    firstOffset,
    lastOffset: firstOffset + (hasRest ? bytes.readInt32BE(at + 23) : 0),
    compression: attributes & COMPRESSION_MASK,
    isControl: (attributes & CONTROL_MASK) !== 0,
    inTransaction: (attributes & TRANSACTIONAL_MASK) !== 0,
    firstTimestampMs: hasRest ? Number(bytes.readBigInt64BE(at + 27)) : 0,
    appendTimeMs: (attributes & LOG_APPEND_TIME_MASK) === 0 ? null : Number(bytes.readBigInt64BE(at + 35)),
    producerId: hasRest ? bytes.readBigInt64BE(at + 43).toString() : '-1',
    count: hasRest ? bytes.readInt32BE(at + 57) : 0,
    crc: hasRest ? bytes.readUInt32BE(at + CRC_AT) : 0,
    checkedFrom: at + CRC_END,
    start: at + BATCH_HEADER_BYTES,
    end,
  };
}

/**
 * @param nextOffset where the batch may begin at the earliest; null where nobody knows
 * @throws BatchFault for one that was changed on its way, or that is none
 */
export function checkBatch(bytes: Buffer, header: BatchHeader, nextOffset: number | null): void {
  if (header.magic !== 2) throw new BatchFault(`it has a format that is not known (${header.magic})`);
  if (header.end < header.start) throw new BatchFault('its length is wrong');
  if (crc32c(bytes, header.checkedFrom, header.end) !== header.crc)
    throw new BatchFault('it is not what its checksum (CRC-32C) was made of');
  if (header.firstOffset < (nextOffset ?? 0) || header.lastOffset < header.firstOffset)
    throw new BatchFault('its offsets are wrong');
}
