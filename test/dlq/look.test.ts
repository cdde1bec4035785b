import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderList } from '../../src/model.js';
import { fingerprintKey } from '../../src/decode/schema-folder.js';
import { schemaFingerprint } from '../../src/decode/fingerprint.js';
import { dlq, dlqLines, learnLaterSchema, produceLater, runToEnd } from '../support/dead-letters.js';
import { outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** As Kafka Connect and Spring write them, and somebody who writes no headers at all. */
const FOREIGN: readonly HeaderList[] = [
  [
    ['__connect.errors.topic', utf8('orders')],
    ['__connect.errors.partition', utf8('3')],
    ['__connect.errors.offset', utf8('1207')],
    ['__connect.errors.exception.class.name', utf8('org.apache.kafka.connect.errors.DataException')],
  ],
  [
    ['kafka_dlt-original-topic', utf8('orders')],
    ['kafka_dlt-original-partition', Buffer.from('00000003', 'hex')],
    ['kafka_dlt-original-offset', Buffer.from('00000000000004b7', 'hex')],
    ['kafka_dlt-exception-fqcn', utf8('java.lang.IllegalStateException')],
  ],
  [],
];

test('list counts by reason and producer schema, and what of it still waits', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, 300);
  await produceLater(scenario, 300, 400);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  const own = fingerprintKey(schemaFingerprint(scenario.type));
  const groups = await dlqLines('list', live.file);
  assert.deepEqual(
    groups.map(({ letters, waiting, reason, writtenBy }) => [letters, waiting, reason, writtenBy]),
    [
      [100, 100, 'unknown-schema', 'outrider'],
      [3, 3, 'undecodable', 'outrider'],
    ],
  );
  assert.equal(groups[1]?.schema, own);
  assert.ok(String(groups[0]?.first) <= String(groups[0]?.last));

  learnLaterSchema(scenario);
  await dlq('redrive', live.file, '--schema', String(groups[0]?.schema));
  const after = await dlqLines('list', live.file);
  // What was broken besides has failed again, and waits as a letter of its own.
  assert.deepEqual(
    after.map(({ letters, waiting, reason, schema }) => [letters, waiting, reason, schema === own]),
    [
      [100, 0, 'unknown-schema', false],
      [3, 3, 'undecodable', true],
      [1, 1, 'undecodable', false],
    ],
  );
  const table = await outrider(['dlq', 'list', '--config', live.file, '--reason', 'undecodable']);
  assert.match(table.stdout, /^letters {2}waiting {2}reason {7}producer schema/);
  assert.equal(table.stdout.trim().split('\n').length, 3);
  await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
});

test('show prints headers, bytes and the event where it decodes, by place or by filter', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await produceLater(scenario, 0, 100);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  const [unseen] = await dlqLines('show', live.file, '1/3');
  assert.deepEqual([unseen?.partition, unseen?.offset, unseen?.event], [1, 3, null]);
  assert.equal(unseen?.fault, 'no file of input.schemas has it');
  learnLaterSchema(scenario);
  const [seen] = await dlqLines('show', live.file, '1/3');
  assert.deepEqual((seen?.event as { id: number }).id, 7);
  assert.equal((seen?.event as { firmware: string }).firmware, '2.0');
  assert.deepEqual(seen?.source, {
    topic: scenario.name,
    partition: 1,
    offset: 3,
    timestampMs: (seen?.source as { timestampMs: number }).timestampMs,
  });
  const ofEntity = await dlqLines('show', live.file, '--entity', 'e7', '--limit', '99');
  assert.deepEqual(
    ofEntity.map(({ event }) => (event as { id: number }).id),
    [7, 57],
  );
  const page = await outrider(['dlq', 'show', '--config', live.file, '1/3']);
  assert.match(page.stdout, /header {3}__dlq\.errors\.reason: unknown-schema/);
  assert.match(page.stdout, /00000000 {2}c3 01 /);
  const nowhere = await outrider(['dlq', 'show', '--config', live.file, '1/999']);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /partition 1 has offsets 0 to \d+, not 999/);
});

test('letters of Kafka Connect, of Spring and of nobody are read; what their headers say of a place is not believed', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  const live = await scenario.configure('live');
  const far = scenario.encode({ id: 1, entity: 'e1', a: 9, b: 9, c: 9 });
  // The scenario's own topic plays another program's dead-letter topic.
  await scenario.write(FOREIGN.map((headers) => ({ partition: 1, key: 'e1', value: far, headers })));
  const foreign = scenario.name;
  const groups = await dlqLines('list', live.file, '--topic', foreign);
  assert.deepEqual(groups.map(({ writtenBy, reason }) => [writtenBy, reason]).sort(), [
    ['connect', 'DataException'],
    ['spring', 'IllegalStateException'],
    ['unknown', 'unknown'],
  ]);
  const shown = await dlqLines('show', live.file, '--topic', foreign, '--reason', 'IllegalStateException');
  assert.deepEqual(shown[0]?.source, { topic: 'orders', partition: 3, offset: 1207, timestampMs: null });
  const summary = await dlq('redrive', live.file, '--topic', foreign);
  assert.deepEqual([summary.taken, summary.anomalies], [3, 3]);
  const { anomalies } = await scenario.read(live);
  assert.deepEqual(
    anomalies.map(({ topic, partition, offset }) => [topic, partition, offset]),
    [0, 1, 2].map((offset) => [foreign, 1, offset]),
  );
  await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
});

test('a dead-letter topic that was made again is not passed over for what the old one held', async () => {
  await using scenario = await Scenario.create(1);
  await scenario.train();
  await produceLater(scenario, 0, 50);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  learnLaterSchema(scenario);
  assert.equal((await dlq('redrive', live.file)).taken, 50);
  await scenario.admin.deleteTopics([live.deadLetters]);
  await scenario.admin.createTopics([{ topic: live.deadLetters, partitions: 1 }]);
  const second = await scenario.configure('second', {
    group: live.group,
    input: { topic: scenario.name, schema: 'event.avsc', startAt: 'earliest', maxEventBytes: 20 },
    output: { anomalies: live.anomalies, deadLetters: live.deadLetters },
  });
  await scenario.produce(1000, 1020);
  await runToEnd(second.file);
  assert.equal((await dlq('redrive', live.file)).taken, 20);
  await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
});
