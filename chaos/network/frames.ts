/** Kafka's requests on the wire: a length of four bytes, then the header (protocol guide, "Request header"). */

export const API = {
  Produce: 0,
  OffsetFetch: 9,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const;

export type ApiName = keyof typeof API;

/** Who a transactional request says that it is. InitProducerId with -1 for both is a fence. */
export interface ProducerFacts {
  readonly producerId: bigint;
  readonly epoch: number;
}

const NOBODY: ProducerFacts = { producerId: -1n, epoch: -1 };

export interface RequestFacts {
  readonly api: number;
  readonly correlationId: number;
  readonly clientId: string;
  /** Of the requests that carry one; null for the others. */
  readonly transactionalId: string | null;
  /** Of InitProducerId and EndTxn; null for the others. */
  readonly producer: ProducerFacts | null;
}

/** Cuts a stream of bytes into frames, lengths included. */
export class FrameSplitter {
  private rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<Buffer> {
    let buffer = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (buffer.length >= 4) {
      const end = 4 + buffer.readInt32BE(0);
      if (buffer.length < end) break;
      yield buffer.subarray(0, end);
      buffer = buffer.subarray(end);
    }
    this.rest = buffer;
  }
}

const HEADER_BYTES = 4 + 2 + 2 + 4;
/** Those whose body starts with the transactional id, in the versions that kafkajs speaks (flexible only InitProducerId's version 3). */
const WITH_TRANSACTIONAL_ID: ReadonlySet<number> = new Set([
  API.Produce,
  API.InitProducerId,
  API.AddPartitionsToTxn,
  API.AddOffsetsToTxn,
  API.EndTxn,
  API.TxnOffsetCommit,
]);

/**
 * @param isOurs whether the client, by its id, is kafkajs's; only of those the transactional id is read
 */
export function requestFacts(frame: Buffer, isOurs: (clientId: string) => boolean): RequestFacts {
  const api = frame.readInt16BE(4);
  const correlationId = frame.readInt32BE(8);
  const [clientId, at] = nullableString(frame, HEADER_BYTES);
  const isRead = WITH_TRANSACTIONAL_ID.has(api) && clientId !== null && isOurs(clientId);
  const body = isRead ? transactional(frame, api, at) : { transactionalId: null, producer: null };
  return { api, correlationId, clientId: clientId ?? '', ...body };
}

/** Protocol guide: InitProducerId from version 3 on says who asks, the others are read as far as they are alike. */
function transactional(
  frame: Buffer,
  api: number,
  at: number,
): Pick<RequestFacts, 'transactionalId' | 'producer'> {
  if (api === API.InitProducerId && frame.readInt16BE(6) >= 3) {
    // No tagged fields; a length of one byte, one too high; the time-out stands before the producer.
    const from = at + 2;
    const end = from + frame.readUInt8(at + 1) - 1;
    return { transactionalId: frame.toString('utf8', from, end), producer: producerAt(frame, end + 4) };
  }
  const [transactionalId, end] = nullableString(frame, at);
  if (api === API.InitProducerId) return { transactionalId, producer: NOBODY };
  return { transactionalId, producer: api === API.EndTxn ? producerAt(frame, end) : null };
}

function producerAt(frame: Buffer, at: number): ProducerFacts {
  return { producerId: frame.readBigInt64BE(at), epoch: frame.readInt16BE(at + 8) };
}

/** Whether the request fences whoever had the transactional id, rather than asking for the next epoch. */
export function isFence({ api, producer }: RequestFacts): boolean {
  return api === API.InitProducerId && producer?.producerId === -1n;
}

export function correlationIdOf(response: Buffer): number {
  return response.readInt32BE(4);
}

function nullableString(buffer: Buffer, at: number): [string | null, number] {
  const length = buffer.readInt16BE(at);
  if (length < 0) return [null, at + 2];
  return [buffer.toString('utf8', at + 2, at + 2 + length), at + 2 + length];
}
