import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro, { type Schema } from 'avsc';
import fc from 'fast-check';
import { parseSchema } from '../../src/decode/avro-schema.js';
import { EventDecoder } from '../../src/decode/event-decoder.js';
import { isPlanFault, planFields } from '../../src/decode/field-plan.js';
import { crc64Avro, schemaFingerprint, singleObjectHeader } from '../../src/decode/fingerprint.js';
import { fingerprintKey } from '../../src/decode/schema-folder.js';
import type { Encoding } from '../../src/decode/wire-format.js';
import { type FieldPath, parseFieldPath } from '../../src/field-path.js';
import type { FieldBatch, SourceBatch } from '../../src/model.js';

const { signal } = new AbortController();

function batchOf(values: readonly (Buffer | null)[]): SourceBatch {
  const records = values.map((value, i) => ({ offset: String(i), timestamp: '0', key: null, value }));
  return {
    topic: 't',
    partition: 0,
    records,
    headersOf: () => [],
    fetchedOffset: 0,
    nextOffset: values.length,
    highWatermark: values.length,
  };
}

interface Setup {
  readonly reader: object | string;
  readonly writer?: object | string;
  readonly fields: readonly string[];
  readonly time?: string;
  readonly entity?: string;
  readonly encoding?: Encoding;
}

const path = (text: string): FieldPath => parseFieldPath(text) as FieldPath;

function decoder({ reader, writer, fields, time, entity, encoding }: Setup) {
  const readerType = parseSchema(JSON.stringify(reader));
  const writerType = parseSchema(JSON.stringify(writer ?? reader));
  const plan = planFields(readerType, {
    fields: fields.map(path),
    time: time === undefined ? null : path(time),
    entity: entity === undefined ? null : path(entity),
  });
  assert.ok(!isPlanFault(plan), JSON.stringify(plan));
  const key = fingerprintKey(schemaFingerprint(writerType));
  return new EventDecoder({
    encoding: encoding ?? 'single-object',
    reader: readerType,
    plan,
    schemas: {
      find: (wanted) =>
        Promise.resolve(
          new Map(
            wanted.map((each) => [each, each === key || each === '7' ? writerType : { why: 'nowhere' }]),
          ),
        ),
    },
    maxEventBytes: 1_000_000,
  });
}

/** Encodes with a writer schema, single-object. */
function written(writer: object | string, value: unknown): Buffer {
  const type = avro.Type.forSchema(writer as Schema);
  return Buffer.concat([singleObjectHeader(type), type.toBuffer(value)]);
}

async function decodeOne(setup: Setup, value: unknown): Promise<FieldBatch> {
  return decoder(setup).decode(batchOf([written(setup.writer ?? setup.reader, value)]), signal);
}

const record = (fields: object[], name = 'R', aliases?: string[]): object => ({
  type: 'record',
  name,
  fields,
  ...(aliases === undefined ? {} : { aliases }),
});

test('the fingerprint is CRC-64-AVRO of the canonical form', () => {
  // Avro's own test vectors (share/test/data/schema-tests.txt): the schemas "null" and "int".
  assert.equal(fingerprintKey(crc64Avro(Buffer.from('"null"'))), '63dd24e7cc258f8a');
  assert.equal(fingerprintKey(crc64Avro(Buffer.from('"int"'))), '7275d51a3f395c8f');
});

test('numbers, booleans and times of any place in an event become columns', async () => {
  const reader = record([
    { name: 'n', type: 'int' },
    { name: 'flag', type: 'boolean' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'inner', type: record([{ name: 'x', type: ['null', 'double'] }], 'Inner') },
    { name: 'list', type: { type: 'array', items: 'float' } },
    { name: 'bag', type: { type: 'map', values: 'long' } },
    { name: 'who', type: 'string' },
  ]);
  const fields = ['n', 'flag', 'at', 'inner.x', 'list[1]', 'bag.k'];
  const value = {
    n: -3,
    flag: true,
    at: 1500,
    inner: { x: { double: 2.5 } },
    list: [1, 0.5, 9],
    bag: { other: 1, k: 77 },
    who: 'né',
  };
  const setup: Setup = { reader, fields, time: 'at', entity: 'who' };
  const type = parseSchema(JSON.stringify(reader));
  const batch = await decoder(setup).decode(
    batchOf([Buffer.concat([singleObjectHeader(type), type.toBuffer(value)])]),
    signal,
  );
  assert.deepEqual([...batch.fields], [-3, 1, 1.5, 2.5, 0.5, 77]);
  assert.equal(batch.missing, null);
  assert.equal(batch.times?.[0], 1500);
  assert.equal(batch.entityOf?.(0), 'né');
});

