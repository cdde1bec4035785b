import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from 'avsc';
import { UnusableFileError, messageOf } from '../errors.js';
import { readSchemaFile } from './avro-schema.js';
import { schemaFingerprint } from './fingerprint.js';
import type { NoSchema, SchemaSource } from './schema-source.js';

/** Largest number of writer schemas that a folder may hold. */
export const FOLDER_SCHEMAS_MAX = 1000;

/**
 * The `.avsc` files of a folder, by CRC-64-AVRO fingerprint, the reader schema always among them.
 * @throws UnusableFileError naming the folder or the file
 */
export function schemaFolder(folder: string, reader: Type): SchemaSource {
  const types = new Map<string, Type>([[fingerprintKey(schemaFingerprint(reader)), reader]]);
  for (const type of readSchemaFolder(folder).values())
    types.set(fingerprintKey(schemaFingerprint(type)), type);
  const absent: NoSchema = { why: 'no file of input.schemas has it' };
  return {
    find: (keys) => Promise.resolve(new Map(keys.map((key) => [key, types.get(key) ?? absent]))),
  };
}

/** The `.avsc` files of a folder by name, in order. @throws UnusableFileError naming the folder or the file */
export function readSchemaFolder(folder: string): ReadonlyMap<string, Type> {
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
  return new Map(names.sort().map((name) => [name, readSchemaFile(join(folder, name))]));
}

/** A fingerprint as it is written in keys and messages. */
export function fingerprintKey(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0');
}
