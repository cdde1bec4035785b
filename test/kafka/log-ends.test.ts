/** Where the brokers say that a topic ends: what a reader of committed records can reach. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { createClient } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { LogEnds } from '../../src/kafka/log-ends.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { LoneBroker } from '../support/lone-broker.js';
import { Scenario, log } from '../support/scenario.js';
import { until } from '../support/until.js';

const ASK_TIMEOUT_MS = 4000;

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

test('a leader that hangs or is gone hides its own partitions, and no others', async () => {
  await using first = await LoneBroker.create();
  assert.ok(first !== null, 'this needs Java 17 and Maven');
  await using second = await first.another();
  await first.start();
  await second.start();
  const brokers = [...first.brokers, ...second.brokers];
  await using scenario = await until('both brokers take partitions', 30_000, () => spread(brokers));
  await scenario.produce(0, 40);
  const leaders = await leadersOf(scenario);
  const ofFirst = [0, 1, 2, 3].filter((partition) => leaders[partition] === 1);
  await using ends = new LogEnds(localKafka(brokers), scenario.name, ASK_TIMEOUT_MS, log);
  const known = async (): Promise<readonly number[] | null> => {
    const started = performance.now();
    const answer = await ends.ask();
    const tookMs = performance.now() - started;
    assert.ok(tookMs < ASK_TIMEOUT_MS + 1000, `${tookMs} ms`);
    if (answer !== null) for (const end of answer.values()) assert.equal(end, 10);
    return answer === null ? null : [...answer.keys()].sort((a, b) => a - b);
  };
  assert.deepEqual(await known(), [0, 1, 2, 3]);
  await second.suspend();
  assert.deepEqual(await known(), ofFirst);
  assert.deepEqual(await known(), ofFirst);
  await second.kill();
  assert.deepEqual(await known(), ofFirst);
  // A partition that nobody leads is still one of the topic's, and no error of the whole topic.
  await using admin = new KafkaAdmin(localKafka(brokers), log);
  await until('the controller has given the broker up', 30_000, async () =>
    (await leadersOf(scenario)).includes(-1),
  );
  assert.equal(await admin.partitionCount(scenario.name), 4);
  await second.start();
  await until('all leaders answer again', 30_000, async () => (await known())?.length === 4);
});

/** A topic of which both brokers lead partitions, or null where the second does not take part yet. */
async function spread(brokers: string[]): Promise<Scenario | null> {
  const scenario = await Scenario.create(4, brokers);
  if (new Set(await leadersOf(scenario)).size === 2) return scenario;
  await scenario[Symbol.asyncDispose]();
  return null;
}

/** By partition, the node that leads it. */
async function leadersOf({ brokers, name }: Scenario): Promise<readonly number[]> {
  const admin = createClient(localKafka(brokers), 'admin', log).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
  await admin.disconnect();
  const partitions = topics.flatMap((topic) => topic.partitions);
  return partitions.sort((a, b) => a.partitionId - b.partitionId).map(({ leader }) => leader);
}
