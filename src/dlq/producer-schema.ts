import { type Encoding, frameFault, schemaKey } from '../decode/wire-format.js';

/** How a letter's value names the schema that its producer wrote it with. */
export interface ProducerSchema {
  readonly encoding: Exclude<Encoding, 'raw'>;
  /** Sixteen hex digits of fingerprint, or a registry's id. */
  readonly key: string;
}

/**
 * @param encoding of the input, or null where nobody knows: then by the first bytes
 * @returns null where the value has no frame
 */
export function producerSchema(value: Buffer | null, encoding: Encoding | null): ProducerSchema | null {
  if (value === null || encoding === 'raw') return null;
  const candidates = encoding === null ? (['single-object', 'confluent'] as const) : [encoding];
  const framed = candidates.find((candidate) => frameFault(candidate, value) === null);
  if (framed === undefined) return null;
  return { encoding: framed, key: schemaKey(framed, value) };
}

/** `id 7`, `8d1f…` or `-` */
export function schemaText(schema: ProducerSchema | null): string {
  if (schema === null) return '-';
  return schema.encoding === 'confluent' ? `id ${schema.key}` : schema.key;
}
