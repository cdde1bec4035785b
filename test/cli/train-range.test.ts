/** `outrider train --from-topic` on a sample of a range of the topic. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { type Model, readModel } from '../../src/detect/model-file.js';
import { seededRandom } from '../../src/detect/random.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { PlainTransport } from '../../src/kafka/plain-transport.js';
import { BLOCK_OFFSETS, SAMPLE_FETCH_BYTES } from '../../src/pipeline/sample-blocks.js';
import { Producer } from '../../src/publish/producer.js';
import { outriderHere } from '../support/in-process.js';
import type { Finished } from '../support/outrider.js';
import { Scenario, log, testBrokers } from '../support/scenario.js';

const EVENTS = 300_000;
/** Of six events in turn, so that the partitions have a half, a third and a sixth. */
const PARTITION_OF = [0, 0, 0, 1, 1, 2];
const SIZES = [150_000, 100_000, 50_000];
/** As Java's producer makes them by default. */
const BATCH_BYTES = 16_384;
const HOUR_MS = 3_600_000;
/** Their event times, a millisecond apart; they were appended evenly within ten hours. */
const EVENTS_PER_DAY = 86_400_000;

interface Summary {
  readonly version: string;
  readonly rows: number;
  readonly rejected: number;
  readonly rowsPerDay: number;
  readonly thresholdRule: unknown;
  readonly shareAbove: number;
  readonly range: {
    readonly topic: string;
    readonly partitions: readonly { partition: number; from: number; to: number }[];
    readonly sample: number;
    readonly seed: number;
    readonly offsets: number;
    readonly drawn: number;
    readonly records: number;
  };
}

let scenario: Scenario;
let big: string;
const appendedFirstMs = Date.now() - 10 * HOUR_MS;

