import { connect } from 'node:net';

/** The wire format of the Kafka protocol guide, for what clients do not send, or not to the broker that a test means. */
export interface RawRequest {
  readonly apiKey: number;
  readonly version: number;
  /** KIP-482: this version of the request has tagged fields, and so have both headers. */
  readonly isFlexible: boolean;
  readonly body: readonly Buffer[];
}

/**
 * Sends one request to this very broker, on this machine.
 * @param limitMs null to wait for the answer however long it takes
 * @returns the response behind its header
 */
export async function rawRequest(
  port: number,
  { apiKey, version, isFlexible, body }: RawRequest,
  limitMs: number | null,
): Promise<Buffer> {
  const header = [int16(apiKey), int16(version), int32(CORRELATION), text('raw')];
  const request = Buffer.concat([...header, ...(isFlexible ? [NO_TAGS] : []), ...body]);
  const socket = connect({ host: '127.0.0.1', port });
  if (limitMs !== null)
    socket.setTimeout(limitMs, () => socket.destroy(new Error(`no answer within ${limitMs} ms`)));
  socket.write(Buffer.concat([int32(request.length), request]));
  const response = await new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the broker closed the connection on API ${apiKey}`)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) resolve(received);
    });
  });
  socket.destroy();
  return response.subarray(isFlexible ? 9 : 8);
}

const CORRELATION = 1;

/** An empty list of tagged fields. */
export const NO_TAGS = Buffer.from([0]);

export function int8(value: number): Buffer {
  return Buffer.from([value & 0xff]);
}

export function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

export function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

export function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(value);
  return buffer;
}

export function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** COMPACT_STRING. @param value of at most 126 bytes */
export function compactText(value: string): Buffer {
  return Buffer.concat([int8(Buffer.byteLength(value) + 1), Buffer.from(value)]);
}

/** COMPACT_ARRAY of one element. */
export function onlyOne(...element: readonly Buffer[]): Buffer {
  return Buffer.concat([int8(2), ...element]);
}
