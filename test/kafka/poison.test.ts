/** One of every kind of poison between good events: each is a dead letter with its reason, each good one is scored. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Encoding } from '../../src/decode/wire-format.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { findRuntime } from '../../src/local-broker/runtime.js';
import type { HeaderList } from '../../src/model.js';
import { Outrider } from '../support/outrider.js';
import {
  HOSTILE_SCHEMA,
  HOSTILE_SCHEMA_ID,
  POISON_CONFIG,
  POISON_EVENT_BYTES_MAX,
  POISON_SCHEMA,
  POISON_SCHEMA_ID,
  goodEvent,
  poisonOf,
} from '../support/poison.js';
import { Scenario, type TestRecord } from '../support/scenario.js';

let registry: Server;
let url: string;

before(async () => {
  registry = createServer((request, response) => {
    const answers: Readonly<Record<string, unknown>> = {
      [`GET /schemas/ids/${POISON_SCHEMA_ID}`]: { schema: JSON.stringify(POISON_SCHEMA) },
      [`GET /schemas/ids/${HOSTILE_SCHEMA_ID}`]: { schema: HOSTILE_SCHEMA },
    };
    const path = `${request.method ?? ''} ${request.url?.split('?')[0] ?? ''}`;
    const body = path.startsWith('POST ') ? { id: 42 } : answers[path];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error_code: 40_403, message: 'Schema not found' }));
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
});
after(async () => {
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
});

type Run = Awaited<ReturnType<Scenario['configure']>>;

async function configure(scenario: Scenario, encoding: Encoding): Promise<Run> {
  writeFileSync(join(scenario.folder, 'poison.avsc'), JSON.stringify(POISON_SCHEMA));
  return scenario.configure(encoding, {
    ...POISON_CONFIG,
    input: {
      topic: scenario.name,
      schema: 'poison.avsc',
      encoding,
      startAt: 'earliest',
      entity: 'entity',
      time: 'at',
      maxEventBytes: POISON_EVENT_BYTES_MAX,
      ...(encoding === 'confluent' ? { registry: { url, register: true } } : {}),
    },
  });
}

async function runToEnd({ file }: Run): Promise<void> {
  const { code, stderr } = await new Outrider(['worker', '--config', file, '--stop-at-end']).finished;
  assert.equal(code, 0, stderr);
}

function own(headers: HeaderList): string[] {
  return headers
    .filter(([name]) => !name.startsWith('__dlq.errors.') && !name.startsWith('outrider-'))
    .map(([name, value]) => `${name}=${value?.toString('hex') ?? 'null'}`)
    .sort();
}

function errorOf(headers: HeaderList, name: string): string | undefined {
  const found = headers.filter(([each]) => each === `__dlq.errors.${name}`);
  assert.ok(found.length <= 1, `${name} stands there once`);
  return found[0]?.[1]?.toString();
}

for (const encoding of ['single-object', 'confluent', 'raw'] as const) {
  test(`poison between good events, ${encoding}`, async () => {
    await using scenario = await Scenario.create(1);
    const poison = poisonOf(encoding);
    const good: TestRecord = { partition: 0, key: 'good', value: goodEvent(encoding) };
    const records = [...poison.flatMap((each) => [good, { partition: 0, ...each }]), good];
    await scenario.write(records);
    const run = await configure(scenario, encoding);
    await runToEnd(run);
    const { anomalies, deadLetters } = await scenario.read(run);

    const scored = records.flatMap(({ value }, offset) =>
      goodEvent(encoding).equals(value ?? Buffer.alloc(0)) ? [offset] : [],
    );
    assert.deepEqual(
      anomalies.map(({ offset }) => offset),
      scored,
      'every good event is scored, in order',
    );
    assert.ok(
      anomalies.every(({ entity, eventTime }) => entity === 'é-1' && eventTime === 1_700_000_000_000),
    );

    const refused = poison.flatMap((each, i) =>
      each.reason === null ? [] : [{ ...each, offset: 2 * i + 1 }],
    );
    assert.equal(deadLetters.length, refused.length);
    for (const [i, { name, key, value, headers, reason, message, offset }] of refused.entries()) {
      const letter = deadLetters[i] as (typeof deadLetters)[number];
      assert.equal(errorOf(letter.headers, 'offset'), String(offset), name);
      assert.equal(errorOf(letter.headers, 'reason'), reason, name);
      assert.match(errorOf(letter.headers, 'message') ?? '', message, name);
      assert.equal(errorOf(letter.headers, 'topic'), scenario.name, name);
      assert.deepEqual(letter.key, key, name);
      assert.deepEqual(letter.value, value, name);
      assert.deepEqual(own(letter.headers), own(headers), name);
    }
    assert.ok(await scenario.isCommitted(run.group));
  });
}

test('a header whose value is null, from a client that can write one', async () => {
  const runtime = await findRuntime(cacheFolder(process.env), () => undefined);
  assert.equal(runtime.kind, 'java', "Kafka's console producer needs Java 17 and Maven");
  await using scenario = await Scenario.create(1);
  const producer = spawn(
    'java',
    [
      '-cp',
      join((runtime as { jars: string }).jars, '*'),
      'org.apache.kafka.tools.ConsoleProducer',
      '--bootstrap-server',
      scenario.brokers.join(','),
      '--topic',
      scenario.name,
      ...['parse.headers=true', 'parse.key=true', 'null.marker=NULL'].flatMap((each) => ['--property', each]),
    ],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  producer.stdin.end('nothing:NULL,some:x\tkey\tnot avro\nnothing:NULL\tNULL\tnot avro either\n');
  assert.equal(await new Promise((resolve) => producer.once('close', resolve)), 0);
  await scenario.write([{ partition: 0, key: 'good', value: goodEvent('single-object') }]);
  const run = await configure(scenario, 'single-object');
  await runToEnd(run);
  const { anomalies, deadLetters } = await scenario.read(run);
  assert.deepEqual(
    anomalies.map(({ offset }) => offset),
    [2],
  );
  assert.deepEqual(
    deadLetters.map(({ key, value, headers }) => [
      key?.toString(),
      value?.toString(),
      own(headers),
      errorOf(headers, 'null-headers'),
    ]),
    [
      ['key', 'not avro', ['nothing=', 'some=78'], 'nothing'],
      [undefined, 'not avro either', ['nothing='], 'nothing'],
    ],
  );
});
