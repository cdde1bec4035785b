import type { OutgoingRecord } from '../model.js';

/** Bytes of an empty record batch, version 2, with room for what the broker may add. */
export const BATCH_OVERHEAD_BYTES = 256;
const RECORD_OVERHEAD_BYTES = 40;
const HEADER_OVERHEAD_BYTES = 10;

/** An upper bound of what a record takes in an uncompressed batch. */
export function recordBytes({
  key,
  value,
  headers,
}: Pick<OutgoingRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, header] of headers)
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(name) + (header?.length ?? 0);
  return bytes;
}

/** Whether a record fits in a batch of its own. @param batchBytesMax the topic's max.message.bytes */
export function fitsAlone(
  record: Pick<OutgoingRecord, 'key' | 'value' | 'headers'>,
  batchBytesMax: number,
): boolean {
  return recordBytes(record) + BATCH_OVERHEAD_BYTES <= batchBytesMax;
}
