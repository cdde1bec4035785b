/** Events of every kind that has stopped a consumer somewhere, as data: what they are, and what must become of them. */
import avro, { type Schema } from 'avsc';
import { singleObjectHeader } from '../../src/decode/fingerprint.js';
import type { Encoding } from '../../src/decode/wire-format.js';
import type { DeadLetterReason, HeaderList } from '../../src/model.js';
import { varint } from './hostile-payloads.js';

export const POISON_SCHEMA = {
  type: 'record',
  name: 'Reading',
  namespace: 'test.poison',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'entity', type: 'string' },
    { name: 'a', type: 'double' },
    { name: 'b', type: 'float' },
    { name: 'c', type: ['null', 'double'], default: null },
    { name: 'count', type: 'int' },
    { name: 'flag', type: 'boolean' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'id', type: { type: 'fixed', name: 'Id', size: 4 } },
    { name: 'list', type: { type: 'array', items: 'double' } },
    { name: 'nulls', type: { type: 'array', items: 'null' } },
    { name: 'bag', type: { type: 'map', values: 'int' } },
    {
      name: 'tree',
      type: {
        type: 'record',
        name: 'Tree',
        fields: [{ name: 'kids', type: { type: 'array', items: 'Tree' } }],
      },
    },
  ],
} as const;

/** What a configuration says of these events: a threshold that every good event is above, so that each one shows. */
export const POISON_CONFIG = {
  features: ['a', 'b', 'c', { name: 'k', field: 'bag.k', missing: 0 }, 'count', 'flag'],
  detector: { type: 'threshold', rules: [{ feature: 'a', above: 10 }] },
} as const;

/** `input.maxEventBytes` for these events. */
export const POISON_EVENT_BYTES_MAX = 20_000;
/** The id under which a registry has the schema, and one under which it has a schema that breaks a limit. */
export const POISON_SCHEMA_ID = 7;
export const HOSTILE_SCHEMA_ID = 8;
export const HOSTILE_SCHEMA = `${'{"type":"array","items":'.repeat(1000)}"int"${'}'.repeat(1000)}`;

type Part = (typeof POISON_SCHEMA.fields)[number]['name'];

const float = (bytes: 4 | 8, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeFloatLE(value);
  else buffer.writeDoubleLE(value);
  return buffer;
};
const text = (value: string): Buffer => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
const entry = (key: string, value: number): Buffer => Buffer.concat([text(key), varint(value)]);
const block = (...items: Buffer[]): Buffer =>
  Buffer.concat(items.length === 0 ? [varint(0)] : [varint(items.length), ...items, varint(0)]);

/** The fields of a good event as they are encoded, in their order. */
const GOOD: Readonly<Record<Part, Buffer>> = {
  at: varint(1_700_000_000_000),
  entity: text('é-1'),
  a: float(8, 50),
  b: float(4, 1.5),
  c: Buffer.concat([varint(1), float(8, 2)]),
  count: varint(-3),
  flag: Buffer.from([1]),
  kind: varint(1),
  id: Buffer.from([1, 2, 3, 4]),
  list: block(float(8, 1), float(8, 2)),
  nulls: block(Buffer.alloc(0), Buffer.alloc(0)),
  bag: block(entry('k', 9), entry('constructor', 1)),
  tree: block(),
};

function body(changes: Partial<Record<Part, Buffer>> = {}): Buffer {
  return Buffer.concat(Object.values({ ...GOOD, ...changes }));
}

function frameOf(encoding: Encoding): Buffer {
  if (encoding === 'raw') return Buffer.alloc(0);
  if (encoding === 'confluent') return Buffer.from([0, 0, 0, 0, POISON_SCHEMA_ID]);
  return singleObjectHeader(avro.Type.forSchema(POISON_SCHEMA as unknown as Schema));
}

export function goodEvent(encoding: Encoding): Buffer {
  return Buffer.concat([frameOf(encoding), body()]);
}

