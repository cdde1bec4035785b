import type { Type } from 'avsc';
import { LRUCache } from 'lru-cache';
import { messageOf } from '../errors.js';
import type { FieldBatch, Reject, SourceBatch } from '../model.js';
import { type RecordColumns, columnsOf } from '../record-columns.js';
import { Cursor, MALFORMED } from './cursor.js';
import type { EntityFormat } from './entity-text.js';
import type { FieldPlan } from './field-plan.js';
import type { Step } from './step.js';
import { type CompiledReader, compileReader } from './reader-compiler.js';
import { type SchemaSource, isNoSchema } from './schema-source.js';
import { type Encoding, FRAME_BYTES, frameFault, schemaKey } from './wire-format.js';

/** Compiled writer schemas that are kept, the least recently used dropped first. */
export const COMPILED_SCHEMAS_MAX = 1000;
/** Steps of all of them together (STEPS_MAX: of one); a step is a few hundred bytes. */
export const COMPILED_STEPS_MAX = 500_000;
/** Keys of schemas that cannot be compiled, remembered. Apart, so that made-up keys do not push out schemas in use. */
export const UNUSABLE_KEYS_MAX = 10_000;

export interface DecoderOptions {
  readonly encoding: Encoding;
  readonly reader: Type;
  readonly plan: FieldPlan;
  readonly schemas: SchemaSource;
  readonly maxEventBytes: number;
}

/** Keys of a batch for which there is no schema, and why. */
type Unreadable = Map<string, string>;

/**
 * Turns the values of a fetched batch into one row-major matrix of the wanted fields. A value that cannot be read is
 * a reject of its row; nothing that a value contains throws.
 */
export class EventDecoder {
  private readonly cursor = new Cursor();
  private readonly writers = new LRUCache<string, CompiledReader>({
    max: COMPILED_SCHEMAS_MAX,
    maxSize: COMPILED_STEPS_MAX,
    sizeCalculation: ({ steps }) => steps,
  });
  /** Schemas that are there and cannot be compiled, and why. */
  private readonly unusable = new LRUCache<string, string>({ max: UNUSABLE_KEYS_MAX });
  private readonly raw: Step | null;
  private lastLow = -1;
  private lastHigh = -1;
  private lastWriter: Step | null = null;

  /** @throws UnusableSchemaError where events are raw and the reader schema is too large to be compiled */
  constructor(private readonly options: DecoderOptions) {
    const { encoding, reader, plan } = options;
    this.raw = encoding === 'raw' ? compileReader(reader, reader, plan.root).step : null;
  }

  /**
   * Decodes all records of a batch. Waits only where writer schemas have to be looked up, for all of them together.
   * @throws what the schema source throws, the signal's reason among it
   */
  async decode(batch: SourceBatch, signal: AbortSignal): Promise<FieldBatch> {
    const records = columnsOf(batch.records);
    const out = new Output(records, this.options.plan);
    this.cursor.values = out.fields;
    this.cursor.seen = new Int32Array(this.options.plan.width).fill(-1);
    const unreadable: Unreadable = new Map();
    let index = 0;
    for (;;) {
      index = this.run(out, records, index, unreadable);
      if (index === records.length) return out.finish();
      await this.learn(this.missingKeys(records, index, unreadable), unreadable, signal);
      // Another batch may have used the cursor while this one waited.
      this.cursor.values = out.fields;
      this.cursor.seen = new Int32Array(this.options.plan.width).fill(-1);
    }
  }

  /** Hot path. @returns the index at which a schema is missing, or the number of records */
  private run(out: Output, records: RecordColumns, first: number, unreadable: Unreadable): number {
    const { cursor } = this;
    const { encoding, maxEventBytes, plan } = this.options;
    const frameBytes = FRAME_BYTES[encoding];
    const { width } = plan;
    const { valueStarts, valueEnds, length } = records;
    for (let index = first; index < length; index++) {
      const start = valueStarts[index] as number;
      if (start < 0) {
        out.tombstones++;
        continue;
      }
      const end = valueEnds[index] as number;
      if (end - start > maxEventBytes) {
        out.reject(index, 'too-large', `${end - start} bytes, input.maxEventBytes is ${maxEventBytes}`);
        continue;
      }
      cursor.loadFrom(records.bufferOf(index), start + frameBytes, end);
      const fault = frameFault(encoding, cursor.bytes, start, end);
      if (fault !== null) {
        out.reject(index, 'undecodable', fault);
        continue;
      }
      const writer = this.raw ?? this.writerOf(records, index, start);
      if (writer === null) {
        const key = schemaKey(encoding, records.value(index) as Buffer);
        const why = unreadable.get(key);
        if (why === undefined) return index;
        out.reject(index, 'unknown-schema', `no writer schema for ${describeKey(encoding, key)}: ${why}`);
        continue;
      }
      const row = out.rows;
      cursor.base = row * width;
      cursor.stamp = index;
      try {
        writer(cursor);
        if (cursor.at !== cursor.end) cursor.fail(`${cursor.end - cursor.at} bytes left over`);
      } catch (error) {
        if (error !== MALFORMED) throw error;
        out.reject(index, 'undecodable', cursor.fault);
        continue;
      }
      if (cursor.filled !== width) out.markMissing(row, cursor.seen, index);
      out.accept(index, cursor);
    }
    return length;
  }

