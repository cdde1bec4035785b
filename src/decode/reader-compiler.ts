/**
 * Compiles a pair of writer and reader schema into one walk over the bytes of an event that at once guards (limits
 * before anything is allocated), resolves (Avro specification 1.11, "Schema Resolution") and takes the wanted fields
 * out, without an object per event. avsc parses the schemas; its decoder is not used here because it trusts block
 * counts, builds objects, and refuses legal longs beyond 2^53.
 *
 * What can only be known from the value (a union branch or an enum symbol that the reader does not have) fails for
 * that event; a writer that can never resolve fails for each of its events.
 */
import type { Type } from 'avsc';
import { bytesAsText } from '../bytes-as-text.js';
import { type Kind, type TypeView, branchesOf, unitOf, viewOf } from './avro-schema.js';
import { type Cursor, DEPTH_MAX } from './cursor.js';
import { entityFormat } from './entity-text.js';
import type { Leaf, PlanNode } from './field-plan.js';

/** Reads one value at the cursor and moves behind it. */
export type Step = (cursor: Cursor) => void;

interface Field {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: Type;
  defaultValue(): unknown;
}
interface RecordType {
  readonly name?: string;
  readonly aliases: readonly string[];
  readonly fields: readonly Field[];
}

/** The step for a whole event. */
export function compileReader(writer: Type, reader: Type, plan: PlanNode): Step {
  return new Compiler().read(viewOf(writer), viewOf(reader), plan);
}

