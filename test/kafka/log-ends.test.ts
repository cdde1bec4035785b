/** Where the brokers say that a topic ends: what a reader of committed records can reach. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { localKafka } from '../../src/kafka/local-config.js';
import { LogEnds } from '../../src/kafka/log-ends.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { Scenario, log } from '../support/scenario.js';

test("somebody else's open transaction is not part of the end", async () => {
  await using scenario = await Scenario.create(1);
  const kafka = localKafka(scenario.brokers);
  await using ends = new LogEnds(kafka, scenario.name, 10_000, log);
  await scenario.produce(0, 10);
  assert.equal((await ends.ask())?.get(0), 10);
  const input = { topic: scenario.name, partition: 0 };
  const sink = new TransactionalSink({ kafka, group: `${scenario.name}.other`, input, log });
  await sink.fence();
  const unit = await sink.begin();
  await unit.send(scenario.name, 0, [
    { topic: scenario.name, partition: 0, key: null, value: Buffer.from('open'), headers: [] },
  ]);
  await scenario.produce(10, 20);
  assert.equal((await ends.ask())?.get(0), 10);
  // Its next owner ends what it left open.
  const next = new TransactionalSink({ kafka, group: `${scenario.name}.other`, input, log });
  await next.fence();
  assert.ok(((await ends.ask())?.get(0) ?? 0) >= 21);
  await sink.discard();
  await next.discard();
});

test('a broker that takes the question and never answers costs the time that was given, and no error', async () => {
  const mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const { port } = mute.address() as AddressInfo;
  const ends = new LogEnds(localKafka([`127.0.0.1:${port}`]), 'any', 500, log);
  const started = performance.now();
  assert.equal(await ends.ask(), null);
  const tookMs = performance.now() - started;
  assert.ok(tookMs >= 450 && tookMs < 5000, `${tookMs} ms`);
  mute.close();
});