  /** The compiled writer of the framed value that the cursor has, or null when its schema has not been asked for yet. */
  private writerOf(records: RecordColumns, index: number, start: number): Step | null {
    const { encoding } = this.options;
    const { view } = this.cursor;
    const low = encoding === 'confluent' ? view.getUint32(start + 1) : view.getUint32(start + 2);
    const high = encoding === 'confluent' ? 0 : view.getUint32(start + 6);
    if (low === this.lastLow && high === this.lastHigh && this.lastWriter !== null) return this.lastWriter;
    const key = schemaKey(encoding, records.value(index) as Buffer);
    const writer = this.writers.get(key)?.step ?? null;
    if (writer !== null) {
      this.lastLow = low;
      this.lastHigh = high;
      this.lastWriter = writer;
    }
    return writer;
  }

  /**
   * Keys from an index on that are not known yet, those of most events first. Of equal ones the smaller id comes first:
   * registries count from 1, and what comes from nowhere may be anything.
   */
  private missingKeys(records: RecordColumns, first: number, unreadable: Unreadable): string[] {
    const { encoding, maxEventBytes } = this.options;
    const events = new Map<string, number>();
    for (let index = first; index < records.length && events.size < COMPILED_SCHEMAS_MAX; index++) {
      const value = records.value(index);
      if (value === null || value.length > maxEventBytes || frameFault(encoding, value) !== null) continue;
      const key = schemaKey(encoding, value);
      if (!unreadable.has(key) && !this.writers.has(key)) events.set(key, (events.get(key) ?? 0) + 1);
    }
    return [...events]
      .sort(
        ([a, eventsOfA], [b, eventsOfB]) => eventsOfB - eventsOfA || a.length - b.length || (a < b ? -1 : 1),
      )
      .map(([key]) => key);
  }

  private async learn(keys: readonly string[], unreadable: Unreadable, signal: AbortSignal): Promise<void> {
    for (const key of keys) {
      const why = this.unusable.get(key);
      if (why !== undefined) unreadable.set(key, why);
    }
    const unknown = keys.filter((key) => !unreadable.has(key));
    if (unknown.length === 0) return;
    for (const [key, answer] of await this.options.schemas.find(unknown, signal)) {
      const why = isNoSchema(answer) ? answer.why : this.compile(key, answer);
      if (why !== null) unreadable.set(key, why);
    }
  }

  /** @returns why it cannot be compiled, or null where it is now */
  private compile(key: string, writer: Type): string | null {
    // Another batch may have asked for the same schema.
    if (this.writers.has(key)) return null;
    const { reader, plan } = this.options;
    try {
      this.writers.set(key, compileReader(writer, reader, plan.root));
      return null;
    } catch (error) {
      // Whatever somebody registered is data: it costs its own events.
      const why = `it cannot be compiled: ${messageOf(error)}`;
      this.unusable.set(key, why);
      return why;
    }
  }
}

function describeKey(encoding: Encoding, key: string): string {
  return encoding === 'confluent' ? `schema id ${key}` : `fingerprint ${key}`;
}

/** The growing FieldBatch. */
class Output {
  rows = 0;
  tombstones = 0;
  readonly fields: Float64Array;
  private readonly source: Int32Array;
  private readonly rejects: Reject[] = [];
  private missing: Uint8Array | null = null;
  private readonly times: Float64Array | null;
  private readonly entities: EntityColumn | null;

  constructor(
    records: RecordColumns,
    private readonly plan: FieldPlan,
  ) {
    const capacity = records.length;
    this.fields = new Float64Array(capacity * plan.width);
    this.source = new Int32Array(capacity);
    this.times = plan.hasTime ? new Float64Array(capacity) : null;
    this.entities = plan.hasEntity ? new EntityColumn(records, capacity) : null;
  }

  reject(index: number, reason: Reject['reason'], message: string): void {
    this.rejects.push({ index, reason, message });
  }

  accept(index: number, cursor: Cursor): void {
    const row = this.rows++;
    this.source[row] = index;
    if (this.times !== null) this.times[row] = cursor.time;
    this.entities?.set(row, index, cursor);
  }

  markMissing(row: number, seen: Int32Array, stamp: number): void {
    const { width } = this.plan;
    this.missing ??= new Uint8Array(this.fields.length);
    for (let slot = 0; slot < width; slot++) {
      const absent = seen[slot] !== stamp;
      this.missing[row * width + slot] = absent ? 1 : 0;
      if (absent) this.fields[row * width + slot] = NaN;
    }
  }

  finish(): FieldBatch {
    const { entities } = this;
    return {
      rows: this.rows,
      width: this.plan.width,
      fields: this.fields,
      missing: this.missing,
      source: this.source,
      entityOf: entities === null ? null : (row) => entities.text(row),
      times: this.times,
      rejects: this.rejects,
      tombstones: this.tombstones,
    };
  }
}

/** Where each row's entity stands in its record; read as text only when asked. */
class EntityColumn {
  private readonly index: Int32Array;
  private readonly start: Int32Array;
  private readonly end: Int32Array;
  private readonly formats: (EntityFormat | null)[] = [];

  constructor(
    private readonly records: RecordColumns,
    capacity: number,
  ) {
    this.index = new Int32Array(capacity);
    this.start = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
  }

  set(row: number, index: number, cursor: Cursor): void {
    this.index[row] = index;
    this.start[row] = cursor.entityStart;
    this.end[row] = cursor.entityEnd;
    this.formats[row] = cursor.entityFormat;
  }

  text(row: number): string | null {
    const format = this.formats[row] ?? null;
    if (format === null) return null;
    const buffer = this.records.bufferOf(this.index[row] as number);
    return format(new Uint8Array(buffer), this.start[row] as number, this.end[row] as number);
  }
}
