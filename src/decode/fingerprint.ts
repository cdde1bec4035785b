import type { Type } from 'avsc';

/**
 * CRC-64-AVRO (Rabin fingerprint) of a schema's Parsing Canonical Form, Avro specification 1.11, "Schema
 * Fingerprints". Computed once a schema, so plainly, with BigInt.
 */
const EMPTY = 0xc15d213aa4d7a795n;
const TABLE = Array.from({ length: 256 }, (_, i) => {
  let fp = BigInt(i);
  for (let bit = 0; bit < 8; bit++) fp = (fp >> 1n) ^ (EMPTY & -(fp & 1n));
  return BigInt.asUintN(64, fp);
});

/** @returns the 64-bit fingerprint of UTF-8 bytes. */
export function crc64Avro(bytes: Uint8Array): bigint {
  let fp = EMPTY;
  for (const byte of bytes) fp = (fp >> 8n) ^ (TABLE[Number((fp ^ BigInt(byte)) & 0xffn)] as bigint);
  return fp;
}

/** Parsing Canonical Form as text. */
export function canonicalForm(type: Type): string {
  return JSON.stringify(type.schema());
}

export function schemaFingerprint(type: Type): bigint {
  return crc64Avro(Buffer.from(canonicalForm(type), 'utf8'));
}

/** The ten bytes that open a single-object encoded value: C3 01 and the fingerprint, little-endian. */
export function singleObjectHeader(type: Type): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(0xc301, 0);
  header.writeBigUInt64LE(schemaFingerprint(type), 2);
  return header;
}
