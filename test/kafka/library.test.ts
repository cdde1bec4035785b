/** `subscribe` and `createProducer`, as a program uses them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createProducer, MissingRemoteError, subscribe } from '../../src/index.js';
import { Outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

let scenario: Scenario;
let topic: string;
let ids: string[];

before(async () => {
  scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, 3000);
  const run = await scenario.configure('library');
  const { code, stderr } = await new Outrider(['worker', '--config', run.file, '--stop-at-end']).finished;
  assert.equal(code, 0, stderr);
  topic = run.anomalies;
  ids = (await scenario.read(run)).anomalies.map(({ id }) => id).sort();
  assert.ok(ids.length > 50);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

test('a subscriber gets every anomaly, and after a break goes on behind what it finished', async () => {
  const group = `${scenario.name}.subscriber`;
  const options = { brokers: scenario.brokers, topic, group, startAt: 'earliest' } as const;
  const first: string[] = [];
  for await (const anomaly of subscribe(options)) {
    first.push(anomaly.id);
    if (first.length === 20) break;
  }
  const second: string[] = [];
  for await (const anomaly of subscribe(options)) {
    second.push(anomaly.id);
    if (new Set([...first, ...second]).size === ids.length) break;
  }
  assert.deepEqual([...new Set([...first, ...second])].sort(), ids);
  assert.ok(second.length <= ids.length, 'at least once, without duplicates within one iteration');
});

test('a signal ends a subscription that waits', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { id } of subscribe({
      brokers: scenario.brokers,
      topic,
      group: `${scenario.name}.waiting`,
      startAt: 'earliest',
      signal: stop.signal,
    }))
      seen.push(id);
  })();
  await until('everything was read', 20_000, () => seen.length === ids.length);
  stop.abort();
  await reading;
});

test('a producer places equal keys together and says where each record is', async () => {
  const target = await scenario.topic(`${scenario.name}.produced`, 3);
  await using producer = await createProducer({ brokers: scenario.brokers, lingerMs: 1 });
  const keys = ['a', 'b', 'c', 'key-1', 'key-2', 'unit-07'];
  const deliveries = await Promise.all(
    keys.map((key) => producer.send({ topic: target, key, value: Buffer.from(key) })),
  );
  const again = await Promise.all(
    keys.map((key) => producer.send({ topic: target, key, value: Buffer.from(key) })),
  );
  assert.deepEqual(
    again.map(({ partition }) => partition),
    deliveries.map(({ partition }) => partition),
  );
  assert.equal((await producer.send({ topic: target, partition: 2, value: null, key: 'x' })).partition, 2);
  await assert.rejects(
    producer.send({ topic: `${scenario.name}.absent`, value: Buffer.alloc(1) }),
    MissingRemoteError,
  );
});
