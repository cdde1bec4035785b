/** Events that Java's Avro wrote read here as its own resolving decoder reads them, in every framing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseSchema } from '../../src/decode/avro-schema.js';
import { EventDecoder } from '../../src/decode/event-decoder.js';
import { isPlanFault, planFields } from '../../src/decode/field-plan.js';
import { schemaFingerprint } from '../../src/decode/fingerprint.js';
import { fingerprintKey } from '../../src/decode/schema-folder.js';
import type { Encoding } from '../../src/decode/wire-format.js';
import { type FieldPath, parseFieldPath } from '../../src/field-path.js';
import type { FieldBatch } from '../../src/model.js';
import { batchOf } from '../support/avro-pair.js';
import { javaAvro } from '../support/java-avro.js';
import { schemasBy } from '../support/schemas.js';

const FOLDER = fileURLToPath(new URL('../../../test/decode/vectors', import.meta.url));
const LINES = readFileSync(join(FOLDER, 'java-avro.jsonl'), 'utf8');

/** A line of WriteVectors.java. */
interface Vector {
  readonly case: string;
  readonly writer: object;
  readonly reader: object;
  readonly id: number;
  readonly singleObject: string;
  readonly confluent: string;
  /** The body with its blocks' sizes before them. */
  readonly blocked: string;
  readonly refused?: true;
  /** Written again with the reader's schema. */
  readonly raw?: string;
  readonly numbers?: Readonly<Record<string, string>>;
  readonly texts?: Readonly<Record<string, string>>;
}

const VECTORS = LINES.trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

/** Java does not look at the name of a record; the specification wants it to match, or an alias. */
const STRICTER = new Set(['another name']);

const { signal } = new AbortController();

async function decode(
  vector: Vector,
  encoding: Encoding,
  value: Buffer,
  wanted: { fields: readonly string[]; entity: string | null },
): Promise<FieldBatch> {
  const reader = parseSchema(JSON.stringify(vector.reader));
  const writer = parseSchema(JSON.stringify(vector.writer));
  const path = (text: string): FieldPath => parseFieldPath(text) as FieldPath;
  const plan = planFields(reader, {
    fields: wanted.fields.map(path),
    time: null,
    entity: wanted.entity === null ? null : path(wanted.entity),
  });
  assert.ok(!isPlanFault(plan), JSON.stringify(plan));
  const keys: readonly string[] = [String(vector.id), fingerprintKey(schemaFingerprint(writer))];
  const decoder = new EventDecoder({
    encoding,
    reader,
    plan,
    schemas: schemasBy((key) => (keys.includes(key) ? writer : null)),
    maxEventBytes: 1e6,
  });
  return decoder.decode(batchOf([value]), signal);
}

/** The event in its framings; Java's blocks with sizes in one of them. */
function framings({ singleObject, confluent, blocked, raw }: Vector): [Encoding, Buffer][] {
  const framed = Buffer.from(confluent, 'hex');
  return [
    ['single-object', Buffer.from(singleObject, 'hex')],
    ['confluent', framed],
    ['confluent', Buffer.concat([framed.subarray(0, 5), Buffer.from(blocked, 'hex')])],
    ...(raw === undefined ? [] : [['raw', Buffer.from(raw, 'hex')] satisfies [Encoding, Buffer]]),
  ];
}

const titles = [...new Set(VECTORS.map((vector) => vector.case))];

test(`${titles.length} kinds of evolution: numbers and texts are what Java reads`, async () => {
  let [numbers, texts] = [0, 0];
  for (const vector of VECTORS) {
    if (vector.refused === true || STRICTER.has(vector.case)) continue;
    const expected = Object.entries(vector.numbers ?? {});
    const entities = [...Object.entries(vector.texts ?? {}), [null, '']] as const;
    for (const [encoding, value] of framings(vector)) {
      const where = `${vector.case}, ${encoding}: ${value.toString('hex')}`;
      for (const [entity, text] of entities) {
        const batch = await decode(vector, encoding, value, {
          fields: expected.map(([path]) => path),
          entity,
        });
        assert.equal(batch.rows, 1, `${where}: ${batch.rejects[0]?.message ?? ''}`);
        if (entity === null) continue;
        const here = batch.entityOf?.(0) ?? null;
        assert.equal(here, text, `${where}, ${entity}`);
        texts++;
      }
      const { fields, missing } = await decode(vector, encoding, value, {
        fields: expected.map(([path]) => path),
        entity: null,
      });
      assert.equal(missing, null, where);
      for (const [slot, [path, number]] of expected.entries()) {
        assert.ok(
          Object.is(fields[slot], Number(number)),
          `${where}, ${path}: ${fields[slot]}, Java ${number}`,
        );
        numbers++;
      }
    }
  }
  assert.ok(numbers > 2500 && texts > 2500, `${numbers} numbers, ${texts} texts`);
});

test('what Java cannot resolve is a reject, and so is a record of another name', async () => {
  let refused = 0;
  for (const vector of VECTORS) {
    if (vector.refused !== true && !STRICTER.has(vector.case)) continue;
    for (const [encoding, value] of framings(vector)) {
      if (encoding === 'raw') continue;
      const batch = await decode(vector, encoding, value, { fields: [], entity: null });
      assert.equal(batch.rejects[0]?.reason, 'undecodable', `${vector.case}, ${encoding}`);
      refused++;
    }
  }
  assert.ok(refused > 500, `${refused}`);
});

test("Java's program writes these vectors", async () => {
  const jars = await javaAvro();
  const { stdout } = await promisify(execFile)(
    'java',
    ['-cp', join(jars, '*'), join(FOLDER, 'WriteVectors.java')],
    { maxBuffer: 16 * 2 ** 20 },
  );
  assert.equal(stdout.replaceAll('\r\n', '\n'), LINES);
});
