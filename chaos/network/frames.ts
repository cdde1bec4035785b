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

export interface RequestFacts {
  readonly api: number;
  readonly correlationId: number;
  readonly clientId: string;
  /** Of the requests that carry one; null for the others. */
  readonly transactionalId: string | null;
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
/** Those whose body starts with the transactional id, in the versions that kafkajs speaks (none of them flexible). */
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
  const carries = WITH_TRANSACTIONAL_ID.has(api) && clientId !== null && isOurs(clientId);
  return {
    api,
    correlationId,
    clientId: clientId ?? '',
    transactionalId: carries ? nullableString(frame, at)[0] : null,
  };
}

export function correlationIdOf(response: Buffer): number {
  return response.readInt32BE(4);
}

function nullableString(buffer: Buffer, at: number): [string | null, number] {
  const length = buffer.readInt16BE(at);
  if (length < 0) return [null, at + 2];
  return [buffer.toString('utf8', at + 2, at + 2 + length), at + 2 + length];
}