export interface Poison {
  readonly name: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: HeaderList;
  /** Null: it is passed over (a tombstone), or scored in spite of its headers. */
  readonly reason: DeadLetterReason | null;
  /** What the dead letter's message says. */
  readonly message: RegExp;
}

/** One of each kind, in a framing. */
export function poisonOf(encoding: Encoding): readonly Poison[] {
  const frame = frameOf(encoding);
  const kinds: Poison[] = [];
  const add = (
    name: string,
    value: Buffer | null,
    reason: Poison['reason'],
    message: RegExp,
    more: Partial<Poison> = {},
  ): void => {
    kinds.push({
      name,
      key: Buffer.from([0, 255, kinds.length]),
      value,
      headers: [],
      reason,
      message,
      ...more,
    });
  };
  const undecodable = (name: string, value: Buffer, message: RegExp): void =>
    add(name, value, 'undecodable', message);
  for (const [name, changes, message] of BODIES)
    undecodable(name, Buffer.concat([frame, body(changes)]), message);
  for (const [name, changes, reason, message] of FEATURES)
    add(name, Buffer.concat([frame, body(changes)]), reason, message);

  const good = goodEvent(encoding);
  undecodable('an empty value', Buffer.alloc(0), /too few|ends too early|wanted/);
  undecodable('cut off', good.subarray(0, -2), /ends too early|bytes/);
  undecodable('bytes behind its end', Buffer.concat([good, Buffer.from([0])]), /1 bytes left over/);
  undecodable('JSON', Buffer.from('{"at":1700000000000,"entity":"x","a":50}'), /./);
  undecodable('zeros', Buffer.concat([frame, Buffer.alloc(1000)]), /./);
  undecodable('ones', Buffer.concat([frame, Buffer.alloc(1000, 0xff)]), /varint/);
  add(
    'too large',
    Buffer.concat([good, Buffer.alloc(POISON_EVENT_BYTES_MAX)]),
    'too-large',
    /maxEventBytes is 20000/,
  );
  add('a tombstone', null, null, /^$/);

  if (encoding === 'single-object') {
    undecodable('a frame that is cut off', frame.subarray(0, 9), /9 bytes are too few/);
    undecodable('a frame and nothing else', frame, /ends too early/);
    undecodable(
      'another marker',
      Buffer.concat([Buffer.from([0xc3, 0x02]), good.subarray(2)]),
      /no single-object marker/,
    );
    undecodable("Confluent's framing", goodEvent('confluent'), /no single-object marker/);
    const unknown = Buffer.concat([frame.subarray(0, 2), Buffer.alloc(8, 7), body()]);
    add('an unknown fingerprint', unknown, 'unknown-schema', /fingerprint 0707070707070707/);
  }
  if (encoding === 'confluent') {
    const withId = (id: number): Buffer => {
      const value = goodEvent(encoding);
      value.writeUInt32BE(id, 1);
      return value;
    };
    undecodable('a frame that is cut off', frame.subarray(0, 4), /4 bytes are too few/);
    undecodable('a frame and nothing else', frame, /ends too early/);
    undecodable('another magic byte', Buffer.concat([Buffer.from([1]), good.subarray(1)]), /no magic byte/);
    undecodable('single-object encoding', goodEvent('single-object'), /no magic byte/);
    add('an unknown id', withId(99), 'unknown-schema', /schema id 99/);
    add('the largest id', withId(0xffffffff), 'unknown-schema', /schema id 4294967295/);
    add('a schema that breaks a limit', withId(HOSTILE_SCHEMA_ID), 'unknown-schema', /schema id 8/);
  }

  const broken = good.subarray(0, -1);
  for (const [name, headers] of HEADERS) {
    add(`broken, with ${name}`, broken, 'undecodable', /./, { headers });
    add(`good, with ${name}`, good, null, /^$/, { headers });
  }
  add('broken, without a key', broken, 'undecodable', /./, { key: null });
  add('broken, with an empty key', broken, 'undecodable', /./, { key: Buffer.alloc(0) });
  return kinds;
}

