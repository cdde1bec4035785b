import avro, { type Schema, type Type } from 'avsc';
import { parseSchema } from '../../src/decode/avro-schema.js';
import { EventDecoder } from '../../src/decode/event-decoder.js';
import { type FieldPlan, isPlanFault, planFields } from '../../src/decode/field-plan.js';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import type { Encoding } from '../../src/decode/wire-format.js';
import type { FieldPath } from '../../src/field-path.js';
import type { FieldBatch, SourceBatch } from '../../src/model.js';
import { type NamedSchema, type Random, evolved, randomSchema } from './avro-schemas.js';
import { numberAt, placesIn, randomValue } from './avro-values.js';
import { schemasBy } from './schemas.js';

export const MAX_EVENT_BYTES = 1_048_576;
const FIELDS_MAX = 12;
const { signal } = new AbortController();

/** A writer's schema, a reader's, and decoders of what is written with the one and read with the other. */
export class AvroPair {
  readonly writer: Type;
  readonly reader: Type;
  readonly plan: FieldPlan;
  readonly fields: readonly FieldPath[];
  private readonly decoders: Readonly<Record<Encoding, EventDecoder>>;
  private readonly frames: Readonly<Record<Encoding, Buffer>>;
  /** avsc's own, without logical types; the resolver is null where avsc finds that no value would resolve. */
  private readonly plain: { readonly writer: Type; readonly reader: Type; readonly resolver: object | null };

  constructor(
    readonly written: NamedSchema,
    readonly read: NamedSchema,
    random: Random,
  ) {
    this.writer = parseSchema(JSON.stringify(written.schema));
    this.reader = parseSchema(JSON.stringify(read.schema));
    const places = shuffled(random, placesIn(read));
    this.fields = places.flatMap(({ path, isNumeric }) => (isNumeric ? [path] : [])).slice(0, FIELDS_MAX);
    const plan = planFields(this.reader, {
      fields: this.fields,
      time: random() < 0.5 ? (this.fields.at(-1) ?? null) : null,
      entity: places[0]?.path ?? null,
    });
    if (isPlanFault(plan)) throw new Error(`no plan: ${plan.message}`);
    this.plan = plan;
    const decoder = (encoding: Encoding): EventDecoder =>
      new EventDecoder({
        encoding,
        reader: this.reader,
        plan,
        schemas: schemasBy((key) => (key === this.key(encoding) ? this.writer : null)),
        maxEventBytes: MAX_EVENT_BYTES,
      });
    this.frames = {
      'single-object': singleObjectHeader(this.writer),
      confluent: Buffer.from([0, 0, 0, 0, 7]),
      raw: Buffer.alloc(0),
    };
    this.decoders = {
      'single-object': decoder('single-object'),
      confluent: decoder('confluent'),
      raw: decoder('raw'),
    };
    const [plainWriter, plainReader] = [written, read].map(({ schema }) =>
      avro.Type.forSchema(schema as unknown as Schema, { wrapUnions: true }),
    ) as [Type, Type];
    this.plain = { writer: plainWriter, reader: plainReader, resolver: resolverOf(plainWriter, plainReader) };
  }

  static random(random: Random, types: number): AvroPair {
    const written = randomSchema(random, types);
    return new AvroPair(written, random() < 0.2 ? written : evolved(random, written), random);
  }

  private key(encoding: Encoding): string {
    return encoding === 'confluent'
      ? '7'
      : this.frames['single-object'].readBigUInt64LE(2).toString(16).padStart(16, '0');
  }

  /** The encoded body of a random value. For `raw` it is written with the reader's schema. */
  body(random: Random, encoding: Encoding): Buffer {
    const [type, named] =
      encoding === 'raw' ? [this.plain.reader, this.read] : [this.plain.writer, this.written];
    return type.toBuffer(randomValue(random, named));
  }

  framed(encoding: Encoding, body: Uint8Array): Buffer {
    return Buffer.concat([this.frames[encoding], body]);
  }

  decode(encoding: Encoding, values: readonly Buffer[]): Promise<FieldBatch> {
    return this.decoders[encoding].decode(batchOf(values), signal);
  }

  /** What avsc's own resolver finds at each field of a valid body; null where it cannot say. */
  expected(encoding: Encoding, body: Buffer): readonly (number | undefined)[] | null {
    const { reader, resolver } = this.plain;
    if (encoding !== 'raw' && resolver === null) return null;
    let value: unknown;
    try {
      value = encoding === 'raw' ? reader.fromBuffer(body) : reader.fromBuffer(body, resolver as object);
    } catch {
      return null;
    }
    return this.fields.map((path) => numberAt(this.read, this.read.schema, value, path));
  }
}

function resolverOf(writer: Type, reader: Type): object | null {
  try {
    return reader.createResolver(writer);
  } catch {
    return null;
  }
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((each) => [random(), each] as const)
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}

export function batchOf(values: readonly (Buffer | null)[]): SourceBatch {
  return {
    topic: 't',
    partition: 0,
    records: values.map((value, i) => ({ offset: String(i), timestamp: '0', key: null, value })),
    headersOf: () => [],
    fetchedOffset: 0,
    nextOffset: values.length,
    highWatermark: values.length,
  };
}
