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
  readonly headers?: HeaderObject | readonly HeaderPair[];
}

type HeaderObject = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;
type HeaderValue = Buffer | string | null | undefined;

/** What kafkajs's own encoder looks like to those who copy its bytes. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

/** Hot path: a record of format 2 (KIP-98), in one buffer of its size. */
export function encodeRecord({
  offsetDelta = 0,
  timestampDelta = 0,
  key,
  value,
  headers = NO_HEADERS,
}: OutgoingMessage): Encoded {
  const pairs = isList(headers) ? headers : headerPairs(headers);
  const names = pairs.map(([name]) => sizedName(name));
  let bodyBytes =
    1 + varintBytes(timestampDelta) + varintBytes(offsetDelta) + sizedBytes(key) + sizedBytes(value);
  bodyBytes += varintBytes(names.length);
  for (let i = 0; i < names.length; i++)
    bodyBytes += (names[i] as Buffer).length + sizedBytes((pairs[i] as HeaderPair)[1]);

  const buffer = Buffer.allocUnsafe(varintBytes(bodyBytes) + bodyBytes);
  let at = writeVarint(buffer, 0, bodyBytes);
  buffer[at++] = 0;
  at = writeVarint(buffer, at, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  at = writeSized(buffer, at, key);
  at = writeSized(buffer, at, value);
  at = writeVarint(buffer, at, names.length);
  for (let i = 0; i < names.length; i++) {
    at = copy(names[i] as Buffer, buffer, at);
    at = writeSized(buffer, at, (pairs[i] as HeaderPair)[1]);
  }
  return { buf: buffer, buffer };
}

/** Of this project's records (record-format.ts): an object would lose their order, and is slower to read. */
type HeaderPair = readonly [name: string, value: HeaderValue];

const NO_HEADERS: readonly HeaderPair[] = [];

function isList(headers: OutgoingMessage['headers']): headers is readonly HeaderPair[] {
  return Array.isArray(headers);
}

/** Of an object, as kafkajs's own callers give them. */
function headerPairs(headers: HeaderObject): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (Array.isArray(value)) for (const each of value as readonly HeaderValue[]) pairs.push([name, each]);
    else pairs.push([name, value as HeaderValue]);
  }
  return pairs;
}

/** Names are few, and the same in every record: each is encoded once. Hostile ones, of events, are not kept for ever. */
const NAMES_MAX = 512;
const sizedNames = new Map<string, Buffer>();

function sizedName(name: string): Buffer {
  const known = sizedNames.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(name);
  const sized = Buffer.alloc(varintBytes(bytes) + bytes);
  sized.write(name, writeVarint(sized, 0, bytes));
  if (sizedNames.size >= NAMES_MAX) sizedNames.clear();
  sizedNames.set(name, sized);
  return sized;
}

/** Below this a loop is faster than a call out of JavaScript. */
const LOOP_BYTES_MAX = 64;

function copy(from: Buffer, to: Buffer, start: number): number {
  const { length } = from;
  if (length > LOOP_BYTES_MAX) to.set(from, start);
  else for (let i = 0; i < length; i++) to[start + i] = from[i] as number;
  return start + length;
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
  return typeof value === 'string' ? start + buffer.write(value, start) : copy(value, buffer, start);
}

/** Zig-zag, as a whole number below 2^53: times and lengths are. */
function zigZag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function varintBytes(value: number): number {
  let raw = zigZag(value);
  if (raw < 0x80) return 1;
  if (raw < 0x4000) return 2;
  let bytes = 1;
  for (; raw >= 128; raw = Math.floor(raw / 128)) bytes++;
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
