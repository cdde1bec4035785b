import { int16, int32, int64, int8, rawRequest, text } from '../../chaos/network/raw-request.js';
import { COMPRESSIONS, type Compression } from '../../src/kafka/compression/compression.js';
import { readBatchHeader } from '../../src/kafka/kafkajs/record-batch.js';

export interface RawBatch {
  readonly compression: Compression;
  readonly records: number;
  readonly bytes: number;
}

const FETCH = 1;

/** The data batches of a partition as they are on the wire (protocol guide, Fetch version 4). */
export async function rawBatches(port: number, topic: string, partition: number): Promise<RawBatch[]> {
  const batches: RawBatch[] = [];
  for (let offset = 0n; ;) {
    const body = [int32(-1), int32(500), int32(1), int32(2 ** 26), int8(0), int32(1), text(topic)];
    body.push(int32(1), int32(partition), int64(offset), int32(2 ** 26));
    const request = { apiKey: FETCH, version: 4, isFlexible: false, body };
    const response = await rawRequest(port, request, 20_000);
    // Throttle time, one topic with its name, one partition with error, high watermark and last stable offset.
    let at = 4 + 4 + text(topic).length + 4 + 4;
    const error = response.readInt16BE(at);
    if (error !== 0)
      throw new Error(`fetching ${topic}/${partition}: error ${error} (${int16(error).toString('hex')})`);
    const highWatermark = response.readBigInt64BE(at + 2);
    at += 2 + 8 + 8;
    const aborted = response.readInt32BE(at);
    at += 4 + 16 * Math.max(0, aborted) + 4;
    for (;;) {
      const header = readBatchHeader(response, at);
      if (header === null) break;
      const compression = COMPRESSIONS[header.compression] ?? 'none';
      if (!header.isControl) batches.push({ compression, records: header.count, bytes: header.end - at });
      at = header.end;
      offset = BigInt(header.lastOffset) + 1n;
    }
    if (offset >= highWatermark) return batches;
  }
}