const BODIES: readonly (readonly [name: string, changes: Partial<Record<Part, Buffer>>, message: RegExp])[] =
  [
    ['a varint that does not end', { at: Buffer.alloc(12, 0x80) }, /more than 64 bits/],
    [
      'a varint of more than 64 bits',
      { at: Buffer.from([...Buffer.alloc(9, 0xff), 2]) },
      /more than 64 bits/,
    ],
    ['an int that is none', { count: varint(2 ** 31) }, /an int of 2147483648/],
    ['a boolean of 7', { flag: Buffer.from([7]) }, /a boolean of 7/],
    ['an enum index beyond its symbols', { kind: varint(2) }, /an enum has no symbol 2/],
    ['a negative enum index', { kind: varint(-1) }, /an enum has no symbol -1/],
    ['a union index beyond its branches', { c: varint(2) }, /a union has no branch 2/],
    ['a negative union index', { c: varint(-1) }, /a union has no branch -1/],
    ['a text of negative length', { entity: varint(-1) }, /a length of -1/],
    ['a text longer than the event', { entity: varint(2 ** 40) }, /a length of 1099511627776/],
    ['three million doubles that are not there', { list: varint(3_000_000) }, /a block of 3000000 items/],
    [
      'a negative count without end',
      { list: Buffer.concat([varint(-(2n ** 63n)), varint(8)]) },
      /a block of/,
    ],
    [
      'two million nulls in four bytes',
      { nulls: Buffer.concat([varint(2_000_000), varint(0)]) },
      /items without bytes/,
    ],
    [
      'nulls in many blocks',
      { nulls: Buffer.concat([...Array<Buffer>(100).fill(varint(1000)), varint(0)]) },
      /items without bytes/,
    ],
    [
      'a block of a negative size',
      { list: Buffer.concat([varint(-1), varint(-8), float(8, 1), varint(0)]) },
      /block of -8/,
    ],
    [
      'a block whose size lies',
      { list: Buffer.concat([varint(-1), varint(9), float(8, 1), varint(0)]) },
      /1 bytes off/,
    ],
    ['a map key __proto__', { bag: block(entry('__proto__', 1)) }, /__proto__/],
    ['a map key that comes twice', { bag: block(entry('k', 1), entry('k', 2)) }, /'k' twice/],
    ['a map key of negative length', { bag: Buffer.concat([varint(1), varint(-5)]) }, /-5 bytes wanted/],
    [
      'nested a thousand deep',
      { tree: Buffer.concat([...Array<Buffer>(1000).fill(varint(1)), Buffer.alloc(1001)]) },
      /nested deeper than 64/,
    ],
  ];

const FEATURES: readonly (readonly [string, Partial<Record<Part, Buffer>>, DeadLetterReason, RegExp])[] = [
  ['a feature that is null', { c: varint(0) }, 'feature-missing', /feature c is null/],
  ['a feature that is NaN', { a: float(8, NaN) }, 'feature-not-finite', /feature a is NaN/],
  ['a feature that is infinite', { a: float(8, Infinity) }, 'feature-not-finite', /feature a is Infinity/],
  ['a float that is -Infinity', { b: float(4, -Infinity) }, 'feature-not-finite', /feature b is -Infinity/],
];

const HEADERS: readonly (readonly [string, HeaderList])[] = [
  [
    'headers named like what objects are born with',
    [
      ['constructor', Buffer.from('c')],
      ['__proto__', Buffer.from('p')],
      ['toString', Buffer.from('t')],
    ],
  ],
  [
    'headers without a name or a value',
    [
      ['', Buffer.from('x')],
      ['empty', Buffer.alloc(0)],
    ],
  ],
  ['a header of bytes', [['bytes', Buffer.from([0, 255, 128])]]],
  [
    'thousands of headers',
    Array.from({ length: 3000 }, (_, i) => [`h${i}`, Buffer.from(String(i))] as const),
  ],
  ['the headers of an earlier dead letter', [['__dlq.errors.topic', Buffer.from('elsewhere')]]],
];