before(async () => {
  scenario = await Scenario.create(1);
  const topic = await scenario.topic(`${scenario.name}.big`, 3);
  big = topicConfig('big', topic);
  await using transport = new PlainTransport(localKafka(testBrokers()), log);
  await transport.connect();
  const producer = new Producer({ transport, batchBytesMax: () => BATCH_BYTES });
  const random = seededRandom(4);
  for (let first = 0; first < EVENTS; first += 60_000) {
    const records = Array.from({ length: 60_000 }, (_, i) => ({
      topic,
      partition: PARTITION_OF[(first + i) % 6] as number,
      key: null,
      value: eventBytes(first + i, random),
      headers: [],
      timestampMs: appendedFirstMs + ((first + i) / EVENTS) * 10 * HOUR_MS,
    }));
    await producer.sendAll(records);
  }
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

/** One in a hundred cannot be decoded. */
function eventBytes(id: number, random: () => number): Buffer {
  const whole = scenario.encode(scenario.event(id, random));
  return id % 100 === 99 ? whole.subarray(0, whole.length - 3) : whole;
}

function topicConfig(name: string, topic: string): string {
  const input = { topic, schema: 'event.avsc', entity: 'entity', time: 'at' };
  return scenario.reconfigure(name, { input });
}

const modelOf = (out: string): Model => readModel(join(scenario.folder, out));

function train(config: string, out: string, ...flags: readonly string[]): Promise<Finished> {
  return outriderHere([
    'train',
    '--config',
    config,
    '--from-topic',
    '--out',
    join(scenario.folder, out),
    ...flags,
  ]);
}

async function trained(config: string, out: string, ...flags: readonly string[]): Promise<Summary> {
  const { code, stdout, stderr } = await train(config, out, '--json', ...flags);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Summary;
}

async function refused(config: string, flags: readonly string[], message: RegExp): Promise<void> {
  const { code, stderr } = await train(config, 'refused', ...flags);
  assert.equal(code, 2, stderr);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.match(stderr, message);
}

/** What the sockets that are opened meanwhile receive, in bytes. */
async function received<T>(run: () => Promise<T>): Promise<{ readonly found: T; readonly bytes: number }> {
  const sockets: Socket[] = [];
  const opened = (message: unknown): void => {
    sockets.push((message as { readonly socket: Socket }).socket);
  };
  subscribe('net.client.socket', opened);
  try {
    const found = await run();
    return { found, bytes: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0) };
  } finally {
    unsubscribe('net.client.socket', opened);
  }
}

test('of 300,000 events only about the sample is fetched: blocks, and what one fetch brings behind each', async () => {
  const sample = 4000;
  const { found, bytes } = await received(() => trained(big, 'sampled', '--sample', String(sample)));
  assert.equal(found.rows + found.rejected, sample);
  assert.ok(Math.abs(found.rejected - sample / 100) < 15, `${found.rejected} rejected`);
  assert.deepEqual(
    [found.range.offsets, found.range.drawn, found.range.records, found.range.seed],
    [EVENTS, sample, sample, 3],
  );
  const whole = await received(async () => {
    let records = 0;
    for await (const batch of scenario.all(found.range.topic)) records += batch.records.length;
    return records;
  });
  assert.equal(whole.found, EVENTS);
  assert.ok(whole.bytes > 40 * EVENTS, `what is counted is what is fetched: ${whole.bytes} bytes`);
  // A partition's last block may be a short one; a fetch begins with the batch that its offset is in; and a block may
  // need a second one.
  const blocks = sample / BLOCK_OFFSETS + SIZES.length;
  const most = (whole.bytes / EVENTS) * sample + blocks * 2 * (SAMPLE_FETCH_BYTES + BATCH_BYTES);
  assert.ok(bytes < most, `${bytes} bytes, ${most} at most`);
  assert.ok(bytes < whole.bytes / 6, `${bytes} of ${whole.bytes} bytes`);
});

test('the rate of events is that of the range, and a budget of alarms goes by it', async () => {
  const found = await trained(
    big,
    'rate',
    '--sample',
    '4000',
    '--alarms-per-day',
    String(EVENTS_PER_DAY / 50),
  );
  // Those that can be used.
  const usable = 0.99 * EVENTS_PER_DAY;
  assert.ok(Math.abs(found.rowsPerDay - usable) < 0.02 * usable, `${found.rowsPerDay}`);
  assert.ok(Math.abs(found.shareAbove - 0.02) < 0.002, `${found.shareAbove}`);
  const said = await trained(big, 'said', '--sample', '4000', '--events-per-day', '1000');
  assert.equal(said.rowsPerDay, 1000);
});

test('the same seed gives the same model bit for bit, another one other rows; the range stands in the model', async () => {
  const flags = ['--from', '20000', '--to', '90000', '--sample', '3000'];
  const first = await trained(big, 'first', ...flags);
  const second = await trained(big, 'second', ...flags);
  const numbers = (out: string): Buffer => readFileSync(join(scenario.folder, out, 'model.bin'));
  assert.equal(second.version, first.version);
  assert.deepEqual(numbers('second'), numbers('first'));
  const partitions = [
    { partition: 0, from: 20_000, to: 90_000 },
    { partition: 1, from: 20_000, to: 90_000 },
    { partition: 2, from: 20_000, to: 50_000 },
  ];
  const range = { topic: `${scenario.name}.big`, partitions, sample: 3000, seed: 3 };
  assert.deepEqual(modelOf('first').training.range, range);
  assert.deepEqual(first.range, { ...range, offsets: 170_000, drawn: 3000, records: 3000 });
  const other = await trained(big, 'other', ...flags, '--seed', '4');
  assert.equal(other.range.seed, 4);
  assert.notDeepEqual(numbers('other'), numbers('first'));
  const { stdout } = await train(big, 'text', ...flags);
  assert.match(
    stdout,
    /\na sample of 3,000 of 170,000 offsets, drawn with seed 3 \(0: 20000 to 89999, 1: 20000 to 89999, 2: 20000 to 49999\)\n/,
  );
});

test('--from 2h is by when events were appended; a sample as large as the range is all of it', async () => {
  const recent = await trained(big, 'recent', '--from', '2h', '--sample', '100000');
  for (const { partition, from, to } of recent.range.partitions) {
    const size = SIZES[partition] as number;
    assert.equal(to, size);
    // The test has run for a while, too.
    assert.ok(from >= 0.8 * size - 10 && from < 0.85 * size, `partition ${partition} from ${from}`);
  }
  assert.equal(recent.range.drawn, recent.range.offsets);
  assert.equal(recent.rows + recent.rejected, recent.range.offsets);
  const until = new Date(appendedFirstMs + HOUR_MS).toISOString();
  const early = await trained(big, 'early', '--to', until, '--sample', '1000');
  assert.deepEqual(
    early.range.partitions.map(({ from, to }) => [from, Math.round(to / 100) * 100]),
    SIZES.map((size) => [0, size / 10]),
  );
});

test('bounds the wrong way round, outside the log, or with nothing in between: exit 2, and what the log holds', async () => {
  const held =
    'it holds of partition 0 offsets 0 to 149999, of partition 1 offsets 0 to 99999, of partition 2 offsets 0 to 49999';
  await refused(big, ['--from', '500', '--to', '100'], new RegExp(`--from is behind --to; ${held}$`, 'm'));
  await refused(big, ['--from', '1h', '--to', '2h'], new RegExp(`--from is behind --to; ${held}`));
  await refused(big, ['--from', 'latest', '--to', 'earliest'], /--from is behind --to/);
  await refused(big, ['--from', '150000'], new RegExp(`--from 150000 is outside the log; ${held}`));
  await refused(big, ['--from', '700', '--to', '700'], /there is nothing between --from and --to/);
  await refused(big, ['--to', '1d'], /there is nothing between --from and --to/);
  await refused(big, ['--from', '2999-01-01'], /there is nothing between --from and --to/);
  // 120,000 to 149,999 are in the first partition alone.
  const alone = await trained(big, 'alone', '--from', '120000', '--sample', '500');
  assert.deepEqual([alone.range.offsets, alone.range.records], [30_000, 500]);
  const empty = topicConfig('empty', await scenario.topic(`${scenario.name}.empty`, 2));
  const { code, stderr } = await train(empty, 'none', '--from', '2h');
  assert.deepEqual([code, stderr.includes('there are no usable rows')], [4, true], stderr);
});

test('before the start of a log that was cut is outside it; of a partition that was cut further, what is left', async () => {
  const topic = await scenario.topic(`${scenario.name}.cut`, 2);
  const random = seededRandom(1);
  await scenario.write(
    Array.from({ length: 2000 }, (_, id) => ({ partition: id % 2, value: eventBytes(id, random) })),
    topic,
  );
  const admin = new kafkajs.Kafka({ brokers: scenario.brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  // kafkajs has to know the topic's leaders first.
  await admin.fetchTopicOffsets(topic);
  const cut = [100, 400].map((offset, partition) => ({ partition, offset: String(offset) }));
  await admin.deleteTopicRecords({ topic, partitions: cut });
  await admin.disconnect();
  const config = topicConfig('cut', topic);
  await refused(
    config,
    ['--from', '99'],
    /--from 99 is outside the log; it holds of partition 0 offsets 100 to/,
  );
  const found = await trained(config, 'cut', '--from', '200', '--sample', '600');
  assert.deepEqual(
    found.range.partitions.map(({ from, to }) => [from, to]),
    [
      [200, 1000],
      [400, 1000],
    ],
  );
  assert.equal(found.rows + found.rejected, 600);
});

test('holes in the log: aborted transactions and control records give fewer rows, and the report says so', async () => {
  const topic = await scenario.topic(`${scenario.name}.holes`, 1);
  const kafka = new kafkajs.Kafka({ brokers: scenario.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producers = ['kept', 'aborted'].map((name) => {
    const transactionalId = `${scenario.name}-${name}`;
    return kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true });
  });
  const random = seededRandom(2);
  const [turns, kept, aborted] = [200, 20, 40];
  try {
    const [keeping, aborting] = await Promise.all(
      producers.map(async (producer) => {
        await producer.connect();
        return producer.transaction();
      }),
    );
    assert.ok(keeping !== undefined && aborting !== undefined);
    // Those that count are a millisecond apart; those that do not are from another time.
    for (let turn = 0; turn < turns; turn++)
      for (const [transaction, count, first] of [
        [keeping, kept, turn * kept],
        [aborting, aborted, -1_000_000_000],
      ] as const) {
        const messages = Array.from({ length: count }, (_, i) => ({
          partition: 0,
          value: scenario.encode(scenario.event(first + i, random)),
        }));
        await transaction.send({ topic, messages });
      }
    await aborting.abort();
    await keeping.commit();
  } finally {
    await Promise.all(producers.map((producer) => producer.disconnect()));
  }
  const config = topicConfig('holes', topic);
  const all = await trained(config, 'holes-all', '--from', 'earliest', '--sample', '100000');
  const committed = turns * kept;
  const offsets = turns * (kept + aborted) + 2;
  assert.deepEqual([all.range.offsets, all.rows, all.range.records], [offsets, committed, committed]);
  const some = await trained(config, 'holes', '--from', 'earliest', '--sample', '4000');
  assert.equal(some.range.drawn, 4000);
  assert.equal(some.range.records, some.rows);
  assert.ok(Math.abs(some.rows - 4000 / 3) < 200, `${some.rows} of 4000`);
  for (const { rowsPerDay } of [all, some])
    assert.ok(Math.abs(rowsPerDay - EVENTS_PER_DAY) < 0.05 * EVENTS_PER_DAY, `${rowsPerDay}`);
  const { stdout } = await train(config, 'holes', '--from', 'earliest', '--sample', '4000');
  assert.match(stdout, /\n2,\d{3} of these 4,000 offsets have no event: the log has holes, from compaction/);
});
