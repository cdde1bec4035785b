import { BatchFault } from '../compression/batch-fault.js';
import { type DecodedRecord, decodeRecord } from './decoding.js';
import type { BatchHeader } from './record-batch.js';
import { VarintReader } from './varint-reader.js';

/**
 * Takes the records of a batch apart. They have to be as many as the header says and fill the bytes.
 * @param into the records are added at its end
 * @throws BatchFault; then nothing was added
 */
export function decodeRecords(plain: Buffer, header: BatchHeader, into: unknown[]): void {
  const { count } = header;
  const before = into.length;
  const reader = new VarintReader(plain, 0);
  try {
    for (let i = 0; i < count; i++) {
      const length = reader.next();
      const end = reader.at + length;
      if (length < 0 || end > plain.length) throw wrongRecords();
      into.push(decodeRecord(reader, end, header) satisfies DecodedRecord);
    }
    if (count < 0 || reader.at !== plain.length) throw wrongRecords();
  } catch (error) {
    into.length = before;
    throw error;
  }
}

function wrongRecords(): BatchFault {
  return new BatchFault('its records are not those that its header announces');
}
