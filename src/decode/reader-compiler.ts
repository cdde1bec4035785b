/**
 * Compiles a pair of writer and reader schema into one walk over the bytes of an event that at once guards (limits
 * before anything is allocated), resolves (Avro specification 1.12, "Schema Resolution") and takes the wanted fields
 * out, without an object per event. avsc parses the schemas; its decoder is not used here because it trusts block
 * counts, builds objects, and refuses legal longs beyond 2^53.
 *
 * What can only be known from the value (a union branch or an enum symbol that the reader does not have) fails for
 * that event; a writer that can never resolve fails for each of its events.
 *
 * Work is bounded by the bytes of the event: a step without a wanted field in it either reads a byte or is not there
 * (what has no bytes of its own, or a number of them that the schema fixes, is passed over in one step with its
 * neighbours), and a wanted field is met once an event, because neither an index nor a map key comes twice.
 */
import type { Type } from 'avsc';
import { UnusableSchemaError } from '../errors.js';
import {
  type RecordShape,
  type TypeView,
  branchesOf,
  itemsOf,
  symbolDefaultOf,
  symbolsOf,
  valuesOf,
  viewOf,
} from './avro-schema.js';
import { arrayStep, mapStep } from './block-steps.js';
import { DEPTH_MAX } from './cursor.js';
import type { PlanNode } from './field-plan.js';
import { matchFields } from './field-matching.js';
import { defaultSteps, enumStep, scalarStep, withEntity } from './leaf-steps.js';
import { exactBranch, matches, mismatch, mismatchFault, nearestBranch } from './schema-matching.js';
import { SmallestSizes } from './smallest-sizes.js';
import { type Step, passOver, passedBytes } from './step.js';

/** Most steps that one pair of schemas may compile to, what is looked at to make them included. */
export const STEPS_MAX = 50_000;
/** Types inside types that are compiled at once; what is further in waits until the stack is free again. */
const COMPILE_DEPTH_MAX = 200;

export interface CompiledReader {
  /** Walks a whole event. */
  readonly step: Step;
  /** What it took, as STEPS_MAX counts. */
  readonly steps: number;
}

/** @throws UnusableSchemaError where the pair needs more than STEPS_MAX steps */
export function compileReader(writer: Type, reader: Type, plan: PlanNode): CompiledReader {
  const compiler = new Compiler();
  const step = compiler.read(viewOf(writer), viewOf(reader), plan);
  compiler.finish();
  return { step, steps: compiler.spent };
}

/** Something that a writer writes and a reader cannot take. */
export interface Unresolved {
  /** Of the writer's field, or of the reader's that the writer does not have; '' is the whole event. */
  readonly path: string;
  readonly fault: string;
  /** For every event; otherwise only where a union or an enum has a certain value. */
  isAlways: boolean;
}

/**
 * What a pair of schemas would fail with, found out without an event; empty where everything can be read.
 * @throws UnusableSchemaError where the pair needs more than STEPS_MAX steps
 */
export function unresolved(writer: Type, reader: Type, plan: PlanNode): readonly Unresolved[] {
  const notes = new ResolutionNotes();
  const compiler = new Compiler(notes);
  compiler.read(viewOf(writer), viewOf(reader), plan);
  compiler.finish();
  return notes.faults;
}

/** Keeps what does not resolve, and where. */
class ResolutionNotes {
  readonly faults: Unresolved[] = [];
  path: string[] = [];

  add(fault: string, isAlways = true): void {
    this.faults.push({ path: this.path.join('.'), fault, isAlways });
  }

  within<T>(name: string, look: () => T): T {
    this.path.push(name);
    try {
      return look();
    } finally {
      this.path.pop();
    }
  }

  /** A branch of a union that does not resolve fails for its own values only, unless none does. */
  branches<T>(looks: readonly (() => T)[]): T[] {
    const found: Unresolved[][] = [];
    const results = looks.map((look) => {
      const before = this.faults.length;
      const result = look();
      found.push(this.faults.slice(before));
      return result;
    });
    if (!found.every((faults) => faults.some(({ isAlways }) => isAlways)))
      for (const fault of found.flat()) fault.isAlways = false;
    return results;
  }
}

