/**
 * Two modules of kafkajs 2.2.4 on the way out that are replaced because of what they cost: `recordBatch/record/v0` makes
 * a buffer of 512 zeros for each record and each of its headers (a dead letter has seven and more), and
 * `producer/groupMessagesPerPartition` copies the list of a partition's messages for every message.
 */

/** A message as kafkajs's request has it. */
interface OutgoingMessage {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;
}
type HeaderValue = Buffer | string | null | undefined;

/** What kafkajs's own encoder looks like to those who copy its bytes. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

/** A record of format 2 (KIP-98), in one buffer of its size. */
export function encodeRecord({
  offsetDelta = 0,
  timestampDelta = 0,
  key,
  value,
  headers = {},
}: OutgoingMessage): Encoded {
  const pairs = headerPairs(headers);
  let bodyBytes =
    1 + varintBytes(timestampDelta) + varintBytes(offsetDelta) + sizedBytes(key) + sizedBytes(value);
  bodyBytes += varintBytes(pairs.length);
  for (const [name, header] of pairs) bodyBytes += sizedBytes(name) + sizedBytes(header);

  const buffer = Buffer.allocUnsafe(varintBytes(bodyBytes) + bodyBytes);
  let at = writeVarint(buffer, 0, bodyBytes);
  buffer[at++] = 0;
  at = writeVarint(buffer, at, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  at = writeSized(buffer, at, key);
  at = writeSized(buffer, at, value);
  at = writeVarint(buffer, at, pairs.length);
  for (const [name, header] of pairs) {
    at = writeSized(buffer, at, name);
    at = writeSized(buffer, at, header);
  }
  return { buf: buffer, buffer };
}

function headerPairs(headers: NonNullable<OutgoingMessage['headers']>): (readonly [string, HeaderValue])[] {
  const pairs: (readonly [string, HeaderValue])[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (Array.isArray(value)) for (const each of value as readonly HeaderValue[]) pairs.push([name, each]);
    else pairs.push([name, value as HeaderValue]);
  }
  return pairs;
}

function byteLength(value: Buffer | string): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function sizedBytes(value: HeaderValue): number {
  if (value == null) return 1;
  const bytes = byteLength(value);
  return varintBytes(bytes) + bytes;
}

function writeSized(buffer: Buffer, at: number, value: HeaderValue): number {
  if (value == null) return writeVarint(buffer, at, -1);
  const start = writeVarint(buffer, at, byteLength(value));
  if (typeof value === 'string') return start + buffer.write(value, start);
  buffer.set(value, start);
  return start + value.length;
}

/** Zig-zag, as a whole number below 2^53: times and lengths are. */
function zigZag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let raw = zigZag(value); raw >= 128; raw = Math.floor(raw / 128)) bytes++;
  return bytes;
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let raw = zigZag(value);
  for (; raw >= 128; raw = Math.floor(raw / 128)) buffer[at++] = (raw % 128) | 0x80;
  buffer[at++] = raw;
  return at;
}

interface Grouping {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly unknown[];
  readonly partitioner: (choice: {
    readonly topic: string;
    readonly partitionMetadata: readonly unknown[];
    readonly message: unknown;
  }) => number;
}

/** Messages by partition, in their order. */
export function groupMessages({
  topic,
  partitionMetadata,
  messages,
  partitioner,
}: Grouping): Record<number, unknown[]> {
  const groups: Record<number, unknown[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages)
    (groups[partitioner({ topic, partitionMetadata, message })] ??= []).push(message);
  return groups;
}
