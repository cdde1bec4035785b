/** Every transaction has an epoch of its own, so that what belongs to an earlier one is known by it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { producersAt, writeMarker } from '../../chaos/network/transaction-markers.js';
import { FencedError, OutcomeUnknownError } from '../../src/errors.js';
import { createClient } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { LogEnds } from '../../src/kafka/log-ends.js';
import { TransactionalSink, transactionalId } from '../../src/kafka/transactional-sink.js';
import type { OutgoingRecord } from '../../src/model.js';
import { Scenario, log } from '../support/scenario.js';

const INVALID_PRODUCER_EPOCH = 47;
/** Of a producer id: the last one is kept for the coordinator. */
const EPOCHS = 32_766;

/** An output partition, a sink that writes to it, and how far a reader of committed records can see. */
async function setting(scenario: Scenario) {
  const kafka = localKafka(scenario.brokers);
  const output = await scenario.topic(`${scenario.name}.output`, 1);
  const options = {
    kafka,
    group: `${scenario.name}.group`,
    input: { topic: scenario.name, partition: 0 },
    log,
  };
  const ends = new LogEnds(kafka, output, 10_000, log);
  return {
    kafka,
    id: transactionalId(options.group, options.input),
    output,
    leader: { port: Number(scenario.brokers[0]?.split(':').at(-1)), topic: output, partition: 0 },
    sink: () => new TransactionalSink(options),
    record: {
      topic: output,
      partition: 0,
      key: null,
      value: Buffer.from('anomaly'),
      headers: [],
    } satisfies OutgoingRecord,
    readableEnd: async () => (await ends.ask())?.get(0),
    [Symbol.asyncDispose]: () => ends[Symbol.asyncDispose](),
  };
}

for (const isCommit of [true, false]) {
  test(`a marker that comes a second time does not ${isCommit ? 'commit' : 'abort'} the next transaction`, async () => {
    await using scenario = await Scenario.create(1);
    await using its = await setting(scenario);
    const { output, leader, record } = its;
    const sink = its.sink();
    await sink.fence();
    const first = await sink.begin();
    await first.send(output, 0, [record]);
    const [old] = (await producersAt(leader)) ?? [];
    await first.commit(1, '');

    const second = await sink.begin();
    const at = await second.send(output, 0, [record]);
    const [open] = (await producersAt(leader)) ?? [];
    assert.ok(old !== undefined && open?.hasOpenTransaction === true && old.producerId === open.producerId);
    // The coordinator's own epoch came with the marker.
    const marked = { ...old, coordinatorEpoch: open.coordinatorEpoch };
    assert.equal(await writeMarker(leader, marked, isCommit), INVALID_PRODUCER_EPOCH);
    assert.equal((await producersAt(leader))?.[0]?.hasOpenTransaction, true);
    assert.equal(await its.readableEnd(), at);
    await second.commit(2, '');
    const third = await sink.begin();
    assert.ok((await third.send(output, 0, [record])) > at + 1);
    assert.equal((await sink.fence())?.offset, 2);
    await sink.discard();
  });
}

test('whoever was fenced writes nothing, and leaves the transaction of the new owner alone', async () => {
  await using scenario = await Scenario.create(1);
  await using its = await setting(scenario);
  const { output, record } = its;
  const [old, next] = [its.sink(), its.sink()];
  await old.fence();
  await (await old.begin()).commit(1, '');
  // Here it falls asleep, and the partition is given to somebody else.
  const asleep = await old.begin();
  assert.equal((await next.fence())?.offset, 1);
  const transaction = await next.begin();
  const at = await transaction.send(output, 0, [record]);
  await assert.rejects(asleep.send(output, 0, [record]), FencedError);
  await transaction.commit(2, '');
  assert.equal(await its.readableEnd(), at + 2);
  await assert.rejects(old.begin(), OutcomeUnknownError);

  // And it may fence back, which makes the other powerless.
  const powerless = await next.begin();
  assert.equal((await old.fence())?.offset, 2);
  await assert.rejects(powerless.send(output, 0, [record]), FencedError);
  await old.discard();
  await next.discard();
});

test('what was given up does not connect again', async () => {
  await using scenario = await Scenario.create(1);
  await using its = await setting(scenario);
  const sink = its.sink();
  await sink.fence();
  const unit = await sink.begin();
  await sink.discard();
  // Its epoch is still the last one: only that it stays closed keeps this from being committed.
  await assert.rejects(unit.commit(1, ''), /given up/);
  assert.equal(await sink.fence(), null);
  await sink.discard();
});

test('a transactional id whose epochs are used up goes on with another producer id', async () => {
  await using scenario = await Scenario.create(1);
  await using its = await setting(scenario);
  const { output, leader, record } = its;
  const spender = createClient(its.kafka, 'transaction', log).producer({ transactionalId: its.id });
  await spender.connect();
  // One with nothing in it costs an epoch and no other request.
  for (let spent = 0; spent < EPOCHS - 6; spent++) await (await spender.transaction()).abort();
  await spender.disconnect();
  const sink = its.sink();
  await sink.fence();
  let end = 0;
  for (let offset = 1; offset <= 8; offset++) {
    const unit = await sink.begin();
    end = await unit.send(output, 0, [record]);
    // Kafka 4.0.0 could never end one of the last epoch.
    for (const { epoch } of (await producersAt(leader)) ?? []) assert.ok(epoch < EPOCHS);
    await unit.commit(offset, '');
  }
  const producers = (await producersAt(leader)) ?? [];
  assert.equal(new Set(producers.map(({ producerId }) => producerId)).size, 2);
  assert.equal((await sink.fence())?.offset, 8);
  assert.equal(end, 14);
  assert.equal(await its.readableEnd(), end + 2);
  await sink.discard();
});
