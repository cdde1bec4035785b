import { NO_TAGS, compactText, int16, int32, int64, int8, onlyOne, rawRequest } from './raw-request.js';

/** What a partition's leader knows of a producer that wrote to it. */
export interface KnownProducer {
  readonly producerId: bigint;
  readonly epoch: number;
  /** Of the transaction coordinator's, as it came with the last marker; -1 before the first. */
  readonly coordinatorEpoch: number;
  readonly hasOpenTransaction: boolean;
}

export interface Leader {
  readonly port: number;
  readonly topic: string;
  readonly partition: number;
}

const LIMIT_MS = 3000;
const PRODUCER_BYTES = 8 + 4 + 4 + 8 + 4 + 8 + 1;

/** DescribeProducers, version 0 (KIP-664). @returns null when the broker does not lead the partition */
export async function producersAt({ port, topic, partition }: Leader): Promise<KnownProducer[] | null> {
  const body = [onlyOne(compactText(topic), onlyOne(int32(partition)), NO_TAGS), NO_TAGS];
  const response = await rawRequest(port, { apiKey: 61, version: 0, isFlexible: true, body }, LIMIT_MS);
  // Throttle time, one topic with its name, one partition with its number; then the error and what it says.
  let at = 4 + 1 + 1 + Buffer.byteLength(topic) + 1 + 4;
  if (response.readInt16BE(at) !== 0) return null;
  at += 2;
  at += Math.max(1, response.readUInt8(at));
  const count = response.readUInt8(at) - 1;
  at += 1;
  return Array.from({ length: count }, (_, index) => {
    const from = at + index * PRODUCER_BYTES;
    return {
      producerId: response.readBigInt64BE(from),
      epoch: response.readInt32BE(from + 8),
      coordinatorEpoch: response.readInt32BE(from + 24),
      hasOpenTransaction: response.readBigInt64BE(from + 28) >= 0n,
    };
  });
}

/**
 * WriteTxnMarkers, version 2 (KIP-98, KIP-890), as of transaction version 1: what a transaction coordinator sends to a
 * leader.
 * @returns the leader's error code; 0 when it took the marker
 */
export async function writeMarker(
  { port, topic, partition }: Leader,
  { producerId, epoch, coordinatorEpoch }: Omit<KnownProducer, 'hasOpenTransaction'>,
  isCommit: boolean,
): Promise<number> {
  const marker = [
    int64(producerId),
    int16(epoch),
    int8(isCommit ? 1 : 0),
    onlyOne(compactText(topic), onlyOne(int32(partition)), NO_TAGS),
    int32(coordinatorEpoch),
    int8(1),
    NO_TAGS,
  ];
  const body = [onlyOne(...marker), NO_TAGS];
  const response = await rawRequest(port, { apiKey: 27, version: 2, isFlexible: true, body }, LIMIT_MS);
  // One marker with its producer id, one topic with its name, one partition with its number.
  return response.readInt16BE(1 + 8 + 1 + 1 + Buffer.byteLength(topic) + 1 + 4);
}