interface Made {
  step: Step | null;
  pending: boolean;
  /** Whether every value of it fails, as far as notes are taken. */
  isFailing: boolean;
}

class Compiler {
  /** @param notes null where nobody asks what does not resolve: then an event says so */
  constructor(private readonly notes: ResolutionNotes | null = null) {}

  spent = 0;
  private depth = 0;
  /** Named types may contain themselves: a step is looked up when it runs, after it was made. */
  private readonly made = new Map<Type, Map<Type | null, Map<PlanNode | null, Made>>>();
  private readonly later: (() => void)[] = [];
  private readonly smallest = new SmallestSizes();

  /** @param reader null where the reader dropped the field; @param plan null where nothing inside is wanted */
  read(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const made = this.slotFor(writer.type, reader?.type ?? null, plan);
    if (made.step !== null) {
      if (made.isFailing) this.notes?.add('its type does not resolve, as above');
      return made.step;
    }
    if (made.pending) return (cursor) => (made.step as Step)(cursor);
    made.pending = true;
    if (this.depth >= COMPILE_DEPTH_MAX) {
      const path = [...(this.notes?.path ?? [])];
      this.later.push(() => {
        if (this.notes !== null) this.notes.path = path;
        made.step = this.make(writer, reader, plan);
      });
      return (cursor) => (made.step as Step)(cursor);
    }
    this.depth++;
    const faultsBefore = this.notes?.faults.length ?? 0;
    made.step = this.make(writer, reader, plan);
    made.isFailing = this.notes?.faults.slice(faultsBefore).some(({ isAlways }) => isAlways) ?? false;
    this.depth--;
    return made.step;
  }

  /** Makes what was put off. */
  finish(): void {
    for (let make = this.later.pop(); make !== undefined; make = this.later.pop()) make();
  }

  private spend(steps: number): void {
    this.spent += steps;
    if (this.spent > STEPS_MAX)
      throw new UnusableSchemaError(`reading it as the reader schema takes more than ${STEPS_MAX} steps`);
  }

  private slotFor(writer: Type, reader: Type | null, plan: PlanNode | null): Made {
    const byReader = getOrAdd(this.made, writer, () => new Map<Type | null, Map<PlanNode | null, Made>>());
    const byPlan = getOrAdd(byReader, reader, () => new Map<PlanNode | null, Made>());
    return getOrAdd(byPlan, plan, () => ({ step: null, pending: false, isFailing: false }));
  }

  private make(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    this.spend(1);
    if (writer.kind === 'union') return this.writerUnion(writer, reader, plan);
    if (reader?.kind === 'union') {
      const branch = this.branch(writer, reader);
      return branch === null ? this.mismatch(writer, reader) : this.read(writer, branch, plan);
    }
    if (reader !== null && !matches(writer, reader)) return this.mismatch(writer, reader);
    const leaf = plan?.leaf ?? null;
    switch (writer.kind) {
      case 'record':
        return this.record(writer, reader, plan);
      case 'array':
        return this.array(writer, reader, plan);
      case 'map':
        return this.map(writer, reader, plan);
      case 'enum':
        this.spend(symbolsOf(writer).length + (reader === null ? 0 : symbolsOf(reader).length));
        this.noteLostSymbols(writer, reader);
        return withEntity(enumStep(writer, reader), writer, reader, leaf);
      default:
        return withEntity(scalarStep(writer, reader, leaf), writer, reader, leaf);
    }
  }

  private mismatch(writer: TypeView, reader: TypeView): Step {
    this.notes?.add(mismatchFault(writer, reader));
    return mismatch(writer, reader);
  }

  private noteLostSymbols(writer: TypeView, reader: TypeView | null): void {
    const { notes } = this;
    if (notes === null || reader === null) return;
    if (symbolDefaultOf(reader) !== null) return;
    const symbols = symbolsOf(writer);
    const known = new Set(symbolsOf(reader));
    const lost = symbols.filter((symbol) => !known.has(symbol));
    if (lost.length > 0)
      notes.add(`the reader schema has no symbol ${lost.join(', ')}`, lost.length === symbols.length);
  }

