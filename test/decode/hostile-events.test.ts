/** Any bytes are an event or a typed reject, for bounded work; valid bytes are read as avsc's own resolver reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSchema } from '../../src/decode/avro-schema.js';
import { Cursor, EMPTY_ITEMS_MAX } from '../../src/decode/cursor.js';
import { EventDecoder } from '../../src/decode/event-decoder.js';
import { isPlanFault, planFields } from '../../src/decode/field-plan.js';
import { STEPS_MAX, compileReader } from '../../src/decode/reader-compiler.js';
import type { Encoding } from '../../src/decode/wire-format.js';
import { seededRandom } from '../../src/detect/random.js';
import { type FieldPath, parseFieldPath } from '../../src/field-path.js';
import { AvroPair, MAX_EVENT_BYTES, batchOf } from '../support/avro-pair.js';
import { randomSchema } from '../support/avro-schemas.js';
import { CountingCursor, brokenClaim, difference, workMax } from '../support/decode-claims.js';
import { hostileBody, varint } from '../support/hostile-payloads.js';
import { schemasBy } from '../support/schemas.js';

const ENCODINGS: readonly Encoding[] = ['single-object', 'confluent', 'raw'];
const { signal } = new AbortController();

const seeds = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  types: fc.integer({ min: 1, max: 40 }),
});

test('any bytes are a row or a typed reject, whatever the schemas', async () => {
  let rows = 0;
  await fc.assert(
    fc.asyncProperty(seeds, async ({ seed, types }) => {
      const random = seededRandom(seed);
      const pair = AvroPair.random(random, types);
      for (const encoding of ENCODINGS) {
        const valid = Array.from({ length: 4 }, () => pair.body(random, encoding));
        for (let i = 0; i < 25; i++) {
          const value = pair.framed(encoding, hostileBody(random, valid));
          assert.equal(await brokenClaim(pair, encoding, value), null, value.toString('hex'));
          rows += (await pair.decode(encoding, [value])).rows;
        }
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(rows > 100, `some of it must still be events: ${rows}`);
});

test('the work is bounded by the bytes, whatever the schemas', () => {
  const cursor = new CountingCursor();
  fc.assert(
    fc.property(seeds, ({ seed, types }) => {
      const random = seededRandom(seed);
      const pair = AvroPair.random(random, types);
      const { step } = compileReader(pair.writer, pair.reader, pair.plan.root);
      const valid = Array.from({ length: 4 }, () => pair.body(random, 'single-object'));
      for (let i = 0; i < 25; i++) {
        const value = pair.framed('confluent', hostileBody(random, valid));
        const work = cursor.count(step, 'confluent', value, pair.plan.width);
        assert.ok(work <= workMax(value.length, pair.plan.width), `${work} for ${value.toString('hex')}`);
      }
    }),
    { numRuns: 150 },
  );
});

test('valid bytes are read as avsc reads them, over generated pairs of writer and reader', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(seeds, async ({ seed, types }) => {
      const random = seededRandom(seed);
      const pair = AvroPair.random(random, types);
      for (const encoding of ENCODINGS) {
        for (let i = 0; i < 5; i++) {
          const body = pair.body(random, encoding);
          assert.equal(await difference(pair, encoding, body), null, `${encoding} ${body.toString('hex')}`);
          if (pair.fields.length > 0 && pair.expected(encoding, body) !== null) compared++;
        }
      }
    }),
    // The place `constructor` where an array stands.
    { numRuns: 400, examples: [[{ seed: 1_544_653_731, types: 16 }]] },
  );
  assert.ok(compared > 1000, `${compared} comparisons are too few`);
});

test('a reader that has nothing to do with the writer makes rejects, not numbers', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async ({ seed, types }) => {
      const random = seededRandom(seed);
      const pair = new AvroPair(randomSchema(random, types), randomSchema(random, types, 'Other'), random);
      const value = pair.framed('confluent', pair.body(random, 'confluent'));
      const { rejects } = await pair.decode('confluent', [value]);
      assert.equal(rejects[0]?.reason, value.length > MAX_EVENT_BYTES ? 'too-large' : 'undecodable');
    }),
    // The example is an event of more than a megabyte.
    { numRuns: 50, examples: [[{ seed: 129_420_703, types: 12 }]] },
  );
});

const record = (name: string, fields: object[]): object => ({ type: 'record', name, fields });
const field = (name: string, type: unknown, more: object = {}): object => ({ name, type, ...more });
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

interface One {
  readonly reader: object;
  readonly writer?: object;
  readonly fields: readonly string[];
  readonly body: Buffer;
}

function decoderOf({ reader, writer, fields }: Omit<One, 'body'>): EventDecoder {
  const type = parseSchema(JSON.stringify(reader));
  const plan = planFields(type, {
    fields: fields.map((text) => parseFieldPath(text) as FieldPath),
    time: null,
    entity: null,
  });
  assert.ok(!isPlanFault(plan), JSON.stringify(plan));
  return new EventDecoder({
    encoding: 'confluent',
    reader: type,
    plan,
    schemas: schemasBy(() => parseSchema(JSON.stringify(writer ?? reader))),
    maxEventBytes: 2_000_000,
  });
}

/** The reject's message, or the numbers. */
async function outcome(one: One): Promise<string | number[]> {
  const value = Buffer.concat([Buffer.alloc(5), one.body]);
  const { rejects, fields } = await decoderOf(one).decode(batchOf([value]), signal);
  return rejects[0]?.message ?? [...fields];
}

