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
import { type RecordShape, type TypeView, branchesOf, viewOf } from './avro-schema.js';
import { DEPTH_MAX } from './cursor.js';
import type { PlanNode } from './field-plan.js';
import { type Step, defaultStep, scalarStep, withEntity } from './leaf-steps.js';
import { matches, matchingBranch, mismatch, mismatchFault } from './schema-matching.js';

/** The step for a whole event. */
export function compileReader(writer: Type, reader: Type, plan: PlanNode): Step {
  return new Compiler().read(viewOf(writer), viewOf(reader), plan);
}

/** Something that a writer writes and a reader cannot take. */
export interface Unresolved {
  /** Of the writer's field, or of the reader's that the writer does not have; '' is the whole event. */
  readonly path: string;
  readonly fault: string;
  /** For every event; otherwise only where a union or an enum has a certain value. */
  isAlways: boolean;
}

/** What a pair of schemas would fail with, found out without an event; empty where everything can be read. */
export function unresolved(writer: Type, reader: Type, plan: PlanNode): readonly Unresolved[] {
  const compiler = new Compiler();
  compiler.read(viewOf(writer), viewOf(reader), plan);
  return compiler.faults;
}

interface Made {
  step: Step | null;
  pending: boolean;
  /** Whether every value of it fails. */
  isFailing: boolean;
}

class Compiler {
  /** Named types may contain themselves: a step is looked up when it runs, after it was made. */
  private readonly made = new Map<Type, Map<Type | null, Map<PlanNode | null, Made>>>();

  private readonly smallest = new Map<Type, number>();

  readonly faults: Unresolved[] = [];
  private readonly path: string[] = [];

  /** @param reader null where the reader dropped the field; @param plan null where nothing inside is wanted */
  read(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const made = this.slotFor(writer.type, reader?.type ?? null, plan);
    if (made.step !== null) {
      if (made.isFailing) this.note('its type does not resolve, as above');
      return made.step;
    }
    if (made.pending) return (cursor) => (made.step as Step)(cursor);
    made.pending = true;
    const faultsBefore = this.faults.length;
    made.step = this.make(writer, reader, plan);
    made.isFailing = this.faults.slice(faultsBefore).some(({ isAlways }) => isAlways);
    return made.step;
  }

  private slotFor(writer: Type, reader: Type | null, plan: PlanNode | null): Made {
    const byReader = getOrAdd(this.made, writer, () => new Map<Type | null, Map<PlanNode | null, Made>>());
    const byPlan = getOrAdd(byReader, reader, () => new Map<PlanNode | null, Made>());
    return getOrAdd(byPlan, plan, () => ({ step: null, pending: false, isFailing: false }));
  }

  private make(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    if (writer.kind === 'union') return this.writerUnion(writer, reader, plan);
    if (reader?.kind === 'union') {
      const branch = matchingBranch(writer, reader);
      if (branch === null) return this.mismatch(writer, reader);
      return this.read(writer, branch, plan);
    }
    if (reader !== null && !matches(writer, reader)) return this.mismatch(writer, reader);
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
        return withEntity(scalarStep(writer, reader, plan?.leaf ?? null), writer, reader, plan?.leaf ?? null);
    }
  }

  private mismatch(writer: TypeView, reader: TypeView): Step {
    this.note(mismatchFault(writer, reader));
    return mismatch(writer, reader);
  }

  private note(fault: string, isAlways = true): void {
    this.faults.push({ path: this.path.join('.'), fault, isAlways });
  }

  private writerUnion(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const found: Unresolved[][] = [];
    const steps = branchesOf(writer).map((branch) => {
      const before = this.faults.length;
      const step = this.read(branch, reader, plan);
      found.push(this.faults.slice(before));
      return step;
    });
    // A branch that does not resolve fails for its own values only, unless no branch does.
    if (!found.every((faults) => faults.some(({ isAlways }) => isAlways)))
      for (const fault of found.flat()) fault.isAlways = false;
    return (cursor) => {
      const index = cursor.long();
      const step = steps[index];
      if (step === undefined) return cursor.fail(`a union has no branch ${index}`);
      step(cursor);
    };
  }

  private record(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const { fields } = writer.type as unknown as RecordShape;
    const readerFields = reader === null ? [] : (reader.type as unknown as RecordShape).fields;
    const unmatched = new Set(readerFields);
    const steps: Step[] = fields.map((field) => {
      const target = readerFields.find(
        ({ name, aliases }) => name === field.name || aliases.includes(field.name),
      );
      if (target !== undefined) unmatched.delete(target);
      const child = target === undefined ? null : (plan?.children.get(target.name) ?? null);
      this.path.push(field.name);
      const step = this.read(viewOf(field.type), target === undefined ? null : viewOf(target.type), child);
      this.path.pop();
      return step;
    });
    for (const field of unmatched) {
      this.path.push(field.name);
      if (field.defaultValue() === undefined)
        this.note('the writer has no such field and the reader schema no default for it');
      this.path.pop();
      steps.push(defaultStep(field, plan?.children.get(field.name) ?? null));
    }
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
        const { fields } = view.type as unknown as RecordShape;
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
    const lost = symbols.filter((_symbol, index) => !(allowed[index] as boolean));
    if (lost.length > 0)
      this.note(`the reader schema has no symbol ${lost.join(', ')}`, lost.length === symbols.length);
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
