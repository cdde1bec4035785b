/** Batches that cannot be read stop their partitions alone: damaged on the disk of a broker of the test's own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { seededRandom } from '../../src/detect/random.js';
import { readGroup } from '../../src/kafka/group-reader.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { PlainTransport } from '../../src/kafka/plain-transport.js';
import { LoneBroker } from '../support/lone-broker.js';
import { Outrider } from '../support/outrider.js';
import { Scenario, log } from '../support/scenario.js';
import { SegmentBatch } from '../support/segment.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;
const EVENTS = 200;
const STALL_TIMEOUT_MS = 2000;
/** Of 80 MiB of zeros. */
const BOMB = Buffer.alloc(80 * 2 ** 20);

let broker: LoneBroker;
let scenario: Scenario;
let transport: PlainTransport;
let flipped: SegmentBatch;
let halved: SegmentBatch;

before(async () => {
  const created = await LoneBroker.create();
  assert.ok(created !== null, 'the test damages a log on disk, which needs Java and Maven');
  broker = created;
  await broker.start();
  scenario = await Scenario.create(4, broker.brokers);
  await scenario.train();
  transport = new PlainTransport(localKafka(broker.brokers), log, 'zstd');
  await transport.connect();
  for (const partition of [0, 1, 2, 3]) await write(partition, 0);
  for (const partition of [0, 1, 3]) await write(partition, 1);
  await transport.send(scenario.name, 2, [
    { topic: scenario.name, partition: 2, key: null, value: BOMB, headers: [] },
  ]);
  for (const partition of [0, 1, 2, 3]) await write(partition, 2);
  flipped = SegmentBatch.find(broker.segment(scenario.name, 0), EVENTS);
  halved = SegmentBatch.find(broker.segment(scenario.name, 1), EVENTS);
});
after(async () => {
  await transport[Symbol.asyncDispose]();
  await scenario[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

/** One batch of events, every one an anomaly. */
async function write(partition: number, round: number): Promise<void> {
  const random = seededRandom(partition);
  const records = Array.from({ length: EVENTS }, (_, i) => {
    const event = { ...scenario.event(round * EVENTS + i, random), a: 50, b: 50, c: 50 };
    return { topic: scenario.name, partition, key: null, value: scenario.encode(event), headers: [] };
  });
  await transport.send(scenario.name, partition, records);
}

/** The partitions that the fleet shows as unreadable. */
async function stopped(
  url: string,
): Promise<readonly { partition: number; unreadable: string; idleMs: number }[]> {
  const status = (await (await fetch(`${url}/status`)).json()) as {
    workers: { partitions: { partition: number; unreadable: string | null; idleMs: number }[] }[];
  };
  return status.workers
    .flatMap(({ partitions }) => partitions)
    .flatMap((each) => (each.unreadable === null ? [] : [{ ...each, unreadable: each.unreadable }]));
}

/** Offsets of the anomalies, by partition. */
async function scored(run: { anomalies: string; deadLetters: string }): Promise<number[][]> {
  const offsets: number[][] = [[], [], [], []];
  const { anomalies } = await scenario.read(run);
  for (const { partition, offset } of anomalies) offsets[partition]?.push(offset);
  return offsets;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('torn, cut short or too large: a batch stops its partition and says so, the others go on, a repair is noticed', async () => {
  flipped.flipBit();
  halved.loseHalf();
  const run = await scenario.configure('standing', { http: { port: 0 }, fleet: { stallTimeoutMs: 3000 } });
  const committed = async (): Promise<number[]> => {
    const offsets = await scenario.admin.committed(run.group, scenario.name);
    return [0, 1, 2, 3].map((partition) => offsets.get(partition)?.offset ?? -1);
  };
  {
    await using fleet = new Outrider(['run', '--config', run.file, '--workers', '2']);
    const url = await until('it serves', LIMIT_MS, () => /"url":"([^"]+)"/.exec(fleet.stderr)?.[1]);
    await until('all that can be read is committed', LIMIT_MS, async () =>
      (await committed()).every((offset, partition) => offset === (partition === 3 ? 3 * EVENTS : EVENTS)),
    );
    await write(3, 3);
    await until('the sound partition goes on', LIMIT_MS, async () => (await committed())[3] === 4 * EVENTS);

    const reason = /partition \d, offset 200: the batch there cannot be read/;
    await until('it is unready for that reason', LIMIT_MS, async () => {
      const response = await fetch(`${url}/readyz`);
      return response.status === 503 && reason.test(await response.text());
    });
    const reasons = await until('all three are shown', LIMIT_MS, async () => {
      const shown = await stopped(url);
      return shown.length === 3
        ? new Map(shown.map(({ partition, unreadable }) => [partition, unreadable]))
        : null;
    });
    assert.match(reasons.get(0) ?? '', /is not what its checksum \(CRC-32C\) was made of/);
    assert.match(reasons.get(1) ?? '', /its zstd data are (corrupt|cut short)/);
    assert.match(reasons.get(2) ?? '', /takes more than input\.maxBatchBytes \(67108864\) allows/);
    assert.match(reasons.get(2) ?? '', /--to-offset 201, which gives up offsets 200 to 200$/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.equal([...metrics.matchAll(/^outrider_partition_unreadable\{[^}]*\} 1$/gm)].length, 3);

    flipped.repair();
    await until(
      'the repaired partition goes on',
      LIMIT_MS,
      async () => (await committed())[0] === 3 * EVENTS,
    );
    await until('it is shown no more', LIMIT_MS, async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return [...text.matchAll(/^outrider_partition_unreadable\{[^}]*\} 1$/gm)].length === 2;
    });
    await until('the others stand for longer than a stall may', LIMIT_MS, async () =>
      (await stopped(url)).every(({ idleMs }) => idleMs > 2 * STALL_TIMEOUT_MS),
    );
    assert.deepEqual((await committed()).slice(1, 3), [EVENTS, EVENTS]);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^outrider_worker_restarts_total 0$/m);
    fleet.kill('SIGTERM');
    const { code, stderr } = await fleet.finished;
    assert.equal(code, 0, stderr);
    const errors = stderr
      .split('\n')
      .filter((line) => line.includes('"level":50') || line.includes('"level":"error"'));
    // The worker that joins first owns all partitions until the other one is there, which then has its own to say of.
    const said = errors.map((line) => JSON.parse(line) as { pid: number; partition: number });
    assert.deepEqual([...new Set(said.map(({ partition }) => partition))].sort(), [0, 1, 2]);
    const once = new Set(said.map(({ pid, partition }) => `${pid}/${partition}`));
    assert.equal(
      once.size,
      said.length,
      `a line for each partition, once in a process:\n${errors.join('\n')}`,
    );
  }
  const [first, second, third, fourth] = await scored(run);
  assert.deepEqual(first, range(0, 3 * EVENTS));
  assert.deepEqual(second, range(0, EVENTS));
  assert.deepEqual(third, range(0, EVENTS));
  assert.deepEqual(fourth, range(0, 4 * EVENTS));

  // What the message says for the bomb.
  const admin = new kafkajs.Kafka({ brokers: broker.brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.setOffsets({
    groupId: run.group,
    topic: scenario.name,
    partitions: [{ partition: 2, offset: String(EVENTS + 1) }],
  });
  await admin.disconnect();
  for (const command of ['run', 'worker']) {
    const ended = await new Outrider([command, '--config', run.file, '--stop-at-end']).finished;
    assert.equal(ended.code, 4, ended.stderr);
    assert.match(ended.stderr, /partition 1, offset 200: the batch there cannot be read: its zstd data/);
  }
  assert.deepEqual((await scored(run))[2], [...range(0, EVENTS), ...range(EVENTS + 1, 2 * EVENTS + 1)]);
  halved.repair();
  const done = await new Outrider(['run', '--config', run.file, '--stop-at-end']).finished;
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual((await scored(run))[1], range(0, 3 * EVENTS));
});

test('whoever reads a topic to its end gets what stands before the batch, then exit 4 with its place', async () => {
  halved.loseHalf();
  const run = await scenario.configure('train');
  const trained = await new Outrider([
    'train',
    '--config',
    run.file,
    '--from-topic',
    '--out',
    `${scenario.folder}/m`,
  ]).finished;
  assert.equal(trained.code, 4, trained.stderr);
  assert.match(trained.stderr, /partition [012], offset 200: the batch there cannot be read/);
  let read = 0;
  await assert.rejects(async () => {
    for await (const { partition, records } of scenario.all(scenario.name))
      if (partition === 1) read += records.length;
  }, /partition [012], offset 200/);
  assert.equal(read, EVENTS);
  const kafka = localKafka(broker.brokers);
  const group = `${scenario.name}.subscriber`;
  const { signal } = new AbortController();
  const subscribed = new Set<string>();
  await assert.rejects(async () => {
    const reading = { kafka, topic: scenario.name, group, fromBeginning: true, log, signal };
    for await (const { partition, record } of readGroup(reading))
      subscribed.add(`${partition}/${record.offset}`);
  }, /partition [012], offset 200/);
  assert.ok(subscribed.size >= EVENTS, `${subscribed.size} records`);
  halved.repair();
});
