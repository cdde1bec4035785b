/** Which writer schemas a decoder asks for, in which order, and how long it keeps them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro, { type Schema, type Type } from 'avsc';
import { parseSchema } from '../../src/decode/avro-schema.js';
import { COMPILED_SCHEMAS_MAX, EventDecoder } from '../../src/decode/event-decoder.js';
import { isPlanFault, planFields } from '../../src/decode/field-plan.js';
import { unresolved } from '../../src/decode/reader-compiler.js';
import type { NoSchema } from '../../src/decode/schema-source.js';
import type { FieldBatch } from '../../src/model.js';

const { signal } = new AbortController();
const READER = { type: 'record', name: 'E', fields: [{ name: 'v', type: 'double' }] };
const reader = parseSchema(JSON.stringify(READER));
const body = avro.Type.forSchema(READER as Schema).toBuffer({ v: 3 });

/** A decoder of Confluent frames; `asked` takes what it asks its source for. */
function decoderOf(answer: (key: string) => Type | NoSchema): { decoder: EventDecoder; asked: string[][] } {
  const asked: string[][] = [];
  const plan = planFields(reader, { fields: [['v']], time: null, entity: null });
  assert.ok(!isPlanFault(plan));
  const decoder = new EventDecoder({
    encoding: 'confluent',
    reader,
    plan,
    schemas: {
      find: (keys) => {
        asked.push([...keys]);
        return Promise.resolve(new Map(keys.map((key) => [key, answer(key)])));
      },
    },
    maxEventBytes: 1000,
  });
  return { decoder, asked };
}

function decode(decoder: EventDecoder, ids: readonly number[]): Promise<FieldBatch> {
  const values = ids.map((id) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(id, 1);
    return Buffer.concat([head, body]);
  });
  const records = values.map((value, i) => ({ offset: `${i}`, timestamp: '0', key: null, value }));
  const batch = {
    topic: 't',
    partition: 0,
    records,
    headersOf: () => [],
    fetchedOffset: 0,
    nextOffset: records.length,
    highWatermark: records.length,
  };
  return decoder.decode(batch, signal);
}

test('all schemas of a batch are asked for at once: those of most events first, then those of the smaller id', async () => {
  const { decoder, asked } = decoderOf((key) => (Number(key) > 100 ? { why: 'nowhere' } : reader));
  const batch = await decode(decoder, [4_000_000_000, 12, 7, 900, 12, 7, 5]);
  assert.deepEqual(asked, [['7', '12', '5', '900', '4000000000']]);
  assert.deepEqual([...batch.source.subarray(0, batch.rows)], [1, 2, 4, 5, 6]);
  assert.deepEqual(
    batch.rejects.map(({ index, reason, message }) => [index, reason, message]),
    [
      [0, 'unknown-schema', 'no writer schema for schema id 4000000000: nowhere'],
      [3, 'unknown-schema', 'no writer schema for schema id 900: nowhere'],
    ],
  );
  await decode(decoder, [12, 900, 7]);
  assert.deepEqual(asked.slice(1), [['900']], 'only what is unknown is asked for again');
});

test('compiled schemas are kept, the last used of them, whatever ids come from nowhere between', async () => {
  const { decoder, asked } = decoderOf((key) => (Number(key) > 1_000_000 ? { why: 'nowhere' } : reader));
  const ids = Array.from({ length: COMPILED_SCHEMAS_MAX }, (_, i) => i);
  await decode(decoder, ids);
  await decode(
    decoder,
    Array.from({ length: 3 * COMPILED_SCHEMAS_MAX }, (_, i) => 1_000_001 + i),
  );
  asked.length = 0;
  await decode(decoder, ids);
  assert.deepEqual(asked, [], 'every schema is still there');
  await decode(decoder, [COMPILED_SCHEMAS_MAX]);
  asked.length = 0;
  const batch = await decode(decoder, [1, 0, 1]);
  assert.equal(batch.rows, 3);
  assert.deepEqual(asked, [['0']], 'one more, and the one used the longest ago is gone');
});

test('a batch with more schemas than are kept is read all the same', async () => {
  const { decoder, asked } = decoderOf(() => reader);
  const ids = Array.from({ length: 2 * COMPILED_SCHEMAS_MAX + 1 }, (_, i) => i);
  assert.equal((await decode(decoder, ids)).rows, ids.length);
  assert.ok(asked.every((keys) => keys.length <= COMPILED_SCHEMAS_MAX));
});

test('what a writer schema would fail with is known without an event', () => {
  const faults = (writer: unknown, read: unknown): string[] => {
    const plan = { children: new Map(), leaf: null };
    return unresolved(parseSchema(JSON.stringify(writer)), parseSchema(JSON.stringify(read)), plan).map(
      ({ path, fault, isAlways }) => `${isAlways ? 'always' : 'sometimes'} ${path}: ${fault}`,
    );
  };
  const record = (...fields: object[]): object => ({ type: 'record', name: 'R', fields });
  const field = (name: string, type: unknown, more: object = {}): object => ({ name, type, ...more });
  const none = 'the writer has no such field and the reader schema no default for it';
  const long = "written as string, which the reader schema's long cannot take";
  assert.deepEqual(
    faults(
      record(field('a', 'int'), field('x', 'string')),
      record(field('b', 'double', { aliases: ['a'] }), field('c', 'int', { default: 1 })),
    ),
    [],
    'promotions, aliases, dropped and added fields',
  );
  assert.deepEqual(faults(record(), record(field('a', 'int'))), [`always a: ${none}`]);
  assert.deepEqual(
    faults(
      record(
        field('in', { type: 'array', items: { type: 'record', name: 'I', fields: [field('v', 'string')] } }),
      ),
      record(
        field('in', { type: 'array', items: { type: 'record', name: 'I', fields: [field('v', 'long')] } }),
      ),
    ),
    [`always in.v: ${long}`],
  );
  assert.deepEqual(
    faults(record(field('v', ['null', 'string', 'int'])), record(field('v', ['null', 'long']))),
    ["sometimes v: written as string, which the reader schema's union of null, long cannot take"],
  );
  assert.equal(
    faults(record(field('v', ['string', 'bytes'])), record(field('v', 'long')))[0],
    `always v: ${long}`,
  );
  const symbols = (...names: string[]): object => ({ type: 'enum', name: 'S', symbols: names });
  assert.deepEqual(faults(record(field('s', symbols('A', 'B'))), record(field('s', symbols('A')))), [
    'sometimes s: the reader schema has no symbol B',
  ]);
  const address = { type: 'record', name: 'A', fields: [field('street', 'string')] };
  const otherAddress = { type: 'record', name: 'A', fields: [field('street', 'long')] };
  assert.deepEqual(
    faults(
      record(field('m', ['null', address]), field('n', 'A')),
      record(field('m', ['null', otherAddress]), field('n', 'A')),
    ),
    [`sometimes m.street: ${long}`, 'always n: its type does not resolve, as above'],
    'what is only sometimes there in one place may be always there in another',
  );
});
