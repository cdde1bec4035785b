import type { Type } from 'avsc';

/** The fingerprint of no bytes at all, which is the polynomial too (Avro specification, "Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n;

/**
 * The ten bytes in front of a single-object encoded value: C3 01 and the CRC-64-AVRO of the schema's canonical form,
 * little-endian. Computed bit by bit, with nothing of Outrider's.
 */
export function expectedHeader(type: Type): Buffer {
  let fingerprint = EMPTY;
  for (const byte of Buffer.from(JSON.stringify(type.schema()))) {
    fingerprint ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++)
      fingerprint = (fingerprint >> 1n) ^ ((fingerprint & 1n) === 1n ? EMPTY : 0n);
  }
  const header = Buffer.from('c3010000000000000000', 'hex');
  header.writeBigUInt64LE(fingerprint, 2);
  return header;
}
