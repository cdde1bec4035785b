import { int32, rawRequest, text } from '../../chaos/network/raw-request.js';

/**
 * OffsetFetch, version 1, of one partition, to this very broker, whether it is the coordinator or not (protocol guide).
 * @returns the offset that it answers with, however late
 */
export async function rawOffsetFetch(
  port: number,
  group: string,
  topic: string,
  partition: number,
): Promise<number> {
  const body = [text(group), int32(1), text(topic), int32(1), int32(partition)];
  const response = await rawRequest(port, { apiKey: 9, version: 1, isFlexible: false, body }, null);
  // One topic with its name, one partition with its number, then the offset.
  return Number(response.readBigInt64BE(4 + 2 + Buffer.byteLength(topic) + 4 + 4));
}
