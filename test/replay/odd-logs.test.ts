/** A replay of logs that are damaged or have holes: looked at on the disk of a broker of the test's own. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { EXIT } from '../../src/errors.js';
import { LoneBroker } from '../support/lone-broker.js';
import { compactedBatch } from '../support/record-batches.js';
import { outriderHere } from '../support/in-process.js';
import { replayHere, replayedHere, verdictsOf } from '../support/replay-here.js';
import type { LiveRun } from '../support/replay-scenario.js';
import { Scenario } from '../support/scenario.js';
import { SegmentBatch } from '../support/segment.js';

const FAR = { entity: 'e', a: 50, b: 50, c: 50 };
const [TORN, SOUND, NO_TAIL] = [0, 1, 2] as const;
/** One partition each: a range of the same log, and the offsets that have an event in it. */
const IN_HOLES: readonly (readonly [offsets: string, expected: readonly number[]])[] = [
  ['0-65', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31, 60, 61, 62, 63, 64]],
  ['20-31', [30]],
  ['5-15', [5, 6, 7, 8, 9]],
  ['12-20', []],
  ['40-60', []],
  ['55-61', [60]],
  ['32-45', []],
];
const HOLES = IN_HOLES.map((_, i) => i + 3);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

let broker: LoneBroker;
let scenario: Scenario;
let run: LiveRun;
let torn: SegmentBatch;

before(async () => {
  const created = await LoneBroker.create('log.retention.ms=-1\nlog.cleaner.enable=false');
  assert.ok(created !== null, 'the test writes a log on disk, which needs Java and Maven');
  broker = created;
  await broker.start();
  scenario = await Scenario.create(3 + HOLES.length, broker.brokers);
  await scenario.train();
  run = await scenario.configure('live', { fleet: { stallTimeoutMs: 4000 } });
  for (const partition of [TORN, TORN, TORN, SOUND]) await scenario.write(events(partition, 100));
  await broker.kill();
  const event = scenario.encode({ id: 1, ...FAR });
  // What compaction leaves: 0 to 9 whole, nothing at all of 10 to 29, two records of the batch 30 to 39, nothing of 40
  // to 49, no record in the batch 50 to 59, 60 to 64 whole.
  const whole = (count: number): Buffer[] => Array.from({ length: count }, () => event);
  const holes = [
    compactedBatch(0, 10, whole(10)),
    compactedBatch(30, 10, whole(2)),
    compactedBatch(50, 10),
    compactedBatch(60, 5, whole(5)),
  ];
  for (const partition of HOLES)
    writeFileSync(broker.segment(scenario.name, partition), Buffer.concat(holes));
  // The same, and a crash that took the records behind it, not yet on disk, with it: the log ends at 20.
  const first = broker.segment(scenario.name, NO_TAIL);
  writeFileSync(
    first,
    compactedBatch(
      0,
      10,
      Array.from({ length: 10 }, () => event),
    ),
  );
  writeFileSync(join(dirname(first), '00000000000000000020.log'), '');
  await broker.start();
  torn = SegmentBatch.find(broker.segment(scenario.name, TORN), 100);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

function events(partition: number, count: number) {
  return range(0, count).map((id) => ({ partition, value: scenario.encode({ id, ...FAR }) }));
}

/** The topic is a compacted one from here on, as far as its configuration says. */
async function compact(): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: broker.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: scenario.name, configEntries }],
  });
  await admin.disconnect();
}

test('ranges that begin, end or lie in a hole, and over several of them', async () => {
  const offsets = IN_HOLES.map(([text], i) => `${HOLES[i]}:${text}`).join(',');
  for (const warmUp of [[], ['--warm-up', '3']]) {
    const result = await replayedHere(run, '--id', `holes${warmUp.length}`, '--offsets', offsets, ...warmUp);
    assert.equal(result.complete, true);
    const verdicts = await verdictsOf(scenario, result);
    assert.deepEqual(
      HOLES.map((partition) => verdicts[partition] ?? []),
      IN_HOLES.map(([, expected]) => expected),
    );
  }
});

test('a batch that cannot be read: exit code 4 with its place once all else is done; behind the range it is none', async () => {
  torn.flipBit();
  const flags = ['--id', 'torn', '--offsets', `${TORN}:50-300,${SOUND}:0-100`];
  const { code, stderr } = await replayHere(run, ...flags, '--workers', '2');
  assert.equal(code, EXIT.unusable, stderr);
  assert.match(stderr, /partition 0, offset 100: the batch there cannot be read: .*checksum/);
  assert.match(stderr, /replay what comes after it under another --id, with --offsets 0:200-300\n$/);
  assert.doesNotMatch(stderr, /reset-offsets/);
  const topics = {
    output: `${run.anomalies}.replay.torn`,
    deadLetterTopic: `${run.deadLetters}.replay.torn`,
  };
  assert.deepEqual(await verdictsOf(scenario, topics), { [TORN]: range(50, 100), [SOUND]: range(0, 100) });
  const around = await replayedHere(run, '--id', 'before', '--offsets', `${TORN}:50-100`);
  assert.deepEqual([around.complete, around.read], [true, 50]);
  const behind = await replayedHere(run, '--id', 'behind', '--offsets', `${TORN}:200-300`);
  assert.deepEqual([behind.complete, behind.read], [true, 100]);
  torn.repair();
  const result = await replayedHere(run, ...flags);
  assert.equal(result.complete, true);
  assert.deepEqual(await verdictsOf(scenario, result), { [TORN]: range(50, 300), [SOUND]: range(0, 100) });
});

test('compaction left nothing before the end of the log: neither a plan, a replay nor a run that is to stop there hangs', async () => {
  await compact();
  const plan = await outriderHere([
    ...['replay', 'plan', '--config', run.file, '--json'],
    ...['--offsets', `${NO_TAIL}:12-20`],
  ]);
  assert.equal(plan.code, EXIT.done, plan.stderr);
  assert.match(plan.stdout, /"sampledEvents":0/);
  const result = await replayedHere(run, '--id', 'tail', '--offsets', `${NO_TAIL}:5-20`);
  assert.equal(result.complete, true);
  assert.deepEqual(await verdictsOf(scenario, result), { [NO_TAIL]: range(5, 10) });
  const { code, stderr } = await outriderHere([
    'run',
    '--config',
    run.file,
    '--workers',
    '1',
    '--stop-at-end',
    '--log-level',
    'warn',
  ]);
  assert.equal(code, EXIT.done, stderr);
  const committed = await scenario.admin.committed(run.group, scenario.name);
  assert.equal(committed.get(NO_TAIL)?.offset, 20);
});
