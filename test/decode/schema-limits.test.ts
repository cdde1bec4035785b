/** What a schema may not hold is refused with a line that says what, before avsc sees it, and nothing else leaves. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSchema, readSchemaFile } from '../../src/decode/avro-schema.js';
import { canonicalForm } from '../../src/decode/fingerprint.js';
import { SCHEMA_LIMITS } from '../../src/decode/schema-limits.js';
import { UnusableFileError, UnusableSchemaError } from '../../src/errors.js';

/** The message with which a schema is refused; null where it is taken. */
function refusal(schema: unknown): string | null {
  return refusalOfText(JSON.stringify(schema));
}

function refusalOfText(text: string): string | null {
  try {
    parseSchema(text);
    return null;
  } catch (error) {
    assert.ok(error instanceof UnusableSchemaError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    assert.ok(error.message.length < 1000, 'a line that fits a header');
    return error.message;
  }
}

const record = (fields: unknown, more: object = {}): object => ({
  type: 'record',
  name: 'R',
  fields,
  ...more,
});
const field = (type: unknown, more: object = {}): object => ({ name: 'f', type, ...more });
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

function nest(levels: number, wrap: (inner: unknown) => unknown, innermost: unknown): unknown {
  let schema = innermost;
  for (let i = 0; i < levels; i++) schema = wrap(schema);
  return schema;
}

test('each limit holds at its edge', () => {
  const { depthMax, namedTypesMax, fieldsMax, symbolsMax, aliasesMax, nameCharsMax, defaultValuesMax } =
    SCHEMA_LIMITS;
  const array = (items: unknown): unknown => ({ type: 'array', items });
  const enumOf = (count: number): object => ({
    type: 'enum',
    name: 'E',
    symbols: times(count, (i) => `S${i}`),
  });
  const fixedNamed = (i: number): object => ({ type: 'fixed', name: `F${i}`, size: 1 });
  const edges: [RegExp, (count: number) => unknown, number][] = [
    [/nested deeper than 64/, (count) => nest(count, array, 'int'), depthMax],
    [/more than 1000 records, enums/, (count) => times(count, fixedNamed), namedTypesMax],
    [
      /more than 10000 fields/,
      (count) => record(times(count, (i) => ({ name: `f${i}`, type: 'int' }))),
      fieldsMax,
    ],
    [/more than 10000 symbols/, enumOf, symbolsMax],
    [
      /more than 10000 aliases/,
      (count) => record([field('int', { aliases: times(count, (i) => `a${i}`) })]),
      aliasesMax,
    ],
    [
      /more than 1024 characters/,
      (count) => record([field('int')], { name: 'n'.repeat(count) }),
      nameCharsMax,
    ],
    [
      /more than 65536 values in its defaults/,
      (count) => record([field({ type: 'array', items: 'int' }, { default: times(count - 1, () => 0) })]),
      defaultValuesMax,
    ],
  ];
  for (const [message, schema, max] of edges) {
    assert.equal(refusal(schema(max)), null, String(message));
    assert.match(refusal(schema(max + 1)) ?? 'taken', message);
  }
  const text = '"int"';
  assert.equal(refusalOfText(text.padEnd(SCHEMA_LIMITS.bytesMax)), null);
  assert.match(refusalOfText(text.padEnd(SCHEMA_LIMITS.bytesMax + 1)) ?? 'taken', /more than 1048576 bytes/);
});

test('schemas that take avsc exponential time are refused or read at once', () => {
  // A logical type that fails is tried again without it, at each level.
  const date = (inner: unknown): unknown => ({ type: 'array', items: inner, logicalType: 'date' });
  assert.equal(refusal(nest(60, date, { type: 'int', logicalType: 'date', name: 3 })), null);
  assert.match(refusal(nest(60, date, 'undefined')) ?? 'taken', /no type named "undefined"/);
  // Ten fields a record, each left to its default: 10^20 values.
  const types = times(20, (i) => ({
    type: 'record',
    name: `L${i}`,
    fields: times(10, (j) => ({
      name: `f${j}`,
      type: i === 0 ? 'int' : `L${i - 1}`,
      default: i === 0 ? 0 : {},
    })),
  }));
  assert.match(refusal(types) ?? 'taken', /values in its defaults/);
});

test('text of any depth and width is refused, not thrown over', () => {
  for (const text of [
    '['.repeat(500_000),
    '['.repeat(400_000) + ']'.repeat(400_000),
    `${'{"type":"array","items":'.repeat(40_000)}"int"${'}'.repeat(40_000)}`,
    `{"type":"record","name":"R","fields":[{"name":"f","type":"int","default":${'['.repeat(9000)}${']'.repeat(9000)}}]}`,
    `{"type":"array","items":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    `"${'x'.repeat(900_000)}"`,
    '',
    'null',
    '{',
    '[]',
    '{"type":{"type":"int"}}',
    '{"type":"array"}',
    '{"type":"map","values":null}',
    '{"type":"fixed","name":"F","size":-1}',
    '{"type":"fixed","name":"F","size":1e12}',
    '{"type":"enum","name":"E","symbols":[]}',
    '{"type":"enum","name":"E","symbols":["A","A"]}',
    '{"type":"enum","name":"E","symbols":["A"],"default":"B"}',
    '{"type":"record","name":"R","fields":[{"name":"f","type":"int"},{"name":"f","type":"int"}]}',
    '{"type":"record","name":"R","fields":{"length":1}}',
    '{"type":"record","name":"int","fields":[]}',
    '[["int"]]',
    '["int","int"]',
  ]) {
    assert.notEqual(refusalOfText(text), null, text.slice(0, 60));
  }
});

test('names that objects are born with are refused as types and symbols, and are names like others as fields', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf']) {
    for (const schema of [
      name,
      { type: name },
      { type: 'int', logicalType: name, name },
      { type: 'array', items: name },
    ]) {
      if (typeof schema === 'object' && schema.type === 'int') assert.equal(refusal(schema), null);
      else assert.match(refusal(schema) ?? 'taken', /no type named|named __proto__/, JSON.stringify(schema));
    }
    assert.notEqual(refusal(record([], { name })), null);
    assert.notEqual(refusal({ type: 'enum', name: 'E', symbols: ['A', name] }), null);
    assert.notEqual(refusal({ type: 'fixed', name, size: 1 }), null);
    if (name === '__proto__') continue;
    const schema = record([{ name, type: 'int', aliases: [name] }], { namespace: name });
    assert.equal(refusal(schema), null, name);
    assert.equal(
      canonicalForm(parseSchema(JSON.stringify(schema))),
      `{"name":"${name}.R","type":"record","fields":[{"name":"${name}","type":"int"}]}`,
    );
  }
  const proto = '__proto__';
  for (const schema of [
    record([{ name: proto, type: 'int' }]),
    record([{ name: 'f', type: 'int', aliases: [proto] }]),
    record([], { namespace: proto }),
    record([], { name: `a.${proto}.b` }),
    record([], { aliases: [proto] }),
  ]) {
    assert.match(refusal(schema) ?? 'taken', /named __proto__/);
  }
  const keyed =
    '{"type":"record","name":"R","fields":[{"name":"m","type":{"type":"map","values":"int"},"default":{"__proto__":1}}]}';
  assert.match(refusalOfText(keyed) ?? 'taken', /key __proto__/);
  assert.equal(({} as Record<string, unknown>).type, undefined);
});

test('code in a name or a namespace is not run', () => {
  const code = "a'];globalThis.wasRun=1;this['b";
  for (const schema of [
    record([], { name: code }),
    record([], { namespace: code }),
    record([field('int')], { name: `x.${code}` }),
    record([{ name: code, type: 'int' }]),
    { type: 'fixed', name: 'F', namespace: code, size: 1 },
    { type: 'enum', name: 'E', namespace: code, symbols: ['A'] },
    { type: 'enum', name: 'E', symbols: [code] },
  ]) {
    assert.notEqual(refusal(schema), null);
  }
  assert.equal((globalThis as Record<string, unknown>).wasRun, undefined);
});

test('namespaces are resolved as the specification says', () => {
  const schema = {
    type: 'record',
    name: 'outer.Event',
    fields: [
      { name: 'own', type: { type: 'enum', name: 'Kind', symbols: ['A'] } },
      { name: 'other', type: { type: 'fixed', name: 'Id', namespace: 'ids', size: 2 } },
      { name: 'none', type: { type: 'fixed', name: 'Bare', namespace: '', size: 2 } },
      { name: 'again', type: 'Kind' },
      { name: 'full', type: 'ids.Id' },
      { name: 'object', type: { type: 'outer.Kind' } },
    ],
  };
  assert.equal(
    canonicalForm(parseSchema(JSON.stringify(schema))),
    '{"name":"outer.Event","type":"record","fields":[' +
      '{"name":"own","type":{"name":"outer.Kind","type":"enum","symbols":["A"]}},' +
      '{"name":"other","type":{"name":"ids.Id","type":"fixed","size":2}},' +
      '{"name":"none","type":{"name":"Bare","type":"fixed","size":2}},' +
      '{"name":"again","type":"outer.Kind"},{"name":"full","type":"ids.Id"},{"name":"object","type":"outer.Kind"}]}',
  );
});

test('any JSON is a schema or refused', () => {
  const words = [
    'type',
    'name',
    'fields',
    'items',
    'values',
    'symbols',
    'size',
    'default',
    'aliases',
    'namespace',
  ];
  const leaf = fc.oneof(
    fc.constantFrom('record', 'enum', 'fixed', 'array', 'map', 'int', 'long', 'string', 'null', 'error', 'R'),
    fc.constantFrom('constructor', '__proto__', 'logicalType', 'date', 'decimal'),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('node'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom(...words, 'logicalType'), tie('node')), { maxLength: 7 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  }));
  fc.assert(
    fc.property(node, (schema) => void refusal(schema)),
    { numRuns: 5000 },
  );
});

test('a file with such a schema is unusable, and named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-schema-'));
  try {
    const file = join(folder, 'event.avsc');
    writeFileSync(file, JSON.stringify(nest(100, (items) => ({ type: 'array', items }), 'int')));
    assert.throws(
      () => readSchemaFile(file),
      (error) =>
        error instanceof UnusableFileError &&
        error.exitCode === 4 &&
        error.message.startsWith(`${file}: `) &&
        error.message.includes('nested deeper than 64'),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
