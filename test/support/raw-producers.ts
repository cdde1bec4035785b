import { NO_TAGS, compactText, int16, int32, int64, int8, onlyOne, rawRequest } from './raw-request.js';

/** What a partition's leader knows of a producer that wrote to it. */
export interface KnownProducer {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly coordinatorEpoch: number;
  readonly hasOpenTransaction: boolean;
}

/** DescribeProducers, version 0 (KIP-664): the only producer of a partition. @throws Error when it is not the only one */
export async function onlyProducer(port: number, topic: string, partition: number): Promise<KnownProducer> {
  const response = await rawRequest(port, {
    apiKey: 61,
    version: 0,
    isFlexible: true,
    body: [onlyOne(compactText(topic), onlyOne(int32(partition)), NO_TAGS), NO_TAGS],
  });
  // Throttle time, one topic with its name, one partition with its number, error code and no message.
  let at = 4 + 1 + 1 + Buffer.byteLength(topic) + 1 + 4;
  const errorCode = response.readInt16BE(at);
  at += 2 + 1;
  const count = response.readUInt8(at) - 1;
  if (errorCode !== 0 || count !== 1) throw new Error(`error ${errorCode}, ${count} producers of ${topic}`);
  at += 1;
  return {
    producerId: response.readBigInt64BE(at),
    epoch: response.readInt32BE(at + 8),
    coordinatorEpoch: response.readInt32BE(at + 24),
    hasOpenTransaction: response.readBigInt64BE(at + 28) >= 0n,
  };
}

/**
 * WriteTxnMarkers, version 2 (KIP-98, KIP-890): what the transaction coordinator sends to a leader, once more.
 * @returns the leader's error code
 */
export async function writeMarker(
  port: number,
  topic: string,
  partition: number,
  { producerId, epoch, coordinatorEpoch }: KnownProducer,
  { isCommit, transactionVersion }: { readonly isCommit: boolean; readonly transactionVersion: number },
): Promise<number> {
  const marker = [
    int64(producerId),
    int16(epoch),
    int8(isCommit ? 1 : 0),
    onlyOne(compactText(topic), onlyOne(int32(partition)), NO_TAGS),
    int32(coordinatorEpoch),
    int8(transactionVersion),
    NO_TAGS,
  ];
  const response = await rawRequest(port, {
    apiKey: 27,
    version: 2,
    isFlexible: true,
    body: [onlyOne(...marker), NO_TAGS],
  });
  // One marker with its producer id, one topic with its name, one partition with its number.
  return response.readInt16BE(1 + 8 + 1 + 1 + Buffer.byteLength(topic) + 1 + 4);
}
