import type { Type } from 'avsc';
import type { SchemaSource } from '../../src/decode/schema-source.js';

/** A source of writer schemas in memory. */
export function schemasBy(typeOf: (key: string) => Type | null): SchemaSource {
  return {
    find: (keys) =>
      Promise.resolve(new Map(keys.map((key) => [key, typeOf(key) ?? { why: 'there is none' }]))),
  };
}
