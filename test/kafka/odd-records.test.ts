/** Records that are legal on a topic and rare in tests: each has to come out right, and none may stop its partition. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { Outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

let scenario: Scenario;
const LIMIT_MS = 30_000;
const FAR = { entity: 'e', a: 50, b: 50, c: 50 };

before(async () => {
  scenario = await Scenario.create(2);
  await scenario.train();
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

async function runToEnd(file: string): Promise<void> {
  const { code, stderr } = await new Outrider(['worker', '--config', file, '--stop-at-end']).finished;
  assert.equal(code, 0, stderr);
}

test('keys, headers and values come out byte for byte', async () => {
  const started = Date.now();
  const bytes = Buffer.from([0, 255, 254, 1]);
  const headers: [string, Buffer | null][] = [
    ['traceparent', Buffer.from('00-abc-def-01')],
    ['twice', Buffer.from('1')],
    ['twice', Buffer.from('2')],
    ['constructor', Buffer.from('c')],
    ['__proto__', Buffer.from('p')],
    ['empty', Buffer.alloc(0)],
    ['7', bytes],
  ];
  await scenario.write([
    { partition: 0, key: null, value: scenario.encode({ id: 1, ...FAR }), headers },
    { partition: 0, key: bytes, value: Buffer.from('not avro'), headers },
    { partition: 0, key: 'tombstone', value: null },
    { partition: 0, key: null, value: Buffer.alloc(0) },
    { partition: 1, key: bytes, value: scenario.encode({ id: 2, ...FAR }) },
  ]);
  const run = await scenario.configure('odd');
  await runToEnd(run.file);
  const { anomalies, deadLetters } = await scenario.read(run);
  assert.equal(anomalies.length, 2);
  assert.deepEqual(anomalies.map(({ entity, eventTime }) => [entity, eventTime]).sort(), [
    ['e', 1_700_000_000_001],
    ['e', 1_700_000_000_002],
  ]);
  assert.equal(deadLetters.length, 2, 'the tombstone is passed over');
  const [letter, empty] = deadLetters;
  assert.deepEqual(letter?.key, bytes);
  assert.deepEqual(letter?.value, Buffer.from('not avro'));
  assert.deepEqual(empty?.value, Buffer.alloc(0));
  const written = new Map<string, string[]>();
  for (const [name, value] of letter?.headers ?? [])
    written.set(name, [...(written.get(name) ?? []), (value ?? Buffer.alloc(0)).toString('hex')]);
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const names = (letter?.headers ?? []).map(([name]) => name).filter((name) => !name.startsWith('__dlq.'));
  assert.deepEqual(
    names,
    headers.map(([name]) => name),
    'in their order',
  );
  assert.deepEqual(written.get('twice'), [hex('1'), hex('2')]);
  assert.deepEqual(written.get('constructor'), [hex('c')]);
  assert.deepEqual(written.get('__proto__'), [hex('p')]);
  assert.deepEqual(written.get('7'), [bytes.toString('hex')]);
  assert.deepEqual(written.get('empty'), ['']);
  const errors = Object.fromEntries(
    [...written]
      .filter(([name]) => name.startsWith('__dlq.'))
      .map(([name, [value = '']]) => [name, Buffer.from(value, 'hex').toString()]),
  );
  const { '__dlq.errors.timestamp': timestamp, ...others } = errors;
  assert.ok(Number(timestamp) > started - 1000 && Number(timestamp) <= Date.now(), `${timestamp}`);
  assert.deepEqual(others, {
    '__dlq.errors.topic': scenario.name,
    '__dlq.errors.partition': '0',
    '__dlq.errors.offset': '1',
    '__dlq.errors.group': run.group,
    '__dlq.errors.reason': 'undecodable',
    '__dlq.errors.message': '8 bytes are too few for the single-object encoding',
    '__dlq.errors.attempts': '1',
  });
});

test('an anomaly that its topic cannot take is a dead letter; a dead letter that is too large is cut and says so', async () => {
  const own = await Scenario.create(1);
  try {
    await own.train();
    const entity = 'x'.repeat(3000);
    const broken = Buffer.alloc(5000, 7);
    await own.write([
      { partition: 0, key: 'k', value: own.encode({ id: 1, ...FAR, entity }) },
      { partition: 0, key: 'k', value: broken },
      { partition: 0, key: 'k', value: own.encode({ id: 2, ...FAR }) },
    ]);
    const run = await own.configure('large', {}, { 'max.message.bytes': '2500' });
    await runToEnd(run.file);
    const { anomalies, deadLetters } = await own.read(run);
    assert.deepEqual(
      anomalies.map(({ offset }) => offset),
      [2],
    );
    assert.equal(deadLetters.length, 2);
    const header = (i: number, name: string): string | undefined =>
      deadLetters[i]?.headers.find(([n]) => n === `__dlq.errors.${name}`)?.[1]?.toString();
    assert.equal(header(0, 'reason'), 'too-large');
    assert.equal(header(1, 'reason'), 'undecodable');
    const kept = deadLetters[1]?.value as Buffer;
    assert.equal(header(1, 'truncated'), `${kept.length} of 5000`);
    assert.deepEqual(kept, broken.subarray(0, kept.length));
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('a transactional input topic is read to its end: control records pass, aborted events do not count', async () => {
  const own = await Scenario.create(1);
  const kafka = new kafkajs.Kafka({ brokers: own.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({
    transactionalId: `${own.name}-input`,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  try {
    await own.train();
    await producer.connect();
    const send = async (ids: readonly number[], end: 'commit' | 'abort'): Promise<void> => {
      const transaction = await producer.transaction();
      await transaction.send({
        topic: own.name,
        messages: ids.map((id) => ({ partition: 0, value: own.encode({ id, ...FAR }) })),
      });
      await transaction[end]();
    };
    await send([1, 2], 'commit');
    await send([3], 'abort');
    await send([4], 'commit');
    await send([5, 6], 'abort');
    const run = await own.configure('transactional');
    await runToEnd(run.file);
    const { anomalies } = await own.read(run);
    assert.deepEqual(
      anomalies.map(({ eventTime }) => eventTime - 1_700_000_000_000),
      [1, 2, 4],
    );
    assert.ok(await own.isCommitted(run.group), 'the trailing control record is committed past');
  } finally {
    await producer.disconnect();
    await own[Symbol.asyncDispose]();
  }
});

test('interleaved transactions: what was aborted is not read, whatever its key', async () => {
  const own = await Scenario.create(1);
  const kafka = new kafkajs.Kafka({ brokers: own.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producers = [1, 2].map((i) =>
    kafka.producer({ transactionalId: `${own.name}-${i}`, maxInFlightRequests: 1, idempotent: true }),
  );
  try {
    await own.train();
    const [a, b] = await Promise.all(
      producers.map(async (producer) => {
        await producer.connect();
        return producer.transaction();
      }),
    );
    assert.ok(a !== undefined && b !== undefined);
    const likeAMarker = Buffer.alloc(4);
    const send = (transaction: typeof a, id: number): Promise<unknown> =>
      transaction.send({
        topic: own.name,
        messages: [{ partition: 0, key: likeAMarker, value: own.encode({ id, ...FAR }) }],
      });
    await send(a, 1);
    await send(b, 2);
    await send(a, 3);
    // B ends first although A began first.
    await b.abort();
    await send(a, 4);
    await a.abort();
    await own.write([{ partition: 0, value: own.encode({ id: 5, ...FAR }) }]);
    const run = await own.configure('interleaved');
    await runToEnd(run.file);
    const { anomalies } = await own.read(run);
    assert.deepEqual(
      anomalies.map(({ eventTime }) => eventTime - 1_700_000_000_000),
      [5],
    );
  } finally {
    await Promise.all(producers.map((producer) => producer.disconnect()));
    await own[Symbol.asyncDispose]();
  }
});

test('an event with thousands of headers costs milliseconds, and keeps them all', async () => {
  const own = await Scenario.create(1);
  try {
    await own.train();
    const headers = Array.from({ length: 20_000 }, (_, i) => [`h${i}`, Buffer.from(String(i))] as const);
    await own.write([{ partition: 0, value: Buffer.from('broken'), headers }]);
    const run = await own.configure('headers');
    const started = performance.now();
    await runToEnd(run.file);
    // kafkajs as shipped needs a minute for it, with the event loop blocked.
    assert.ok(performance.now() - started < 20_000);
    const [letter] = (await own.read(run)).deadLetters;
    assert.equal(letter?.headers.filter(([name]) => name.startsWith('h')).length, headers.length);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('fewer output partitions: an anomaly goes to its partition modulo their count', async () => {
  const own = await Scenario.create(3);
  try {
    await own.train();
    await own.write(
      [0, 1, 2].map((partition) => ({ partition, value: own.encode({ id: partition, ...FAR }) })),
    );
    const anomalies = await own.topic(`${own.name}.fewer.anomalies`, 2);
    const deadLetters = await own.topic(`${own.name}.fewer.dlt`, 1);
    const run = await own.configure('modulo', { output: { anomalies, deadLetters } });
    await runToEnd(run.file);
    const { length } = (await own.read({ anomalies, deadLetters })).anomalies;
    assert.equal(length, 3);
    const places: number[] = [];
    for await (const { partition, records } of own.all(anomalies))
      for (let i = 0; i < records.length; i++) places.push(partition);
    assert.deepEqual(places.sort(), [0, 0, 1]);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('at-least-once: everything is written and the offsets are committed', async () => {
  const own = await Scenario.create(2);
  try {
    await own.train();
    await own.produce(0, 5000);
    const exact = await own.configure('exact');
    const atLeast = await own.configure('at-least', { delivery: 'at-least-once' });
    await runToEnd(exact.file);
    await runToEnd(atLeast.file);
    const ids = async (run: typeof exact): Promise<string[]> =>
      (await own.read(run)).anomalies.map(({ id }) => id).sort();
    assert.deepEqual(await ids(atLeast), await ids(exact));
    assert.ok(await own.isCommitted(atLeast.group));
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('startAt latest is committed at once; partitions added later start at their beginning', async () => {
  const own = await Scenario.create(1);
  try {
    await own.train();
    await own.write([{ partition: 0, value: own.encode({ id: 1, ...FAR }) }]);
    const input = { topic: own.name, schema: 'event.avsc', startAt: 'latest', entity: 'entity', time: 'at' };
    const run = await own.configure('latest', {
      input,
      kafka: { brokers: own.brokers, metadataMaxAgeMs: 500 },
    });
    await using worker = new Outrider(['worker', '--config', run.file]);
    await until(
      'the latest offset is committed',
      LIMIT_MS,
      async () => (await own.admin.committed(run.group, own.name)).get(0)?.offset === 1,
    );
    const admin = new kafkajs.Kafka({ brokers: own.brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.createPartitions({ topicPartitions: [{ topic: own.name, count: 2 }] });
    await admin.disconnect();
    await until(
      'the new partition is there',
      LIMIT_MS,
      async () => (await own.admin.range(own.name)).size === 2,
    );
    await own.write([
      { partition: 1, value: own.encode({ id: 2, ...FAR }) },
      { partition: 0, value: own.encode({ id: 3, ...FAR }) },
    ]);
    await until('both are committed', LIMIT_MS, () => own.isCommitted(run.group));
    worker.kill('SIGTERM');
    assert.equal((await worker.finished).code, 0);
    const { anomalies } = await own.read(run);
    assert.deepEqual(anomalies.map(({ eventTime }) => eventTime - 1_700_000_000_000).sort(), [2, 3]);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('a committed offset that retention deleted is an error that names it, or the earliest when so configured', async () => {
  const own = await Scenario.create(1);
  try {
    await own.train();
    await own.produce(0, 1000);
    const run = await own.configure('truncated', { commit: { intervalMs: 10, maxRecords: 100 } });
    const again = await own.configure('again');
    await runToEnd(run.file);
    await own.produce(1000, 2000);
    const admin = new kafkajs.Kafka({ brokers: own.brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.fetchTopicMetadata({ topics: [own.name] });
    await admin.deleteTopicRecords({ topic: own.name, partitions: [{ partition: 0, offset: '1500' }] });
    await admin.disconnect();
    const { code, stderr } = await new Outrider(['worker', '--config', run.file, '--stop-at-end']).finished;
    assert.equal(code, 3);
    assert.match(
      stderr,
      /partition 0: the committed offset 1000 .* holds 1500 to 2000; set input.onTruncated/,
    );
    const input = { topic: own.name, schema: 'event.avsc', onTruncated: 'earliest' };
    const forgiving = await own.configure('forgiving', { input, group: run.group });
    await runToEnd(forgiving.file);
    assert.equal((await own.admin.committed(run.group, own.name)).get(0)?.offset, 2000);
    await runToEnd(again.file);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});
