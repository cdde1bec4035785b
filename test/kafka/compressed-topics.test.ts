/** Every codec, between Outrider and Kafka's own Java client, in both directions. Needs a JDK and Maven. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../src/detect/random.js';
import { loadConfig } from '../../src/config/load.js';
import { runWorker } from '../../src/fleet/run-worker.js';
import { COMPRESSIONS } from '../../src/kafka/compression/compression.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { PlainTransport } from '../../src/kafka/plain-transport.js';
import { javaProgram } from '../support/java-program.js';
import { outrider } from '../support/outrider.js';
import { rawBatches } from '../support/raw-batches.js';
import { type Output, Scenario, log } from '../support/scenario.js';

const CODECS = COMPRESSIONS.slice(1);
/** One record a batch, then the sizes that batches are filled to. */
const BATCH_SIZES = [0, 400, 16_384, 1_048_576] as const;
const EVENTS_OF_SIZE: Readonly<Record<number, number>> = { 0: 60, 400: 200, 16_384: 1500, 1_048_576: 8000 };

/** A partition for each codec and size. */
const cells = CODECS.flatMap((compression) => BATCH_SIZES.map((batchSize) => ({ compression, batchSize })));
let scenario: Scenario;
let port: number;
let bootstrap: string;

before(async () => {
  scenario = await Scenario.create(cells.length);
  bootstrap = scenario.brokers.join(',');
  port = Number(bootstrap.split(':').at(-1));
  await scenario.train();
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

/** Events of a partition; the same each time. */
function eventsOf(partition: number): Buffer[] {
  const random = seededRandom(partition + 1);
  const count = EVENTS_OF_SIZE[cells[partition]?.batchSize ?? 0] ?? 0;
  return Array.from({ length: count }, (_, id) => {
    const whole = scenario.encode(scenario.event(id, random));
    return id % 100 === 99 ? whole.subarray(0, whole.length - 3) : whole;
  });
}

async function runToEnd(file: string): Promise<void> {
  const config = loadConfig(file, {});
  const { signal } = new AbortController();
  await runWorker({ config, clock: Date.now, log, stopAtEnd: true, supervisor: null, signal });
}

/** What an event led to, wherever it stood. */
function verdicts({ anomalies, deadLetters }: Output): string[] {
  return [
    ...anomalies.map(({ partition, offset, score, entity }) => [partition, offset, score, entity].join()),
    ...deadLetters.map(({ partition, value }) => [partition, value?.toString('hex')].join()),
  ].sort();
}

test("what Kafka's Java client wrote is scored like the same events without compression", async () => {
  const lines = cells.flatMap(({ compression, batchSize }, partition) =>
    eventsOf(partition).map((value) =>
      [partition, compression, batchSize, value.toString('base64')].join(' '),
    ),
  );
  await javaProgram('CompressedTopics', ['write', bootstrap, scenario.name], `${lines.join('\n')}\n`);
  for (const [partition, { compression, batchSize }] of cells.entries()) {
    const batches = await rawBatches(port, scenario.name, partition);
    const what = `${compression}, batch.size ${batchSize}`;
    assert.ok(
      batches.every((batch) => batch.compression === compression),
      what,
    );
    const largest = Math.max(...batches.map(({ records }) => records));
    const [least, most] = { 0: [1, 1], 400: [2, 50], 16_384: [100, 3000], 1_048_576: [5000, 20_000] }[
      batchSize
    ];
    assert.ok(
      largest >= (least ?? 0) && largest <= (most ?? 0),
      `${what}: ${largest} records in the largest`,
    );
  }
  const run = await scenario.configure('java');
  await runToEnd(run.file);
  assert.ok(await scenario.isCommitted(run.group));
  const theirs = await scenario.read(run);

  await using plain = await Scenario.create(cells.length);
  await plain.train();
  for (const partition of cells.keys())
    await plain.write(eventsOf(partition).map((value) => ({ partition, value, key: null })));
  const control = await plain.configure('plain');
  await runToEnd(control.file);
  const ours = await plain.read(control);
  assert.ok(ours.anomalies.length > 1000 && ours.deadLetters.length > 300);
  assert.deepEqual(verdicts(theirs), verdicts(ours));
});

test("Kafka's Java client reads what the sinks write, in every compression and delivery", async () => {
  await using own = await Scenario.create(1);
  await own.train();
  await own.produce(0, 3000);
  const runs: { topic: string; values: string[] }[] = [];
  for (const [i, compression] of COMPRESSIONS.entries()) {
    const delivery = i % 2 === 0 ? 'exactly-once' : 'at-least-once';
    const names = { anomalies: `${own.name}.${compression}.a`, deadLetters: `${own.name}.${compression}.d` };
    await own.topic(names.anomalies);
    await own.topic(names.deadLetters);
    const output = { ...names, compression };
    const { file } = await own.configure(compression, { output, delivery });
    await runToEnd(file);
    for (const topic of Object.values(names)) {
      const batches = await rawBatches(port, topic, 0);
      assert.ok(batches.length > 0, topic);
      assert.ok(
        batches.every((batch) => batch.compression === compression),
        `${topic}: ${batches.map((batch) => batch.compression).join()}`,
      );
      const values: string[] = [];
      for await (const { records } of own.all(topic))
        values.push(...Array.from(records, ({ value }) => (value as Buffer).toString('base64')));
      runs.push({ topic, values });
    }
  }
  const lines = await javaProgram(
    'CompressedTopics',
    ['read', bootstrap, ...runs.map(({ topic }) => topic)],
    '',
  );
  for (const { topic, values } of runs) {
    const read = lines.filter((line) => line.startsWith(`${topic} `)).map((line) => line.split(' ')[3]);
    assert.ok(read.length > 20, `${topic}: ${read.length} records`);
    assert.deepEqual(read, values);
  }
});

test('a batch that compression would make larger is written as it is', async () => {
  await using own = await Scenario.create(1);
  for (const compression of CODECS) {
    await using transport = new PlainTransport(localKafka(own.brokers), log, compression);
    await transport.connect();
    const random = seededRandom(3);
    const value = Buffer.from(Array.from({ length: 5000 }, () => Math.floor(random() * 256)));
    const record = { topic: own.name, partition: 0, key: null, value, headers: [] };
    await transport.send(own.name, 0, [record]);
    const batch = (await rawBatches(port, own.name, 0)).at(-1);
    assert.equal(batch?.compression, 'none', compression);
  }
});

test('produce --compression writes what Java reads', async () => {
  await using own = await Scenario.create(1);
  const rows = Array.from({ length: 500 }, (_, id) => ({
    id,
    at: id,
    entity: `e${id}`,
    a: 1,
    b: 2,
    c: null,
  }));
  const file = join(own.folder, 'events.jsonl');
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const to = ['--topic', own.name, '--schema', join(own.folder, 'event.avsc'), '--brokers', bootstrap];
  const { code, stderr } = await outrider(['produce', file, ...to, '--compression', 'zstd']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    (await rawBatches(port, own.name, 0)).map(({ compression, records }) => [compression, records]),
    [['zstd', 500]],
  );
  const lines = await javaProgram('CompressedTopics', ['read', bootstrap, own.name], '');
  assert.equal(lines.length, 500);
});
