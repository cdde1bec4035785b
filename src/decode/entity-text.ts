import { bytesAsText } from '../bytes-as-text.js';
import { type TypeView, symbolDefaultOf, symbolsOf } from './avro-schema.js';

/** Turns the encoded bytes [start, end) of a scalar into the entity's text. */
export type EntityFormat = (bytes: Uint8Array, start: number, end: number) => string;

/**
 * The text of a value as the reader schema has it.
 * @param writer a scalar type: never null, record, array, map or union
 * @param reader what it resolves to
 */
export function entityFormat(writer: TypeView, reader: TypeView): EntityFormat {
  switch (writer.kind) {
    case 'string':
    case 'bytes':
      return (bytes, start, end) => bytesAsText(bytes.subarray(afterVarint(bytes, start), end));
    case 'fixed':
      return (bytes, start, end) => bytesAsText(bytes.subarray(start, end));
    case 'enum': {
      const known = new Set(symbolsOf(reader));
      const fallback = symbolDefaultOf(reader);
      const texts = symbolsOf(writer).map((symbol) => (known.has(symbol) ? symbol : (fallback ?? symbol)));
      return (bytes, start, end) => texts[Number(varint(bytes, start, end))] as string;
    }
    case 'boolean':
      return (bytes, start) => String(bytes[start] === 1);
    case 'float':
      return (bytes, start) => String(new DataView(bytes.buffer).getFloat32(start, true));
    case 'double':
      return (bytes, start) => String(new DataView(bytes.buffer).getFloat64(start, true));
    default:
      if (reader.kind === 'float')
        return (bytes, start, end) => String(Math.fround(Number(varint(bytes, start, end))));
      if (reader.kind === 'double') return (bytes, start, end) => String(Number(varint(bytes, start, end)));
      // Exact, also beyond 2^53: two ids must not become one.
      return (bytes, start, end) => varint(bytes, start, end).toString();
  }
}

function afterVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= 0x80) at++;
  return at + 1;
}

/** The whole zig-zag varint that stands at [start, end), exact. */
export function varint(bytes: Uint8Array, start: number, end: number): bigint {
  let raw = 0n;
  for (let at = start, shift = 0n; at < end; at++, shift += 7n)
    raw |= BigInt((bytes[at] as number) & 0x7f) << shift;
  raw = BigInt.asUintN(64, raw);
  return (raw >> 1n) ^ -(raw & 1n);
}