test('a null, an absent map entry and a short array are missing, not zero', async () => {
  const reader = record([
    { name: 'u', type: ['null', 'int'], default: null },
    { name: 'list', type: { type: 'array', items: 'double' } },
    { name: 'v', type: 'double' },
  ]);
  const batch = await decodeOne({ reader, fields: ['u', 'list[0]', 'v'] }, { u: null, list: [], v: 4 });
  assert.deepEqual([...(batch.missing ?? [])], [1, 1, 0]);
  assert.ok(Number.isNaN(batch.fields[0]));
  assert.equal(batch.fields[2], 4);
});

test('a writer schema is resolved to the reader schema', async () => {
  const writer = record(
    [
      { name: 'dropped', type: { type: 'array', items: 'string' } },
      { name: 'old', type: 'int' },
      { name: 'promoted', type: 'int' },
      { name: 'union', type: ['string', 'long'] },
    ],
    'Old',
  );
  const reader = record(
    [
      { name: 'added', type: 'double', default: 1.25 },
      { name: 'renamed', type: 'long', aliases: ['old'] },
      { name: 'promoted', type: ['null', 'double'] },
      { name: 'union', type: ['null', 'string', 'double'] },
    ],
    'R',
    ['Old'],
  );
  const batch = await decodeOne(
    { reader, writer, fields: ['added', 'renamed', 'promoted', 'union'] },
    { dropped: ['x', 'y'], old: 5, promoted: 6, union: 7 },
  );
  assert.deepEqual([...batch.fields], [1.25, 5, 6, 7]);
  assert.deepEqual(batch.rejects, []);
});

test('a writer that cannot resolve is a reject of its events with the reason', async () => {
  const batch = await decodeOne(
    {
      reader: record([{ name: 'a', type: 'int' }]),
      writer: record([{ name: 'a', type: 'string' }]),
      fields: ['a'],
    },
    { a: 'x' },
  );
  assert.equal(batch.rows, 0);
  assert.match(batch.rejects[0]?.message ?? '', /written as string/);
  const noDefault = await decodeOne(
    {
      reader: record([
        { name: 'a', type: 'int' },
        { name: 'b', type: 'int' },
      ]),
      writer: record([{ name: 'a', type: 'int' }]),
      fields: ['a'],
    },
    { a: 1 },
  );
  assert.match(noDefault.rejects[0]?.message ?? '', /no field 'b'/);
});

test('a long entity beyond 2^53 keeps every digit', async () => {
  const reader = record([
    { name: 'id', type: 'long' },
    { name: 'v', type: 'double' },
  ]);
  const type = avro.Type.forSchema(reader as Schema);
  const body = Buffer.from([...varint(9_007_199_254_740_993n), ...Buffer.alloc(8)]);
  const batch = await decoder({ reader, fields: ['v'], entity: 'id' }).decode(
    batchOf([Buffer.concat([singleObjectHeader(type), body])]),
    signal,
  );
  assert.equal(batch.entityOf?.(0), '9007199254740993');
});

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let raw = value << 1n;
  for (; raw >= 0x80n; raw >>= 7n) bytes.push(Number(raw & 0x7fn) | 0x80);
  return [...bytes, Number(raw)];
}

test('text that is not UTF-8 names its entity in hex', async () => {
  const reader = record([
    { name: 'id', type: 'bytes' },
    { name: 'v', type: 'double' },
  ]);
  const batch = await decodeOne(
    { reader, fields: ['v'], entity: 'id' },
    { id: Buffer.from([0xff, 0xfe]), v: 1 },
  );
  assert.equal(batch.entityOf?.(0), 'hex:fffe');
});

test('the three encodings are told by their first bytes, and anything else is a reject', async () => {
  const reader = record([{ name: 'v', type: 'double' }]);
  const body = avro.Type.forSchema(reader as Schema).toBuffer({ v: 3 });
  const cases: [Encoding, Buffer, string | null][] = [
    ['raw', body, null],
    ['raw', body.subarray(1), 'undecodable'],
    ['confluent', Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), body]), null],
    ['confluent', Buffer.concat([Buffer.from([0, 0, 0, 0, 8]), body]), 'unknown-schema'],
    ['confluent', Buffer.concat([Buffer.from([1, 0, 0, 0, 7]), body]), 'undecodable'],
    ['single-object', written(reader, { v: 3 }), null],
    [
      'single-object',
      Buffer.concat([Buffer.from([0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8]), body]),
      'unknown-schema',
    ],
    ['single-object', body, 'undecodable'],
    ['single-object', Buffer.concat([written(reader, { v: 3 }), Buffer.from([0])]), 'undecodable'],
    ['single-object', Buffer.alloc(0), 'undecodable'],
  ];
  for (const [encoding, value, reason] of cases) {
    const batch = await decoder({ reader, fields: ['v'], encoding }).decode(batchOf([value, null]), signal);
    assert.equal(batch.rejects[0]?.reason ?? null, reason, `${encoding} ${value.toString('hex')}`);
    assert.equal(batch.tombstones, 1);
    if (reason === null) assert.equal(batch.fields[0], 3);
  }
});

