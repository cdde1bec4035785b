/** What becomes of a replay whose topic changes under it: events deleted, the topic deleted, partitions added. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { EXIT } from '../../src/errors.js';
import { deleteBefore } from '../support/delete-before.js';
import { outriderHere } from '../support/in-process.js';
import { replayHere, replayedHere, verdictsOf } from '../support/replay-here.js';
import type { LiveRun } from '../support/replay-scenario.js';
import { Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;
const PARTITIONS = 2;
const EVENTS = 800;
/** Wide: one fetch holds far from all of them. */
const FAR = { entity: 'wide'.repeat(600), a: 50, b: 50, c: 50 };
/** Of both partitions together: slow enough to be caught in the middle. */
const SLOW = ['--max-rate', '100'];

let scenario: Scenario;
let run: LiveRun;

before(async () => {
  scenario = await Scenario.create(PARTITIONS);
  await scenario.train();
  run = await scenario.configure('live', {
    kafka: { brokers: scenario.brokers, metadataMaxAgeMs: 500 },
  });
  await write(scenario, [0, 1], EVENTS);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

/** In batches of 50, so that a fetch brings few. */
async function write(into: Scenario, partitions: readonly number[], count: number): Promise<void> {
  for (let first = 0; first < count; first += 50)
    await into.write(
      partitions.flatMap((partition) =>
        range(first, Math.min(first + 50, count)).map((id) => ({
          partition,
          value: into.encode({ id, ...FAR }),
        })),
      ),
    );
}

/** By partition, what a replay has committed. */
async function committedOf(of: Scenario, live: LiveRun, id: string): Promise<readonly number[]> {
  const committed = await of.admin.committed(`${live.group}.replay.${id}`, of.name);
  return [...Array(PARTITIONS).keys()].map((partition) => committed.get(partition)?.offset ?? 0);
}

async function whenUnderWay(of: Scenario, live: LiveRun, id: string): Promise<void> {
  await until('both partitions are under way', LIMIT_MS, async () =>
    (await committedOf(of, live, id)).every((offset) => offset > 0),
  );
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('retention overtakes a replay: it stops, names the offsets that are gone, and goes on after them with --clip', async () => {
  const flags = ['--id', 'cut', '--from', 'earliest'];
  const running = replayHere(run, ...flags, ...SLOW);
  await whenUnderWay(scenario, run, 'cut');
  await deleteBefore(scenario, 1, EVENTS - 100);
  const stopped = await running;
  assert.equal(stopped.code, EXIT.answerNo, stopped.stderr);
  const [, committed = 0] = await committedOf(scenario, run, 'cut');
  assert.ok(committed < EVENTS - 100);
  const gone = `partition 1: offsets ${committed} to ${EVENTS - 101} are gone, the log starts at ${EVENTS - 100}`;
  assert.ok(stopped.stderr.includes(gone), `${gone}: ${stopped.stderr}`);
  assert.match(stopped.stderr, /--clip goes on after them\n$/);

  const again = await replayHere(run, ...flags);
  assert.equal(again.code, EXIT.answerNo, again.stderr);
  assert.ok(again.stderr.includes(gone), again.stderr);
  const result = await replayedHere(run, ...flags, '--clip');
  assert.equal(result.complete, true);
  assert.equal(result.gone, EVENTS - 100 - committed);
  assert.deepEqual(await verdictsOf(scenario, result), {
    0: range(0, EVENTS),
    1: [...range(0, committed), ...range(EVENTS - 100, EVENTS)],
  });
});

test('partitions that are added while a replay runs, and before it goes on, are none of its business', async () => {
  const own = await Scenario.create(PARTITIONS);
  const kafka = new kafkajs.Kafka({ brokers: own.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const grow = async (count: number): Promise<void> => {
    await admin.createPartitions({ topicPartitions: [{ topic: own.name, count }] });
    await until(
      `${count} partitions`,
      LIMIT_MS,
      async () => (await own.admin.partitionCount(own.name)) === count,
    );
    await until('they can be written to', LIMIT_MS, () =>
      write(own, [count - 1], 50).then(
        () => true,
        () => false,
      ),
    );
  };
  try {
    await own.train();
    await write(own, [0, 1], 300);
    const live = await own.configure('live', { kafka: { brokers: own.brokers, metadataMaxAgeMs: 500 } });
    const flags = ['--id', 'grown', '--from', 'earliest', '--workers', '2'];
    const running = replayHere(live, ...flags, ...SLOW);
    await whenUnderWay(own, live, 'grown');
    await grow(3);
    const first = await running;
    assert.equal(first.code, EXIT.done, first.stderr);
    await grow(4);
    const result = await replayedHere(live, ...flags);
    assert.equal(result.complete, true);
    assert.deepEqual(await verdictsOf(own, result), { 0: range(0, 300), 1: range(0, 300) });
    const more = await replayedHere(live, '--id', 'all', '--from', 'earliest');
    assert.equal(more.read, 700);
  } finally {
    await admin.disconnect();
    await own[Symbol.asyncDispose]();
  }
});

test('the topic is deleted: the replay stops and says what is lost with it; a new topic of that name is no continuation', async () => {
  const flags = ['--id', 'gone', '--from', '700'];
  const running = replayHere(run, ...flags, '--max-rate', '20');
  await until('it is under way', LIMIT_MS, async () =>
    (await committedOf(scenario, run, 'gone')).every((offset) => offset > 700),
  );
  await scenario.admin.deleteTopics([scenario.name]);
  const { code, stderr } = await running;
  assert.equal(code, EXIT.answerNo, stderr);
  assert.match(
    stderr,
    /topic test-\w+ was deleted: offsets 7\d\d to 799 of partition 0, offsets 7\d\d to 799 of partition 1 are gone; what was replayed before stands\n$/,
  );
  const missing = await replayHere(run, ...flags);
  assert.equal(missing.code, EXIT.unreachable, missing.stderr);
  assert.match(missing.stderr, /there is no such topic/);
  await scenario.admin.createTopics([{ topic: scenario.name, partitions: PARTITIONS }]);
  await write(scenario, [0, 1], EVENTS);
  const other = await replayHere(run, ...flags);
  assert.equal(other.code, EXIT.answerNo, other.stderr);
  assert.match(other.stderr, /outrider replay clean --id gone\n$/);
  const cleaned = await outriderHere(['replay', 'clean', '--config', run.file, '--id', 'gone']);
  assert.equal(cleaned.code, EXIT.done, cleaned.stderr);
  const result = await replayedHere(run, '--id', 'gone', '--from', '790');
  assert.deepEqual([result.complete, result.read], [true, 20]);
});
