/** The steps at the leaves of an event: take a number, remember an entity, pass over, or stand in with a default. */
import { bytesAsText } from '../bytes-as-text.js';
import {
  type FieldShape,
  type Kind,
  type TypeView,
  branchesOf,
  insideType,
  symbolDefaultOf,
  symbolsOf,
  unitOf,
  viewOf,
} from './avro-schema.js';
import type { Cursor } from './cursor.js';
import { entityFormat } from './entity-text.js';
import type { Leaf, PlanNode } from './field-plan.js';
import { type Step, passOver } from './step.js';

/** A scalar that is not an enum: read as a number where a number is wanted, otherwise passed over. */
export function scalarStep(writer: TypeView, reader: TypeView | null, leaf: Leaf | null): Step {
  if (leaf === null || reader === null) return skipper(writer);
  const read = numberReader(writer.kind, reader.kind);
  if (read === null) return skipper(writer);
  if (leaf.isTime) {
    const { slots } = leaf;
    return (cursor) => storeTime(cursor, read(cursor), reader, slots);
  }
  const unit = unitOf(reader);
  const [slot, ...copies] = leaf.slots;
  if (slot === undefined) return skipper(writer);
  if (copies.length > 0) return (cursor) => storeNumber(cursor, read(cursor), reader, leaf.slots);
  if (unit !== null) return (cursor) => cursor.set(slot, (read(cursor) * unit.multiply) / unit.divide);
  // The usual leaf, a double, without an inner call.
  if (writer.kind === 'double') return (cursor) => cursor.set(slot, cursor.double());
  return (cursor) => cursor.set(slot, read(cursor));
}

function storeNumber(cursor: Cursor, value: number, reader: TypeView, slots: readonly number[]): void {
  const unit = unitOf(reader);
  for (const slot of slots) cursor.set(slot, unit === null ? value : (value * unit.multiply) / unit.divide);
}

/** The event time in ms: logical times by their unit, any other number as it is. */
function storeTime(cursor: Cursor, value: number, reader: TypeView, slots: readonly number[]): void {
  const unit = unitOf(reader);
  cursor.time = unit === null ? value : Math.floor((value * unit.multiply * 1000) / unit.divide);
  storeNumber(cursor, value, reader, slots);
}

function numberReader(writer: Kind, reader: Kind): ((cursor: Cursor) => number) | null {
  switch (writer) {
    case 'boolean':
      return (cursor) => cursor.boolean();
    case 'int':
      return reader === 'float' ? (cursor) => Math.fround(cursor.int()) : (cursor) => cursor.int();
    case 'long':
      return reader === 'float' ? (cursor) => Math.fround(cursor.long()) : (cursor) => cursor.long();
    case 'float':
      return (cursor) => cursor.float();
    case 'double':
      return (cursor) => cursor.double();
    default:
      return null;
  }
}

function skipper(view: TypeView): Step {
  switch (view.kind) {
    case 'null':
      return passOver(0);
    case 'float':
      return passOver(4);
    case 'double':
      return passOver(8);
    case 'fixed':
      return passOver((view.type as unknown as { size: number }).size);
    case 'string':
    case 'bytes':
      return (cursor) => cursor.skipSized();
    default: {
      const read = numberReader(view.kind, view.kind);
      if (read === null) throw new TypeError(`no scalar: ${view.kind}`);
      return (cursor) => void read(cursor);
    }
  }
}

/** An enum is no number: it is checked, and passed over. */
export function enumStep(writer: TypeView, reader: TypeView | null): Step {
  const symbols = symbolsOf(writer);
  const known = reader === null || symbolDefaultOf(reader) !== null ? null : new Set(symbolsOf(reader));
  const allowed = symbols.map((symbol) => known === null || known.has(symbol));
  return (cursor) => {
    const index = cursor.int();
    if (index < 0 || index >= symbols.length) cursor.fail(`an enum has no symbol ${index}`);
    if (!(allowed[index] as boolean)) cursor.fail(`the reader schema has no symbol ${symbols[index]}`);
  };
}

/** Remembers which bytes name the entity; they become text only for an anomaly. */
export function withEntity(step: Step, writer: TypeView, reader: TypeView | null, leaf: Leaf | null): Step {
  if (leaf === null || !leaf.isEntity || reader === null || writer.kind === 'null') return step;
  const format = entityFormat(writer, reader);
  return (cursor) => {
    cursor.entityStart = cursor.at;
    step(cursor);
    cursor.entityEnd = cursor.at;
    cursor.entityFormat = format;
  };
}

/** What the reader schema gives where the writer has no such field: a step for each wanted field in it. */
export function defaultSteps(field: FieldShape, plan: PlanNode | null): readonly Step[] {
  const fallback: unknown = field.defaultValue();
  if (fallback === undefined) {
    return [
      (cursor) =>
        cursor.fail(`the writer has no field '${field.name}' and the reader schema no default for it`),
    ];
  }
  const steps: Step[] = [];
  if (plan !== null) collectDefaults(fallback, viewOf(field.type), plan, steps);
  return steps;
}

function collectDefaults(value: unknown, declared: TypeView, plan: PlanNode, steps: Step[]): void {
  // A union's default belongs to its first branch (specification, "Unions"); avsc wraps it as {branch: value}.
  const view = declared.kind === 'union' ? (branchesOf(declared)[0] as TypeView) : declared;
  const inner: unknown =
    declared.kind === 'union' && isObject(value) ? (Object.values(value)[0] as unknown) : value;
  if (plan.leaf !== null) {
    const { leaf } = plan;
    const plain = typeof inner === 'boolean' ? Number(inner) : inner;
    const number = typeof plain === 'number' && view.kind === 'float' ? Math.fround(plain) : plain;
    if (typeof number === 'number' && leaf.slots.length > 0)
      steps.push((cursor) => storeNumber(cursor, number, view, leaf.slots));
    if (typeof number === 'number' && leaf.isTime)
      steps.push((cursor) => storeTime(cursor, number, view, []));
    if (leaf.isEntity && inner !== null) steps.push(defaultEntity(inner));
  }
  if (!isObject(inner)) return;
  for (const [segment, child] of plan.children) {
    const type = insideType(view, segment);
    // A map's default is an object of avsc's: it has a constructor.
    const next = Object.hasOwn(inner, segment)
      ? (inner as Record<string | number, unknown>)[segment]
      : undefined;
    if (type !== null && next !== undefined) collectDefaults(next, viewOf(type), child, steps);
  }
}

function defaultEntity(value: unknown): Step {
  const text = Buffer.isBuffer(value) ? bytesAsText(value) : String(value);
  const format = (): string => text;
  return (cursor) => {
    cursor.entityStart = cursor.at;
    cursor.entityEnd = cursor.at;
    cursor.entityFormat = format;
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
