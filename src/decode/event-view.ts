import type { Type } from 'avsc';
import { bytesAsText } from '../bytes-as-text.js';
import {
  type RecordShape,
  type TypeView,
  branchesOf,
  itemsOf,
  symbolsOf,
  valuesOf,
  viewOf,
} from './avro-schema.js';
import { Cursor, DEPTH_MAX, MALFORMED } from './cursor.js';
import { varint } from './entity-text.js';

/** What an event looks like to a person, as JSON; or why it cannot be read. */
export type EventView = { readonly event: unknown } | { readonly fault: string };

/**
 * An event by its writer schema alone, under the same limits as the pipeline's. Longs beyond 2^53 are text, bytes are
 * text or `hex:…`, numbers that JSON does not have are text.
 * @param bodyOffset where the body starts, in bytes
 */
export function viewEvent(writer: Type, value: Buffer, bodyOffset: number): EventView {
  const cursor = new Cursor();
  cursor.load(value, bodyOffset);
  try {
    const event = read(viewOf(writer), cursor);
    if (cursor.at !== cursor.end) cursor.fail(`${cursor.end - cursor.at} bytes left over`);
    return { event };
  } catch (error) {
    if (error !== MALFORMED) throw error;
    return { fault: cursor.fault };
  }
}

function read(view: TypeView, cursor: Cursor): unknown {
  switch (view.kind) {
    case 'null':
      return null;
    case 'boolean':
      return cursor.boolean() === 1;
    case 'int':
      return cursor.int();
    case 'long':
      return long(cursor);
    case 'float':
      return jsonNumber(cursor.float());
    case 'double':
      return jsonNumber(cursor.double());
    case 'bytes':
    case 'string':
      return sized(cursor);
    case 'fixed':
      return take(cursor, (view.type as unknown as { size: number }).size);
    case 'enum': {
      const index = cursor.int();
      return symbolsOf(view)[index] ?? cursor.fail(`an enum has no symbol ${index}`);
    }
    case 'union': {
      const index = cursor.long();
      const branch = branchesOf(view)[index];
      return read(branch ?? cursor.fail(`a union has no branch ${index}`), cursor);
    }
    default:
      return nested(view, cursor);
  }
}

function nested(view: TypeView, cursor: Cursor): unknown {
  if (++cursor.depth > DEPTH_MAX) cursor.fail(`nested deeper than ${DEPTH_MAX}`);
  const value = inside(view, cursor);
  cursor.depth--;
  return value;
}

function inside(view: TypeView, cursor: Cursor): unknown {
  if (view.kind === 'record') {
    const object = Object.create(null) as Record<string, unknown>;
    for (const { name, type } of (view.type as unknown as RecordShape).fields)
      object[name as string] = read(viewOf(type), cursor);
    return object;
  }
  if (view.kind === 'array') {
    const items = viewOf(itemsOf(view));
    const array: unknown[] = [];
    // Items that may have no bytes of their own have a limit of their own.
    const bytesMin = ['null', 'record', 'fixed'].includes(items.kind) ? 0 : 1;
    for (let count = cursor.blockCount(bytesMin); count > 0; count = cursor.blockCount(bytesMin))
      for (let i = 0; i < count; i++) array.push(read(items, cursor));
    return array;
  }
  const values = viewOf(valuesOf(view));
  const object = Object.create(null) as Record<string, unknown>;
  for (let count = cursor.blockCount(1); count > 0; count = cursor.blockCount(1))
    for (let i = 0; i < count; i++) {
      const key = sized(cursor);
      object[key] = read(values, cursor);
    }
  return object;
}

function long(cursor: Cursor): number | string {
  const start = cursor.at;
  const value = cursor.long();
  if (Number.isSafeInteger(value)) return value;
  return varint(cursor.bytes, start, cursor.at).toString();
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function sized(cursor: Cursor): string {
  return take(cursor, cursor.long());
}

function take(cursor: Cursor, byteCount: number): string {
  const start = cursor.at;
  cursor.skip(byteCount);
  return bytesAsText(cursor.bytes.subarray(start, cursor.at));
}
