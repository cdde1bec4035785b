import type { Type } from 'avsc';
import { type TypeView, branchesOf, unitOf, viewOf } from '../decode/avro-schema.js';
import type { PlanNode } from '../decode/field-plan.js';

/** A row that cannot be written with the schema. */
export interface RowFault {
  readonly path: string;
  readonly message: string;
}

/**
 * `strict`: every field without a default has to be in the row. `wanted`: only those of the plan; others that are
 * absent get an empty value, for files that hold the features and nothing else.
 */
export type Completeness = 'strict' | { readonly wanted: PlanNode };

class Misfit extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** @returns the Avro body of a row, or what does not fit */
export function encodeRow(type: Type, row: unknown, completeness: Completeness): Buffer | RowFault {
  try {
    const value = coerce(
      viewOf(type),
      row,
      '',
      completeness === 'strict' ? null : { node: completeness.wanted },
    );
    return type.toBuffer(value);
  } catch (error) {
    if (error instanceof Misfit) return { path: error.path, message: error.message };
    throw error;
  }
}

/** Where the plan stands along the schema; `node` undefined: nothing below is wanted. */
interface Wanted {
  readonly node: PlanNode | undefined;
}

function below(wanted: Wanted | null, segment: string | number): Wanted | null {
  return wanted === null ? null : { node: wanted.node?.children.get(segment) };
}

function coerce(view: TypeView, value: unknown, path: string, wanted: Wanted | null): unknown {
  if (view.kind === 'union') return coerceUnion(view, value, path, wanted);
  if (value === undefined || value === '' || value === null) {
    if (view.kind === 'string' && value === '') return '';
    if (view.kind === 'null') return null;
    if (wanted !== null && wanted.node === undefined) return emptyValue(view);
    if (view.kind !== 'record' && view.kind !== 'array' && view.kind !== 'map')
      throw new Misfit(path, 'has no value');
  }
  switch (view.kind) {
    case 'record':
      return coerceRecord(view, value, path, wanted);
    case 'array': {
      const items = viewOf((view.type as unknown as { itemsType: Type }).itemsType);
      const list = Array.isArray(value) ? (value as unknown[]) : [];
      return Array.from(list, (item, i) => coerce(items, item, `${path}[${i}]`, below(wanted, i)));
    }
    case 'map': {
      const values = viewOf((view.type as unknown as { valuesType: Type }).valuesType);
      const entries = Object.entries((value ?? {}) as object).map(
        ([key, item]) => [key, coerce(values, item, `${path}.${key}`, below(wanted, key))] as const,
      );
      return Object.fromEntries(entries);
    }
    default:
      return coerceScalar(view, value, path);
  }
}

function coerceRecord(view: TypeView, value: unknown, path: string, wanted: Wanted | null): unknown {
  if (value !== undefined && (typeof value !== 'object' || value === null))
    throw new Misfit(path, `is ${shown(value)}, not a record`);
  const { fields } = view.type as unknown as {
    fields: readonly { name: string; type: Type; defaultValue(): unknown }[];
  };
  const given = (value ?? {}) as Record<string, unknown>;
  const record: Record<string, unknown> = {};
  for (const field of fields) {
    const inner = path === '' ? field.name : `${path}.${field.name}`;
    const absent = given[field.name] === undefined;
    const fallback = absent ? field.defaultValue() : undefined;
    record[field.name] =
      fallback !== undefined
        ? fallback
        : coerce(viewOf(field.type), given[field.name], inner, below(wanted, field.name));
  }
  return record;
}

function coerceUnion(view: TypeView, value: unknown, path: string, wanted: Wanted | null): unknown {
  const branches = branchesOf(view);
  const nullable = branches.some(({ kind }) => kind === 'null');
  if (nullable && (value === undefined || value === null || value === '')) return null;
  let fault = new Misfit(path, 'fits no branch of the union');
  for (const branch of branches) {
    if (branch.kind === 'null') continue;
    try {
      return { [branchName(branch)]: coerce(branch, value, path, wanted) };
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      fault = error;
    }
  }
  throw fault;
}

function branchName(view: TypeView): string {
  return (view.type as unknown as { branchName: string }).branchName;
}

function coerceScalar(view: TypeView, value: unknown, path: string): unknown {
  switch (view.kind) {
    case 'boolean':
      if (value === true || value === 'true' || value === '1' || value === 1) return true;
      if (value === false || value === 'false' || value === '0' || value === 0) return false;
      throw new Misfit(path, `is ${shown(value)}, not a boolean`);
    case 'int':
    case 'long':
      return coerceInteger(view, value, path);
    case 'float':
    case 'double': {
      const number = typeof value === 'string' ? Number(value) : value;
      if (
        typeof number !== 'number' ||
        (Number.isNaN(number) && value !== 'NaN' && typeof value === 'string')
      )
        throw new Misfit(path, `is ${shown(value)}, not a number`);
      return number;
    }
    case 'string':
      return text(value);
    case 'bytes':
    case 'fixed':
      return Buffer.isBuffer(value) ? value : Buffer.from(text(value), 'utf8');
    case 'enum': {
      const { symbols } = view.type as unknown as { symbols: readonly string[] };
      if (!symbols.includes(text(value)))
        throw new Misfit(path, `is ${shown(value)}, which is none of ${symbols.join(', ')}`);
      return value;
    }
    default:
      throw new Misfit(path, `cannot be written as ${view.kind}`);
  }
}

const ISO_DATE = /^\d{4}-\d\d-\d\d/;

function coerceInteger(view: TypeView, value: unknown, path: string): number {
  const unit = unitOf(view);
  const number =
    unit !== null && typeof value === 'string' && ISO_DATE.test(value)
      ? Math.floor((Date.parse(value) / 1000 / unit.multiply) * unit.divide)
      : value instanceof Date
        ? value.getTime()
        : Number(value);
  if (!Number.isSafeInteger(number) || (view.kind === 'int' && (number | 0) !== number))
    throw new Misfit(path, `is ${shown(value)}, not ${view.kind === 'int' ? 'an int' : 'a long'}`);
  return number;
}

function emptyValue(view: TypeView): unknown {
  switch (view.kind) {
    case 'null':
      return null;
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return Buffer.alloc(0);
    case 'fixed':
      return Buffer.alloc((view.type as unknown as { size: number }).size);
    case 'enum':
      return (view.type as unknown as { symbols: readonly string[] }).symbols[0];
    case 'array':
      return [];
    case 'map':
      return {};
    case 'record': {
      const { fields } = view.type as unknown as { fields: readonly { name: string; type: Type }[] };
      return Object.fromEntries(fields.map(({ name, type }) => [name, emptyValue(viewOf(type))]));
    }
    case 'union':
      return branchesOf(view).some(({ kind }) => kind === 'null')
        ? null
        : { [branchName(branchesOf(view)[0] as TypeView)]: emptyValue(branchesOf(view)[0] as TypeView) };
    default:
      return 0;
  }
}

/** A value as it is written as text. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A value as it is shown in a message. */
function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
