import { BatchFault } from '../compression/batch-fault.js';
import type { BatchHeader } from './record-batch.js';
import type { RecordCollector } from './record-collector.js';
import { VarintReader } from './varint-reader.js';

/** Length, attributes, two deltas, the lengths of key and value, the number of headers: a byte each. */
const RECORD_BYTES_MIN = 7;

/**
 * Hot path: takes the records of a batch apart (Kafka protocol guide, "Record"). They have to be as many as the header
 * says, and to fill the bytes.
 * @param into the records are added at its end
 * @throws BatchFault; then nothing was added
 */
export function decodeRecords(plain: Buffer, header: BatchHeader, into: RecordCollector): void {
  const { count, firstOffset, lastOffset, firstTimestampMs, appendTimeMs } = header;
  if (count < 0 || count > plain.length / RECORD_BYTES_MIN) throw wrongRecords();
  into.expect(count, plain.buffer);
  const { offsets, timestampsMs, keysAt, valueStarts, valueEnds } = into;
  const plainEnd = plain.byteOffset + plain.length;
  const reader = new VarintReader(new Uint8Array(plain.buffer), plain.byteOffset);
  let row = into.length;
  let before = firstOffset - 1;
  for (const last = row + count; row < last; row++) {
    const length = reader.next();
    const end = reader.at + length;
    if (length < 0 || end > plainEnd) throw wrongRecords();
    // Behind the attributes, of which none are in use.
    reader.at++;
    const timestampMs = firstTimestampMs + reader.next();
    timestampsMs[row] = appendTimeMs ?? timestampMs;
    const offset = firstOffset + reader.next();
    if (!(offset > before && offset <= lastOffset)) throw wrongRecords();
    offsets[row] = offset;
    before = offset;
    keysAt[row] = reader.at;
    reader.pass();
    const valueBytes = reader.next();
    valueStarts[row] = valueBytes < 0 ? -1 : reader.at;
    if (valueBytes > 0) reader.at += valueBytes;
    valueEnds[row] = reader.at;
    const headers = reader.next();
    let passed = 0;
    for (; passed < headers && reader.at < end; passed++) {
      reader.pass();
      reader.pass();
    }
    if (reader.at !== end || passed !== headers)
      throw new BatchFault('a record is not as long as its fields');
  }
  if (reader.at !== plainEnd) throw wrongRecords();
  into.length = row;
}

function wrongRecords(): BatchFault {
  return new BatchFault('its records are not those that its header announces');
}