test('hostile counts, depths and keys are rejects, in bounded time', async () => {
  const nulls = { type: 'array', items: 'null' };
  const reader = record([
    { name: 'n', type: nulls },
    { name: 'd', type: { type: 'array', items: 'double' } },
    { name: 'm', type: { type: 'map', values: 'int' } },
    { name: 'v', type: 'double' },
  ]);
  const head = singleObjectHeader(avro.Type.forSchema(reader as Schema));
  const hostile = [
    [0x80, 0x92, 0xf4, 0x01, 0x00],
    [0x00, 0xfe, 0xff, 0xff, 0xff, 0x0f],
    [0x00, 0x00, 0x02, 0x12, ...Buffer.from('__proto__'), 0x02, 0x00],
    [0x00, 0x00, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  ].map((bytes) => Buffer.concat([head, Buffer.from(bytes)]));
  const started = performance.now();
  const batch = await decoder({ reader, fields: ['v'] }).decode(batchOf(hostile), signal);
  assert.equal(batch.rejects.length, hostile.length);
  assert.ok(batch.rejects.every(({ reason }) => reason === 'undecodable'));
  assert.ok(performance.now() - started < 1000);
  assert.equal(({} as Record<string, unknown>).x, undefined);
});

test('a schema that contains itself is followed to a depth and no further', async () => {
  const reader = record(
    [
      { name: 'v', type: 'double' },
      { name: 'next', type: ['null', 'Node'], default: null },
    ],
    'Node',
  );
  const head = singleObjectHeader(avro.Type.forSchema(reader as Schema));
  const chain = (depth: number): Buffer =>
    Buffer.concat([
      head,
      ...Array.from({ length: depth }, () => Buffer.concat([Buffer.alloc(8), Buffer.from([2])])),
      Buffer.alloc(8),
      Buffer.from([0]),
    ]);
  const batch = await decoder({ reader, fields: ['v', 'next.v'] }).decode(
    batchOf([chain(3), chain(1000)]),
    signal,
  );
  assert.equal(batch.rows, 1);
  assert.match(batch.rejects[0]?.message ?? '', /nested deeper/);
});

test('any bytes give a row or a reject, never an exception', async () => {
  const reader = record([
    { name: 'a', type: ['null', 'long'] },
    { name: 'b', type: { type: 'array', items: record([{ name: 'x', type: 'float' }], 'X') } },
    { name: 'c', type: { type: 'map', values: { type: 'enum', name: 'E', symbols: ['P', 'Q'] } } },
    { name: 'd', type: { type: 'fixed', name: 'F', size: 3 } },
    { name: 'e', type: 'string' },
  ]);
  const head = singleObjectHeader(avro.Type.forSchema(reader as Schema));
  const one = decoder({ reader, fields: ['a', 'b[0].x'], entity: 'e' });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      const batch = await one.decode(batchOf([Buffer.concat([head, bytes])]), signal);
      assert.equal(batch.rows + batch.rejects.length, 1);
      if (batch.rows === 1) batch.entityOf?.(0);
    }),
    { numRuns: 3000 },
  );
});

test('what avsc writes is read as avsc reads it', async () => {
  const schema = record([
    { name: 'a', type: 'double' },
    { name: 'b', type: ['null', 'int'] },
    { name: 'c', type: { type: 'array', items: 'long' } },
  ]);
  const one = decoder({ reader: schema, fields: ['a', 'b', 'c[0]', 'c[2]'] });
  const arbitrary = fc.record({
    a: fc.double({ noNaN: true }),
    b: fc.option(fc.integer()),
    c: fc.array(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 5 }), async (events) => {
      const batch = await one.decode(batchOf(events.map((event) => written(schema, event))), signal);
      assert.equal(batch.rows, events.length);
      for (const [i, { a, b, c }] of events.entries()) {
        const expected = [a, b, c[0] ?? null, c[2] ?? null];
        for (const [slot, value] of expected.entries()) {
          const at = i * 4 + slot;
          if (value === null) assert.equal(batch.missing?.[at], 1);
          else assert.ok(Object.is(batch.fields[at], value) || batch.fields[at] === value);
        }
      }
    }),
  );
});

test('a path that the schema does not have names the nearest field', () => {
  const reader = parseSchema(
    JSON.stringify(
      record([
        { name: 'amount', type: 'double' },
        { name: 'who', type: 'string' },
      ]),
    ),
  );
  const fault = (field: string): string => {
    const plan = planFields(reader, { fields: [path(field)], time: null, entity: null });
    return isPlanFault(plan) ? plan.message : 'no fault';
  };
  assert.match(fault('amuont'), /nearest is 'amount'/);
  assert.match(fault('who'), /a string in the schema, not a number/);
  assert.match(fault('amount.x'), /nothing inside/);
});