/** The work of an event of a schema that is its own reader. */
function workOf(schema: object, path: string, body: Buffer): number {
  const type = parseSchema(JSON.stringify(schema));
  const plan = planFields(type, { fields: [parseFieldPath(path) as FieldPath], time: null, entity: null });
  assert.ok(!isPlanFault(plan));
  return new CountingCursor().count(compileReader(type, type, plan.root).step, 'raw', body, 1);
}

test('records of records without bytes cost nothing, however many they are', async () => {
  // Twelve levels of ten fields each: 10^12 empty records in no byte at all.
  const levels = times(12, (level) =>
    field(
      `l${level}`,
      record(
        `L${level}`,
        times(10, (i) => field(`f${i}`, level === 0 ? 'null' : `L${level - 1}`)),
      ),
    ),
  );
  const reader = record('R', [...levels, field('many', { type: 'array', items: 'L11' }), field('v', 'int')]);
  const one = { reader, fields: ['v'] };
  assert.deepEqual(await outcome({ ...one, body: Buffer.concat([varint(0), varint(5)]) }), [5]);
  const full = Buffer.concat([varint(EMPTY_ITEMS_MAX), varint(0), varint(5)]);
  assert.deepEqual(await outcome({ ...one, body: full }), [5]);
  assert.ok(workOf(reader, 'v', full) < 20);
  const over = Buffer.concat([varint(EMPTY_ITEMS_MAX + 1), varint(0), varint(5)]);
  assert.match(String(await outcome({ ...one, body: over })), /more than 65536 items without bytes/);
});

test('so do those that begin too deep to be compiled at once', async () => {
  const levels = times(400, (level) =>
    field(
      `l${level}`,
      record(
        `L${level}`,
        times(level < 150 ? 1 : 3, (i) =>
          field(`f${i}`, level === 0 ? { type: 'fixed', name: 'Z', size: 0 } : `L${level - 1}`),
        ),
      ),
    ),
  );
  // Written so that the deepest comes first.
  const reader = record('R', [
    field('v', 'int'),
    field('u', ['null', ...levels.map((each) => (each as { type: object }).type)]),
  ]);
  assert.deepEqual(
    await outcome({ reader, fields: ['v'], body: Buffer.concat([varint(5), varint(0)]) }),
    [5],
  );
  const last = await outcome({ reader, fields: ['v'], body: Buffer.concat([varint(5), varint(400)]) });
  assert.ok(Array.isArray(last) || /without bytes|deeper/.test(last), String(last));
});

test('a list that nobody wants is passed over in one step where its items have a size', () => {
  const schema = record('R', [field('list', { type: 'array', items: 'double' }), field('v', 'int')]);
  const body = Buffer.concat([varint(100_000), Buffer.alloc(800_000), varint(0), varint(7)]);
  assert.ok(workOf(schema, 'v', body) < 12);
});

test('a block whose size lies is a reject: who skips it would go on elsewhere', async () => {
  const reader = record('R', [
    field('list', { type: 'array', items: 'int' }),
    field('bag', { type: 'map', values: 'int' }),
    field('v', 'int'),
  ]);
  const list = (size: number): Buffer =>
    Buffer.concat([varint(-2), varint(size), varint(1), varint(2), varint(0)]);
  const bag = (size: number): Buffer =>
    Buffer.concat([varint(-1), varint(size), varint(1), Buffer.from('k'), varint(9), varint(0)]);
  const body = (listSize: number, bagSize: number): Buffer =>
    Buffer.concat([list(listSize), bag(bagSize), varint(4)]);
  const one = { reader, fields: ['v', 'list[1]', 'bag.k'] };
  assert.deepEqual(await outcome({ ...one, body: body(2, 3) }), [4, 2, 9]);
  assert.match(String(await outcome({ ...one, body: body(3, 3) })), /size is 1 bytes off/);
  assert.match(String(await outcome({ ...one, body: body(2, 1) })), /size is 2 bytes off/);
  assert.match(String(await outcome({ ...one, body: body(-1, 3) })), /a block of -1 bytes/);
});