const PROMOTIONS: Partial<Record<Kind, readonly Kind[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

interface Made {
  step: Step | null;
  pending: boolean;
}

class Compiler {
  /** Named types may contain themselves: a step is looked up when it runs, after it was made. */
  private readonly made = new Map<Type, Map<Type | null, Map<PlanNode | null, Made>>>();

  private readonly smallest = new Map<Type, number>();

  /** @param reader null where the reader dropped the field; @param plan null where nothing inside is wanted */
  read(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const made = this.slotFor(writer.type, reader?.type ?? null, plan);
    if (made.step !== null) return made.step;
    if (made.pending) return (cursor) => (made.step as Step)(cursor);
    made.pending = true;
    made.step = this.make(writer, reader, plan);
    return made.step;
  }

  private slotFor(writer: Type, reader: Type | null, plan: PlanNode | null): Made {
    const byReader = getOrAdd(this.made, writer, () => new Map<Type | null, Map<PlanNode | null, Made>>());
    const byPlan = getOrAdd(byReader, reader, () => new Map<PlanNode | null, Made>());
    return getOrAdd(byPlan, plan, () => ({ step: null, pending: false }));
  }

  private make(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    if (writer.kind === 'union') return this.writerUnion(writer, reader, plan);
    if (reader?.kind === 'union') {
      const branch = matchingBranch(writer, reader);
      if (branch === null) return mismatch(writer, reader);
      return this.read(writer, branch, plan);
    }
    if (reader !== null && !matches(writer, reader)) return mismatch(writer, reader);
    switch (writer.kind) {
      case 'record':
        return this.record(writer, reader, plan);
      case 'array':
        return this.array(writer, reader, plan);
      case 'map':
        return this.map(writer, reader, plan);
      case 'enum':
        return this.enumeration(writer, reader, plan);
      default:
        return withEntity(scalar(writer, reader, plan?.leaf ?? null), writer, reader, plan?.leaf ?? null);
    }
  }

  private writerUnion(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const steps = branchesOf(writer).map((branch) => this.read(branch, reader, plan));
    return (cursor) => {
      const index = cursor.long();
      const step = steps[index];
      if (step === undefined) return cursor.fail(`a union has no branch ${index}`);
      step(cursor);
    };
  }

  private record(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const { fields } = writer.type as unknown as RecordType;
    const readerFields = reader === null ? [] : (reader.type as unknown as RecordType).fields;
    const unmatched = new Set(readerFields);
    const steps: Step[] = fields.map((field) => {
      const target = readerFields.find(
        ({ name, aliases }) => name === field.name || aliases.includes(field.name),
      );
      if (target !== undefined) unmatched.delete(target);
      const child = target === undefined ? null : (plan?.children.get(target.name) ?? null);
      return this.read(viewOf(field.type), target === undefined ? null : viewOf(target.type), child);
    });
    for (const field of unmatched) steps.push(defaultStep(field, plan?.children.get(field.name) ?? null));
    return nested((cursor) => {
      for (let i = 0; i < steps.length; i++) (steps[i] as Step)(cursor);
    });
  }

  /** Fewest bytes an encoded value can take; 0 for what needs none. A type inside itself counts as 0. */
  private bytesMin(view: TypeView): number {
    const known = this.smallest.get(view.type);
    if (known !== undefined) return known;
    this.smallest.set(view.type, 0);
    const bytes = this.measure(view);
    this.smallest.set(view.type, bytes);
    return bytes;
  }

  private measure(view: TypeView): number {
    switch (view.kind) {
      case 'null':
        return 0;
      case 'float':
        return 4;
      case 'double':
        return 8;
      case 'fixed':
        return (view.type as unknown as { size: number }).size;
      case 'record': {
        const { fields } = view.type as unknown as RecordType;
        return fields.reduce((sum, field) => sum + this.bytesMin(viewOf(field.type)), 0);
      }
      default:
        return 1;
    }
  }

  private array(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const writerItem = viewOf((writer.type as unknown as { itemsType: Type }).itemsType);
    const readerItem =
      reader === null ? null : viewOf((reader.type as unknown as { itemsType: Type }).itemsType);
    const rest = this.read(writerItem, readerItem, null);
    const wanted: (Step | undefined)[] = [];
    for (const [index, child] of plan?.children ?? []) {
      if (typeof index === 'number') wanted[index] = this.read(writerItem, readerItem, child);
    }
    const itemBytesMin = this.bytesMin(writerItem);
    return nested((cursor) => {
      let index = 0;
      for (let count = cursor.blockCount(itemBytesMin); count > 0; count = cursor.blockCount(itemBytesMin)) {
        for (let i = 0; i < count; i++, index++) {
          const step = index < wanted.length ? wanted[index] : undefined;
          if (step === undefined) rest(cursor);
          else step(cursor);
        }
      }
    });
  }

  private map(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const writerValue = viewOf((writer.type as unknown as { valuesType: Type }).valuesType);
    const readerValue =
      reader === null ? null : viewOf((reader.type as unknown as { valuesType: Type }).valuesType);
    const rest = this.read(writerValue, readerValue, null);
    const wanted = [...(plan?.children ?? [])].map(([key, child]) => ({
      key: Buffer.from(String(key), 'utf8'),
      step: this.read(writerValue, readerValue, child),
    }));
    const entryBytesMin = 1 + this.bytesMin(writerValue);
    return nested((cursor) => {
      for (
        let count = cursor.blockCount(entryBytesMin);
        count > 0;
        count = cursor.blockCount(entryBytesMin)
      ) {
        for (let i = 0; i < count; i++) {
          const keyBytes = cursor.long();
          const start = cursor.at;
          cursor.skip(keyBytes);
          if (sameBytes(cursor.bytes, start, keyBytes, PROTO)) cursor.fail('a map key named __proto__');
          const entry = wanted.find(({ key }) => sameBytes(cursor.bytes, start, keyBytes, key));
          (entry?.step ?? rest)(cursor);
        }
      }
    });
  }

  private enumeration(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const { symbols } = writer.type as unknown as { symbols: readonly string[] };
    const known =
      reader === null ? null : (reader.type as unknown as { symbols: readonly string[]; default?: string });
    const allowed = symbols.map(
      (symbol) => known === null || known.default !== undefined || known.symbols.includes(symbol),
    );
    const step: Step = (cursor) => {
      const index = cursor.int();
      if (index < 0 || index >= symbols.length) cursor.fail(`an enum has no symbol ${index}`);
      if (!(allowed[index] as boolean)) cursor.fail(`the reader schema has no symbol ${symbols[index]}`);
    };
    return withEntity(step, writer, reader, plan?.leaf ?? null);
  }
}

const PROTO = Buffer.from('__proto__');

function sameBytes(bytes: Uint8Array, start: number, byteCount: number, other: Buffer): boolean {
  if (byteCount !== other.length) return false;
  for (let i = 0; i < byteCount; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function nested(step: Step): Step {
  return (cursor) => {
    if (++cursor.depth > DEPTH_MAX) cursor.fail(`nested deeper than ${DEPTH_MAX}`);
    step(cursor);
    cursor.depth--;
  };
}

function mismatch(writer: TypeView, reader: TypeView): Step {
  const fault = `written as ${nameOf(writer)}, which the reader schema's ${nameOf(reader)} cannot take`;
  return (cursor) => cursor.fail(fault);
}

function nameOf(view: TypeView): string {
  if (view.kind === 'union') return `union of ${branchesOf(view).map(nameOf).join(', ')}`;
  const { name } = view.type as { name?: string };
  return name === undefined ? view.kind : `${view.kind} ${name}`;
}

function unqualified(name: string | undefined): string {
  return name?.split('.').pop() ?? '';
}

function matches(writer: TypeView, reader: TypeView): boolean {
  if (writer.kind !== reader.kind) return PROMOTIONS[writer.kind]?.includes(reader.kind) ?? false;
  if (writer.kind !== 'record' && writer.kind !== 'enum' && writer.kind !== 'fixed') return true;
  const from = writer.type as unknown as RecordType & { size?: number };
  const to = reader.type as unknown as RecordType & { size?: number };
  const sameName = unqualified(from.name) === unqualified(to.name) || to.aliases.includes(from.name ?? '');
  return sameName && from.size === to.size;
}

/** The reader's first branch of the writer's own kind and name, else the first it can be promoted to. */
function matchingBranch(writer: TypeView, reader: TypeView): TypeView | null {
  const branches = branchesOf(reader);
  return (
    branches.find((branch) => branch.kind === writer.kind && matches(writer, branch)) ??
    branches.find((branch) => matches(writer, branch)) ??
    null
  );
}

/** A scalar that is not an enum: read as a number where a number is wanted, otherwise passed over. */
function scalar(writer: TypeView, reader: TypeView | null, leaf: Leaf | null): Step {
  const read = numberReader(writer.kind);
  if (read === null || leaf === null || reader === null) return skipper(writer);
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

function numberReader(kind: Kind): ((cursor: Cursor) => number) | null {
  switch (kind) {
    case 'boolean':
      return (cursor) => cursor.boolean();
    case 'int':
      return (cursor) => cursor.int();
    case 'long':
      return (cursor) => cursor.long();
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
      return () => undefined;
    case 'fixed': {
      const { size } = view.type as unknown as { size: number };
      return (cursor) => cursor.skip(size);
    }
    case 'string':
    case 'bytes':
      return (cursor) => cursor.skipSized();
    default: {
      const read = numberReader(view.kind);
      if (read === null) throw new TypeError(`no scalar: ${view.kind}`);
      return (cursor) => void read(cursor);
    }
  }
}

/** Remembers which bytes name the entity; they become text only for an anomaly. */
function withEntity(step: Step, writer: TypeView, reader: TypeView | null, leaf: Leaf | null): Step {
  if (leaf === null || !leaf.isEntity || reader === null || writer.kind === 'null') return step;
  const format = entityFormat(writer);
  return (cursor) => {
    cursor.entityStart = cursor.at;
    step(cursor);
    cursor.entityEnd = cursor.at;
    cursor.entityFormat = format;
  };
}

/** What the reader schema gives where the writer has no such field. */
function defaultStep(field: Field, plan: PlanNode | null): Step {
  const fallback: unknown = field.defaultValue();
  if (fallback === undefined) {
    return (cursor) =>
      cursor.fail(`the writer has no field '${field.name}' and the reader schema no default for it`);
  }
  const steps: Step[] = [];
  if (plan !== null) collectDefaults(fallback, viewOf(field.type), plan, steps);
  return (cursor) => {
    for (const step of steps) step(cursor);
  };
}

function collectDefaults(value: unknown, declared: TypeView, plan: PlanNode, steps: Step[]): void {
  // A union's default belongs to its first branch (specification, "Unions"); avsc wraps it as {branch: value}.
  const view = declared.kind === 'union' ? (branchesOf(declared)[0] as TypeView) : declared;
  const inner: unknown =
    declared.kind === 'union' && isObject(value) ? (Object.values(value)[0] as unknown) : value;
  if (plan.leaf !== null) {
    const { leaf } = plan;
    const number = typeof inner === 'boolean' ? Number(inner) : inner;
    if (typeof number === 'number' && leaf.slots.length > 0)
      steps.push((cursor) => storeNumber(cursor, number, view, leaf.slots));
    if (typeof number === 'number' && leaf.isTime)
      steps.push((cursor) => storeTime(cursor, number, view, []));
    if (leaf.isEntity && inner !== null) steps.push(defaultEntity(inner));
  }
  if (!isObject(inner)) return;
  for (const [segment, child] of plan.children) {
    const type = insideType(view, segment);
    const next = (inner as Record<string | number, unknown>)[segment];
    if (type !== null && next !== undefined) collectDefaults(next, viewOf(type), child, steps);
  }
}

function insideType(view: TypeView, segment: string | number): Type | null {
  if (view.kind === 'record') {
    return (view.type as unknown as RecordType).fields.find(({ name }) => name === segment)?.type ?? null;
  }
  if (view.kind === 'array') return (view.type as unknown as { itemsType: Type }).itemsType;
  if (view.kind === 'map') return (view.type as unknown as { valuesType: Type }).valuesType;
  return null;
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
