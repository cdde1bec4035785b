import { fingerprintKey } from './schema-folder.js';

/** How a value on a topic names its writer schema. */
export type Encoding = 'single-object' | 'confluent' | 'raw';

/** Bytes before the body: C3 01 and the fingerprint; 00 and the schema id; nothing. */
export const FRAME_BYTES: Readonly<Record<Encoding, number>> = { 'single-object': 10, confluent: 5, raw: 0 };

/** @returns what is wrong with the frame of a value at [start, end), or null. Avro specification 1.11 "Single-object encoding"; Confluent wire format. */
export function frameFault(
  encoding: Encoding,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string | null {
  if (end - start < FRAME_BYTES[encoding])
    return `${end - start} bytes are too few for the ${encoding} encoding`;
  if (encoding === 'single-object' && (bytes[start] !== 0xc3 || bytes[start + 1] !== 0x01))
    return 'no single-object marker (C3 01) at the start';
  if (encoding === 'confluent' && bytes[start] !== 0) return 'no magic byte (00) at the start';
  return null;
}

/** What a framed value names its writer schema by: a decimal id, or sixteen hex digits of fingerprint. */
export function schemaKey(encoding: Encoding, value: Buffer): string {
  return encoding === 'confluent' ? String(value.readUInt32BE(1)) : fingerprintKey(value.readBigUInt64LE(2));
}
