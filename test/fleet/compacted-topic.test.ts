/** A compacted topic is read to its end, over what compaction leaves: batches without a record in them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { loadConfig } from '../../src/config/load.js';
import { seededRandom } from '../../src/detect/random.js';
import { runWorker } from '../../src/fleet/run-worker.js';
import { type BatchHeader, readBatchHeader } from '../../src/kafka/kafkajs/record-batch.js';
import { readGroup } from '../../src/kafka/group-reader.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { readRanges } from '../../src/kafka/topic-reader.js';
import { LoneBroker } from '../support/lone-broker.js';
import { Scenario, log } from '../support/scenario.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;

let broker: LoneBroker;
let scenario: Scenario;

before(async () => {
  const created = await LoneBroker.create('log.cleaner.backoff.ms=100');
  assert.ok(created !== null, 'the test looks at a log on disk, which needs Java and Maven');
  broker = created;
  await broker.start();
  scenario = await Scenario.create(1, broker.brokers);
  await scenario.train();
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

/** The first batch of the segment that begins with an offset. */
function batchAt(topic: string, offset: number): BatchHeader | null {
  const file = join(dirname(broker.segment(topic, 0)), `${String(offset).padStart(20, '0')}.log`);
  // For a moment of its being cleaned it is not there.
  return existsSync(file) ? readBatchHeader(readFileSync(file), 0) : null;
}

/** One batch of anomalies, by a producer that the broker keeps the sequence of. */
async function write(topic: string, keys: readonly string[]): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: broker.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producer = client.producer({ idempotent: true });
  const random = seededRandom(1);
  await producer.connect();
  await producer.send({
    topic,
    messages: keys.map((key, id) => ({
      key,
      value: scenario.encode({ ...scenario.event(id, random), a: 50, b: 50, c: 50 }),
    })),
  });
  await producer.disconnect();
}

test('a segment in which compaction left no record is passed over', async () => {
  const topic = await scenario.topic(`${scenario.name}.compacted`, 1, {
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': '0.01',
    // Room for one entry of the time index: every batch is a segment, and the cleaner does not join them.
    'segment.index.bytes': '12',
  });
  await write(topic, ['a', 'b', 'c']);
  await write(topic, ['d', 'e']);
  await write(topic, ['d', 'e', 'f']);
  // The last segment is never cleaned, nor known to the cleaner.
  await write(topic, ['g']);
  const batch = await until('the second batch has lost its records', LIMIT_MS, () => {
    const header = batchAt(topic, 3);
    return header?.count === 0 ? header : null;
  });
  assert.equal(batch.lastOffset, 4);

  const input = { topic, schema: 'event.avsc', startAt: 'earliest', entity: 'entity', time: 'at' };
  const run = await scenario.configure('compacted', { input });
  const config = loadConfig(run.file, {});
  const signal = AbortSignal.timeout(LIMIT_MS);
  await runWorker({ config, clock: Date.now, log, stopAtEnd: true, supervisor: null, signal });
  const { anomalies } = await scenario.read(run);
  const expected = [0, 1, 2, 5, 6, 7, 8];
  assert.deepEqual(
    anomalies.map(({ offset }) => offset),
    expected,
  );
  assert.equal((await scenario.admin.committed(run.group, topic)).get(0)?.offset, 9);

  const read: number[] = [];
  for await (const { records } of scenario.all(topic))
    read.push(...Array.from(records, ({ offset }) => Number(offset)));
  assert.deepEqual(read, expected);

  // Parts of it: that end in the hole, lie in it, and begin in it.
  const parts = [
    { from: 1, to: 4 },
    { from: 4, to: 5 },
    { from: 8, to: 9 },
  ];
  const inParts: number[] = [];
  const source = { kafka: localKafka(broker.brokers), topic, groupPrefix: `${topic}.parts`, log, signal };
  for (const ranges of [parts, parts.slice(0, 2)])
    for await (const { records } of readRanges({ ...source, ranges: new Map([[0, ranges]]) }))
      inParts.push(...Array.from(records, ({ offset }) => Number(offset)));
  assert.deepEqual(inParts, [1, 2, 8, 1, 2]);

  const subscribed: number[] = [];
  const kafka = localKafka(broker.brokers);
  const group = `${topic}.subscriber`;
  for await (const { record } of readGroup({ kafka, topic, group, fromBeginning: true, log, signal })) {
    subscribed.push(Number(record.offset));
    if (subscribed.length === expected.length) break;
  }
  assert.deepEqual(subscribed, expected);
});
