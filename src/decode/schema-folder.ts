import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from 'avsc';
import { UnusableFileError, messageOf } from '../errors.js';
import { readSchemaFile } from './avro-schema.js';
import { schemaFingerprint } from './fingerprint.js';
import type { SchemaSource } from './schema-source.js';

/** Largest number of writer schemas that a folder may hold. */
export const FOLDER_SCHEMAS_MAX = 1000;

/**
 * The `.avsc` files of a folder, by CRC-64-AVRO fingerprint, the reader schema always among them.
 * @throws UnusableFileError naming the folder or the file
 */
export function schemaFolder(folder: string, reader: Type): SchemaSource {
  const types = new Map<string, Type>([[fingerprintKey(schemaFingerprint(reader)), reader]]);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.avsc'));
  } catch (cause) {
    throw new UnusableFileError(`${folder}: the schema folder cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (names.length > FOLDER_SCHEMAS_MAX)
    throw new UnusableFileError(`${folder}: more than ${FOLDER_SCHEMAS_MAX} schemas`);
  for (const name of names.sort()) {
    const type = readSchemaFile(join(folder, name));
    types.set(fingerprintKey(schemaFingerprint(type)), type);
  }
  return { find: (key) => Promise.resolve(types.get(key) ?? null) };
}

/** A fingerprint as it is written in keys and messages. */
export function fingerprintKey(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0');
}
