import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { Schema, Type } from 'avsc';
import { UnusableFileError, UnusableSchemaError, fileFaultOf, messageOf } from '../errors.js';
import { SchemaNormalizer } from './normal-schema.js';
import { SCHEMA_LIMITS } from './schema-limits.js';

/** Times keep their number; the decoder converts units itself. Registering them keeps their names visible. */
class PlainNumber extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return value;
  }
  protected override _toValue(value: unknown): unknown {
    return value;
  }
  protected override _resolve(type: Type): ((value: unknown) => unknown) | undefined {
    return avro.Type.isType(type, 'int', 'long', 'logical') ? (value) => value : undefined;
  }
}

/** Unit of each logical time as a divisor to seconds; `date` counts days. */
const SECONDS_PER_UNIT: Readonly<Record<string, { multiply: number; divide: number }>> = {
  'timestamp-millis': { multiply: 1, divide: 1e3 },
  'timestamp-micros': { multiply: 1, divide: 1e6 },
  'timestamp-nanos': { multiply: 1, divide: 1e9 },
  'local-timestamp-millis': { multiply: 1, divide: 1e3 },
  'local-timestamp-micros': { multiply: 1, divide: 1e6 },
  'local-timestamp-nanos': { multiply: 1, divide: 1e9 },
  'time-millis': { multiply: 1, divide: 1e3 },
  'time-micros': { multiply: 1, divide: 1e6 },
  date: { multiply: 86_400, divide: 1 },
};

const logicalTypes = Object.fromEntries(Object.keys(SECONDS_PER_UNIT).map((name) => [name, PlainNumber]));

/** Schemas that name each other's types. */
export class SchemaFamily {
  readonly normalizer = new SchemaNormalizer();
  readonly types: Record<string, Type> = {};
}

/**
 * Schema text to a type whose logical times stay visible.
 * @param family the schemas that the text may name types of; it becomes one of them
 * @throws UnusableSchemaError when the text is no Avro schema or breaks one of SCHEMA_LIMITS; its message is one line
 */
export function parseSchema(text: string, family = new SchemaFamily()): Type {
  const { bytesMax } = SCHEMA_LIMITS;
  if (Buffer.byteLength(text) > bytesMax)
    throw new UnusableSchemaError(`a schema of more than ${bytesMax} bytes`);
  try {
    const schema = family.normalizer.read(JSON.parse(text)) as Schema;
    return avro.Type.forSchema(schema, {
      logicalTypes,
      wrapUnions: true,
      assertLogicalTypes: true,
      registry: family.types,
    });
  } catch (cause) {
    if (cause instanceof UnusableSchemaError) throw cause;
    // JSON.parse and avsc quote what they do not like, whole.
    const message = messageOf(cause).replace(/\s+/g, ' ').slice(0, MESSAGE_CHARS_MAX);
    throw new UnusableSchemaError(`not an Avro schema: ${message}`, { cause });
  }
}

const MESSAGE_CHARS_MAX = 300;

/** @throws UnusableFileError naming the file */
export function readSchemaFile(file: string): Type {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UnusableFileError(`${file}: the schema cannot be read: ${fileFaultOf(cause)}`, { cause });
  }
  try {
    return parseSchema(text);
  } catch (cause) {
    throw new UnusableFileError(`${file}: the schema cannot be used: ${messageOf(cause)}`, { cause });
  }
}

export type Kind =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'bytes'
  | 'string'
  | 'record'
  | 'enum'
  | 'array'
  | 'map'
  | 'fixed'
  | 'union';

export interface TypeView {
  readonly type: Type;
  readonly kind: Kind;
  readonly logical: string | null;
}

interface WithInsides {
  readonly underlyingType: Type;
  readonly types: readonly Type[];
}

/** A type without its logical wrapping. */
export function viewOf(type: Type): TypeView {
  const { typeName } = type;
  if (typeName.startsWith('logical:')) {
    const inner = viewOf((type as unknown as WithInsides).underlyingType);
    return { ...inner, logical: typeName.slice('logical:'.length) };
  }
  if (typeName.startsWith('union:')) return { type, kind: 'union', logical: null };
  return { type, kind: typeName as Kind, logical: null };
}

/** Branches of a union; any other type is its own only branch. */
export function branchesOf(view: TypeView): readonly TypeView[] {
  return view.kind === 'union' ? (view.type as unknown as WithInsides).types.map(viewOf) : [view];
}

/** How a number of this type becomes seconds (logical times), or itself. */
export function unitOf(view: TypeView): { multiply: number; divide: number } | null {
  return view.logical === null ? null : (SECONDS_PER_UNIT[view.logical] ?? null);
}

/** A field as avsc shows it. */
export interface FieldShape {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: Type;
  defaultValue(): unknown;
}
/** The inside of a record, as avsc shows it. */
export interface RecordShape {
  readonly name?: string;
  readonly aliases: readonly string[];
  readonly fields: readonly FieldShape[];
}

export function itemsOf(array: TypeView): Type {
  return (array.type as unknown as { itemsType: Type }).itemsType;
}

export function valuesOf(map: TypeView): Type {
  return (map.type as unknown as { valuesType: Type }).valuesType;
}

export function symbolsOf(enumeration: TypeView): readonly string[] {
  return (enumeration.type as unknown as { symbols: readonly string[] }).symbols;
}

/** The symbol that stands for those that an enum does not have, or null. */
export function symbolDefaultOf(enumeration: TypeView): string | null {
  return (enumeration.type as unknown as { default?: string }).default ?? null;
}

/** The type of a field, an item or a value inside a type that is no union; null where there is none. */
export function insideType(view: TypeView, segment: string | number): Type | null {
  if (view.kind === 'record') {
    return (view.type as unknown as RecordShape).fields.find(({ name }) => name === segment)?.type ?? null;
  }
  if (view.kind === 'array') return itemsOf(view);
  return view.kind === 'map' ? valuesOf(view) : null;
}