test('a wanted map key that comes twice is a reject, and hides no missing one', async () => {
  const reader = record('R', [field('bag', { type: 'map', values: 'int' })]);
  const entries = (...keys: string[]): Buffer =>
    Buffer.concat([
      varint(keys.length),
      ...keys.map((key, i) => Buffer.concat([varint(key.length), Buffer.from(key), varint(i)])),
      varint(0),
    ]);
  for (const more of [[], times(20, (i) => `bag.x${i}`)]) {
    const one = { reader, fields: ['bag.a', 'bag.b', ...more] };
    assert.match(String(await outcome({ ...one, body: entries('a', 'a') })), /map key 'a' twice/);
    assert.match(String(await outcome({ ...one, body: entries('a', '__proto__') })), /__proto__/);
    const [a, b] = (await outcome({ ...one, body: entries('constructor', 'z', 'z', 'a') })) as number[];
    assert.deepEqual([a, b], [3, NaN]);
    // The next event of the same decoder may have it again.
    const decoder = decoderOf(one);
    const value = Buffer.concat([Buffer.alloc(5), entries('a', 'b')]);
    assert.equal((await decoder.decode(batchOf([value, value, value]), signal)).rows, 3);
  }
});

test('a name goes before an alias; aliases that leave a choice are a reject', async () => {
  const writer = record('R', [field('a', 'int'), field('b', 'int')]);
  const body = Buffer.concat([varint(1), varint(2)]);
  const read = (fields: object[]): Promise<string | number[]> =>
    outcome({
      writer,
      reader: record('R', fields),
      fields: fields.map((each) => (each as { name: string }).name),
      body,
    });
  assert.deepEqual(await read([field('a', 'int', { aliases: ['b'] }), field('b', 'int')]), [1, 2]);
  const added = field('c', 'int', { aliases: ['b'], default: 9 });
  assert.deepEqual(await read([added, field('b', 'int')]), [9, 2]);
  assert.match(String(await read([field('c', 'int', { aliases: ['a', 'b'] })])), /both aliases of 'c'/);
  assert.match(
    String(await read([field('c', 'int', { aliases: ['a'] }), field('d', 'int', { aliases: ['a'] })])),
    /both have the alias 'a'/,
  );
});

test('a pair of schemas that compiles to too much is a dead letter that says so', async () => {
  // Every branch of the writer's against every one of the reader's.
  const branches = (prefix: string): object[] =>
    times(400, (i) => ({ type: 'fixed', name: `${prefix}${i}`, size: 1 }));
  const schema = (prefix: string): object => record('R', [field('v', 'int'), field('u', branches(prefix))]);
  const one = { reader: schema('A'), writer: schema('B'), fields: ['v'], body: Buffer.from([2, 0, 0]) };
  const value = Buffer.concat([Buffer.alloc(5), one.body]);
  const { rejects } = await decoderOf(one).decode(batchOf([value]), signal);
  assert.equal(rejects[0]?.reason, 'unknown-schema');
  assert.match(rejects[0]?.message ?? '', new RegExp(`schema id 0: .* more than ${STEPS_MAX} steps`));
});

test('a schema that its source refuses is a dead letter with the reason', async () => {
  const type = parseSchema(JSON.stringify(record('R', [field('v', 'int')])));
  const plan = planFields(type, { fields: [['v']], time: null, entity: null });
  assert.ok(!isPlanFault(plan));
  const decoder = new EventDecoder({
    encoding: 'confluent',
    reader: type,
    plan,
    schemas: {
      find: (keys) => Promise.resolve(new Map(keys.map((key) => [key, { why: 'more than 10000 fields' }]))),
    },
    maxEventBytes: 100,
  });
  const { rejects } = await decoder.decode(batchOf([Buffer.alloc(6)]), signal);
  assert.deepEqual(rejects, [
    {
      index: 0,
      reason: 'unknown-schema',
      message: 'no writer schema for schema id 0: more than 10000 fields',
    },
  ]);
});

test('made-up schema ids do not push out the schemas in use', async () => {
  const reader = record('R', [field('v', 'int')]);
  const type = parseSchema(JSON.stringify(reader));
  const plan = planFields(type, { fields: [['v']], time: null, entity: null });
  assert.ok(!isPlanFault(plan));
  let asked = 0;
  const decoder = new EventDecoder({
    encoding: 'confluent',
    reader: type,
    plan,
    schemas: schemasBy((key) => {
      if (key === '0') asked++;
      return key === '0' ? type : null;
    }),
    maxEventBytes: 100,
  });
  const event = (id: number): Buffer => {
    const value = Buffer.alloc(6);
    value.writeUInt32BE(id, 1);
    return value;
  };
  for (let from = 1; from < 3000; from += 1000) {
    await decoder.decode(batchOf([event(0), ...times(1000, (i) => event(from + i))]), signal);
  }
  assert.equal(asked, 1);
});

test('a cursor leaves nothing behind for the next event', () => {
  const cursor = new Cursor();
  cursor.load(Buffer.concat([varint(-1), varint(0), varint(0)]), 0);
  cursor.blockCount(0);
  assert.equal(cursor.blockEnd, cursor.end - 1);
  cursor.blockCount(0);
  assert.equal(cursor.blockEnd, -1);
});
