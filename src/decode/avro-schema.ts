import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { Schema, Type } from 'avsc';
import { UnusableFileError, messageOf } from '../errors.js';

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

/** Largest schema text that is parsed, in bytes. */
export const SCHEMA_BYTES_MAX = 1_048_576;

/**
 * Schema text to a type whose logical times stay visible.
 * @param named types that the text may name; its own are added
 * @throws Error of avsc's when the text is not an Avro schema
 */
export function parseSchema(text: string, named: Record<string, Type> = {}): Type {
  if (text.length > SCHEMA_BYTES_MAX) throw new RangeError(`a schema of more than ${SCHEMA_BYTES_MAX} bytes`);
  const schema = JSON.parse(text) as Schema;
  return avro.Type.forSchema(schema, { logicalTypes, wrapUnions: true, registry: named });
}

/** @throws UnusableFileError naming the file */
export function readSchemaFile(file: string): Type {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UnusableFileError(`${file}: the schema cannot be read: ${messageOf(cause)}`, { cause });
  }
  try {
    return parseSchema(text);
  } catch (cause) {
    throw new UnusableFileError(`${file}: not an Avro schema: ${messageOf(cause).replaceAll('\n', ' ')}`, {
      cause,
    });
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
  if (typeName === 'error') return { type, kind: 'record', logical: null };
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

/** The type of a field, an item or a value inside a type that is no union; null where there is none. */
export function insideType(view: TypeView, segment: string | number): Type | null {
  if (view.kind === 'record') {
    return (view.type as unknown as RecordShape).fields.find(({ name }) => name === segment)?.type ?? null;
  }
  if (view.kind === 'array') return (view.type as unknown as { itemsType: Type }).itemsType;
  if (view.kind === 'map') return (view.type as unknown as { valuesType: Type }).valuesType;
  return null;
}