  private at<T>(name: string, look: () => T): T {
    return this.notes === null ? look() : this.notes.within(name, look);
  }

  private branch(writer: TypeView, reader: TypeView): TypeView | null {
    const exact = exactBranch(writer, reader);
    if (exact !== null) return exact;
    this.spend(branchesOf(reader).length);
    return nearestBranch(writer, reader);
  }

  private writerUnion(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const looks = branchesOf(writer).map((branch) => () => this.read(branch, reader, plan));
    const steps = this.notes?.branches(looks) ?? looks.map((look) => look());
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
    this.spend(fields.length + readerFields.length);
    const { targets, absent, fault } = matchFields(fields, readerFields);
    if (fault !== null) {
      this.notes?.add(fault);
      return (cursor) => cursor.fail(fault);
    }
    const steps = fields.map((field, i) => {
      const target = targets[i] ?? null;
      const child = target === null ? null : (plan?.children.get(target.name) ?? null);
      return this.at(field.name, () =>
        this.read(viewOf(field.type), target === null ? null : viewOf(target.type), child),
      );
    });
    for (const field of absent) {
      if (reader !== null && field.defaultValue() === undefined)
        this.at(field.name, () =>
          this.notes?.add('the writer has no such field and the reader schema no default for it'),
        );
    }
    const idle = fields.filter((field, i) => this.isIdle(field.type, steps[i] as Step)).length;
    if (idle > 0) steps.unshift((cursor) => cursor.idle(idle));
    for (const field of absent) steps.push(...defaultSteps(field, plan?.children.get(field.name) ?? null));
    const [first, ...more] = mergePasses(steps);
    if (first === undefined) return passOver(0);
    // A record whose bytes are all passed over is passed over with what is beside it.
    if (more.length === 0 && passedBytes(first) !== null) return first;
    return sequence([first, ...more]);
  }

  /** Neither reads a byte nor is known as passing over none: it was put off, or there is something wanted in it. */
  private isIdle(type: Type, step: Step): boolean {
    return passedBytes(step) === null && this.smallest.bytesMin(viewOf(type)) === 0;
  }

  private array(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const item = viewOf(itemsOf(writer));
    const readerItem = reader === null ? null : viewOf(itemsOf(reader));
    const wanted: (Step | undefined)[] = [];
    for (const [index, child] of plan?.children ?? []) {
      if (typeof index === 'number') wanted[index] = this.read(item, readerItem, child);
    }
    return nested(arrayStep(this.read(item, readerItem, null), wanted, this.smallest.bytesMin(item)));
  }

  private map(writer: TypeView, reader: TypeView | null, plan: PlanNode | null): Step {
    const value = viewOf(valuesOf(writer));
    const readerValue = reader === null ? null : viewOf(valuesOf(reader));
    const wanted = [...(plan?.children ?? [])].map(
      ([key, child]) => [String(key), this.read(value, readerValue, child)] as const,
    );
    return nested(mapStep(this.read(value, readerValue, null), wanted, 1 + this.smallest.bytesMin(value)));
  }
}

/** Neighbours that are only passed over become one step; what has no bytes becomes none. */
function mergePasses(steps: readonly Step[]): Step[] {
  const merged: Step[] = [];
  for (const step of steps) {
    const bytes = passedBytes(step);
    const before = merged.at(-1);
    const bytesBefore = before === undefined ? null : passedBytes(before);
    if (bytes === null) merged.push(step);
    else if (bytesBefore !== null) merged.splice(-1, 1, passOver(bytesBefore + bytes));
    else if (bytes > 0) merged.push(step);
  }
  return merged;
}

function sequence(steps: readonly Step[]): Step {
  return nested((cursor) => {
    for (let i = 0; i < steps.length; i++) (steps[i] as Step)(cursor);
  });
}

function nested(step: Step): Step {
  return (cursor) => {
    if (++cursor.depth > DEPTH_MAX) cursor.fail(`nested deeper than ${DEPTH_MAX}`);
    step(cursor);
    cursor.depth--;
  };
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
