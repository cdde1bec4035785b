/** One partition's protocol, driven in memory: what is called in which order, and what follows from a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import {
  FencedError,
  MissingRemoteError,
  OutcomeUnknownError,
  type OutriderError,
} from '../../src/errors.js';
import type { OutgoingRecord, SourceBatch } from '../../src/model.js';
import { WorkerMetrics } from '../../src/observe/worker-metrics.js';
import type { Course } from '../../src/pipeline/course.js';
import { LiveCourse } from '../../src/pipeline/live-course.js';
import { PartitionTask } from '../../src/pipeline/partition-task.js';
import type { TaskContext } from '../../src/pipeline/task-context.js';
import type { Scorer } from '../../src/pipeline/scorer.js';
import type { CommitUnit, CommittedOffset } from '../../src/ports.js';
import { Producer } from '../../src/publish/producer.js';
import type { Publisher } from '../../src/publish/publisher.js';
import { until } from '../support/until.js';

const AT = { topic: 't', partition: 0 };
const { signal } = new AbortController();

/** The fleet's own course. */
const live = (world: World): Course =>
  new LiveCourse({
    group: 'g',
    startAt: 'earliest',
    onTruncated: 'error',
    offsets: {
      committed: () => {
        world.calls.push('read committed');
        // Out of date, as it may be: what counts is what the fence gives.
        return Promise.resolve(new Map([[0, { offset: 0, metadata: 'outrider partitions=1' }]]));
      },
      range: () => Promise.resolve(new Map([[0, { low: world.low, high: world.high }]])),
      atTime: () => Promise.resolve(new Map()),
    },
  });

/** A partition in memory: every event is an anomaly, a transaction shows its records when it commits. */
class World {
  readonly calls: string[] = [];
  readonly visible: string[] = [];
  committed = 0;
  low = 0;
  readonly high = 1000;
  fatal: OutriderError | null = null;
  nextFailure: Error | null = null;
  holdCommits: Promise<void> = Promise.resolve();
  private heartbeats: (() => void)[] = [];
  readonly task: PartitionTask;
  readonly metrics = new WorkerMetrics();

  constructor(maxRecords = 1, course: (world: World) => Course = live) {
    const transport = { send: () => Promise.reject(new Error('not in a transaction')) };
    const context: TaskContext = {
      group: 'g',
      course: course(this),
      pace: null,
      commit: { intervalMs: 1_000_000, maxRecords },
      source: {
        join: () => Promise.resolve(),
        leave: () => Promise.resolve(),
        start: (_at, offset) => void this.calls.push(`start ${offset}`),
        pause: () => void this.calls.push('pause'),
      },
      scorer: {
        score: (batch: SourceBatch, first: number) =>
          Promise.resolve({ batch, first, fields: { tombstones: 0 }, rejects: [] }),
        judge: { identity: { name: 'm', version: '1' }, features: ['f'] },
      } as unknown as Scorer,
      publisher: {
        output: ({ batch }: { batch: SourceBatch }) => ({
          records: Array.from(batch.records, ({ offset }): OutgoingRecord => ({
            topic: 'out',
            partition: 0,
            key: null,
            value: Buffer.from(offset),
            headers: [],
          })),
          anomalies: batch.records.length,
          alreadyThere: 0,
          takenBack: 0,
          deadLetters: new Map(),
        }),
      } as unknown as Publisher,
      producer: new Producer({ transport, batchBytesMax: () => 1_000_000 }),
      metrics: this.metrics,
      clock: () => 0,
      log: pino({ level: 'silent' }),
      pendingBytesMax: () => 8_388_608,
      nextHeartbeat: () => new Promise((resolve) => this.heartbeats.push(resolve)),
      onFatal: (error) => (this.fatal = error),
    };
    this.task = new PartitionTask(
      AT,
      { fence: () => this.fence(), begin: () => this.begin(), discard: () => Promise.resolve() },
      context,
    );
  }

  heartbeat(): void {
    for (const resolve of this.heartbeats.splice(0)) resolve();
  }

  get waitsForHeartbeat(): boolean {
    return this.heartbeats.length > 0;
  }

  private fence(): Promise<CommittedOffset | null> {
    this.calls.push('fence');
    return Promise.resolve({ offset: this.committed, metadata: 'outrider partitions=1' });
  }

  private begin(): Promise<CommitUnit> {
    const written: string[] = [];
    return Promise.resolve({
      send: (_topic, _partition, records) => {
        written.push(...records.map(({ value }) => String(value)));
        return Promise.resolve(0);
      },
      commit: async (nextOffset) => {
        await this.holdCommits;
        const failure = this.nextFailure;
        this.nextFailure = null;
        if (failure !== null) throw failure;
        this.calls.push(`commit ${nextOffset}`);
        this.visible.push(...written);
        this.committed = nextOffset;
      },
    } satisfies CommitUnit);
  }

  async running(): Promise<void> {
    await until('the task runs', 2000, () => this.task.status().state === 'running');
  }

  async deliver(from: number, to: number, fetchedOffset = from, within = signal): Promise<void> {
    const records = Array.from({ length: to - from }, (_, i) => ({
      offset: String(from + i),
      timestamp: '0',
      key: null,
      value: null,
    }));
    await this.task.handle(
      { ...AT, records, headersOf: () => [], fetchedOffset, nextOffset: to, highWatermark: this.high },
      within,
    );
  }

  async settled(offset: number): Promise<void> {
    await until(`offset ${offset} is committed`, 2000, () => this.committed === offset);
  }
}

test('a partition is fenced first, then its offset read, then sought and started', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  assert.deepEqual(world.calls, ['pause', 'fence', 'start 0']);
});

test('nothing is taken before the fence', async () => {
  const world = new World();
  world.task.assign();
  await world.deliver(0, 10);
  await world.running();
  assert.deepEqual(world.visible, []);
});

test('output and offset are committed together, in order', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  await world.deliver(0, 3);
  await world.deliver(3, 5);
  await world.task.drain();
  assert.equal(world.committed, 5);
  assert.deepEqual(world.visible, ['0', '1', '2', '3', '4']);
});

test('an unknown outcome drops what is in hand and leads to a new fence, never to a second commit', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  world.nextFailure = new OutcomeUnknownError('timed out');
  await world.deliver(0, 3);
  await until(
    'it is fenced again',
    2000,
    () =>
      world.calls.filter((call) => call === 'fence').length === 2 && world.task.status().state === 'running',
  );
  assert.deepEqual(world.visible, []);
  assert.equal(world.calls.at(-1), 'start 0');
  await world.deliver(0, 3);
  await world.settled(3);
  assert.deepEqual(world.visible, ['0', '1', '2']);
});

test('a commit that succeeded although it looked failed is not repeated', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  world.nextFailure = new OutcomeUnknownError('the answer was lost');
  world.committed = 3;
  world.visible.push('0', '1', '2');
  await world.deliver(0, 3);
  await until('it goes on behind the commit', 2000, () => world.calls.at(-1) === 'start 3');
  await world.deliver(3, 4);
  await world.settled(4);
  assert.deepEqual(world.visible, ['0', '1', '2', '3']);
});

test('events fetched before the fence, from further on, are refused: they would leave a gap', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  await world.deliver(500, 510);
  assert.equal(world.calls.at(-1), 'start 0');
  assert.equal(world.task.status().position, 0);
});

test('events that were taken already are taken once', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  await world.deliver(0, 5);
  await world.settled(5);
  await world.deliver(0, 5);
  await world.deliver(3, 8);
  await world.settled(8);
  assert.deepEqual(world.visible, ['0', '1', '2', '3', '4', '5', '6', '7']);
});

test('control records move the position and are committed; a gap is believed when it is seen twice', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  world.task.passed(0, 2);
  world.task.tick();
  assert.equal(world.task.status().position, 2);
  world.task.passed(7, 9);
  assert.equal(world.task.status().position, 2);
  world.task.passed(7, 9);
  assert.equal(world.task.status().position, 9);
  await world.task.drain();
  assert.equal(world.committed, 9);
});

test('whoever was fenced takes over again only when the group still knows it', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  world.nextFailure = new FencedError('another owner');
  await world.deliver(0, 3);
  await until('it waits', 2000, () => world.waitsForHeartbeat);
  assert.equal(world.calls.filter((call) => call === 'fence').length, 1);
  world.heartbeat();
  await world.running();
  assert.equal(world.calls.filter((call) => call === 'fence').length, 2);
});

test('a partition that is given up commits nothing more, even what was under way in memory', async () => {
  const world = new World(4);
  let release = (): void => undefined;
  world.task.assign();
  await world.running();
  world.holdCommits = new Promise((resolve) => (release = resolve));
  await world.deliver(0, 4);
  await world.deliver(4, 6);
  await world.task.release();
  release();
  await world.settled(4);
  world.task.tick();
  assert.deepEqual(world.visible, ['0', '1', '2', '3']);
});

test('while a commit is on its way, only so much more is taken', async () => {
  const world = new World(10);
  let release = (): void => undefined;
  world.task.assign();
  await world.running();
  world.holdCommits = new Promise((resolve) => (release = resolve));
  await world.deliver(0, 10);
  await world.deliver(10, 15);
  let isTaken = false;
  const second = world.deliver(15, 30).then(() => (isTaken = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isTaken, false);
  release();
  await second;
  await world.task.drain();
  assert.equal(world.committed, 30);
});

test('a batch that is broken off is not taken further, however long the commit before it takes', async () => {
  const world = new World(10);
  let release: () => void = () => undefined;
  world.holdCommits = new Promise((resolve) => (release = resolve));
  world.task.assign();
  await world.running();
  const breaking = new AbortController();
  const delivery = world.deliver(0, 1000, 0, breaking.signal);
  await until('it waits for room', 2000, () => world.task.status().position === 20);
  breaking.abort(new Error('rejoining'));
  await delivery;
  assert.equal(world.task.status().position, 20);
  release();
  await world.task.drain();
});

test('what cannot pass by itself ends the worker with the reason', async () => {
  const world = new World();
  world.low = 200;
  world.committed = 100;
  world.task.assign();
  await until('it is fatal', 2000, () => world.fatal !== null);
  assert.ok(world.fatal instanceof MissingRemoteError);
  assert.match(world.fatal.message, /committed offset 100/);
});

test('before a batch that cannot be read a partition commits what it has, waits, and asks again ever more slowly', async (t) => {
  const world = new World(1000);
  world.task.assign();
  await world.running();
  await world.deliver(0, 3);
  let nowMs = performance.now();
  t.mock.method(performance, 'now', () => nowMs);
  const flaw = { offset: 3, lastOffset: 9, reason: 'it is torn' };
  world.task.unreadable(flaw);
  assert.equal(world.calls.at(-1), 'pause');
  const { state, unreadable } = world.task.status();
  assert.equal(state, 'running');
  assert.match(
    unreadable ?? '',
    /^topic t, partition 0, offset 3: the batch there cannot be read: it is torn\./,
  );
  assert.match(
    unreadable ?? '',
    /group g past the batch: outrider offsets set --execute --partitions 0 --to-offset 10, which gives up offsets 3 to 9$/,
  );
  const starts = (): number => world.calls.filter((call) => call === 'start 3').length;
  const waits: number[] = [];
  for (let asked = 1; asked <= 7; asked++) {
    const from = nowMs;
    for (; starts() < asked; nowMs += 500) world.task.tick();
    waits.push(Math.floor((nowMs - from) / 1000));
    nowMs += 100_000;
    world.task.tick();
    assert.equal(starts(), asked, 'an answer is awaited');
    world.task.unreadable(flaw);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30]);
  await world.task.drain();
  assert.equal(world.committed, 3);
  assert.deepEqual(world.visible, ['0', '1', '2']);
});

test('a partition goes on by itself once the batch can be read', async () => {
  const world = new World();
  world.task.assign();
  await world.running();
  await world.deliver(0, 3);
  world.task.unreadable({ offset: 3, lastOffset: null, reason: 'torn' });
  assert.match(world.task.status().unreadable ?? '', /--partitions 0 --to-offset and an offset behind it$/);
  await until('it asks again', 5000, () => {
    world.task.tick();
    return world.calls.at(-1) === 'start 3';
  });
  assert.notEqual(world.task.status().unreadable, null);
  await world.deliver(3, 9);
  assert.equal(world.task.status().unreadable, null);
  await world.settled(9);
});

test('what was fetched before the fence says nothing of where the partition stands now', async () => {
  const world = new World();
  world.task.assign();
  world.task.unreadable({ offset: 0, lastOffset: null, reason: 'torn' });
  await world.running();
  world.task.unreadable({ offset: 5, lastOffset: null, reason: 'torn' });
  assert.equal(world.calls.at(-1), 'start 0');
  await world.deliver(0, 7);
  world.task.unreadable({ offset: 5, lastOffset: null, reason: 'torn' });
  assert.equal(world.task.status().unreadable, null);
});

test('taken over again at an older offset, a partition has not reached the unreadable batch until it has read up to it', async () => {
  const world = new World(5);
  let release = (): void => undefined;
  world.task.assign();
  await world.running();
  world.holdCommits = new Promise((resolve) => (release = resolve));
  await world.deliver(0, 5);
  const flaw = { offset: 5, lastOffset: 9, reason: 'torn' };
  const shown = async (): Promise<unknown> => {
    const text = await world.metrics.registry.metrics();
    return [world.task.status().unreadable !== null, /^outrider_partition_unreadable\{.*\} 1$/m.test(text)];
  };
  world.task.unreadable(flaw);
  assert.deepEqual(await shown(), [true, true]);
  world.nextFailure = new OutcomeUnknownError('what stands before it is not committed');
  release();
  await until('it is taken over again', 5000, () => world.task.status().position === 0);
  await world.running();
  assert.deepEqual(await shown(), [false, false]);
  await world.deliver(0, 3);
  assert.deepEqual(await shown(), [false, false]);
  await world.deliver(3, 5);
  world.task.unreadable(flaw);
  assert.deepEqual(await shown(), [true, true]);
  await world.task.drain();
  assert.equal(world.committed, 5);
});

/** Ends at an offset, as a replay's range does. */
const endingAt =
  (end: number) =>
  (world: World): Course => ({
    begin: (_at, own) =>
      Promise.resolve({
        offset: own?.offset ?? 0,
        isNew: false,
        logEnd: world.high,
        end,
        outputFrom: 0,
        past: () => '',
        metadata: () => '',
      }),
  });

test('at the end of its course a partition stays paused, whatever was fetched meanwhile from behind it', async () => {
  const world = new World(5, endingAt(8));
  world.task.assign();
  await world.running();
  await world.deliver(0, 20);
  assert.equal(world.calls.at(-2), 'commit 5');
  await world.settled(8);
  const { length } = world.calls;
  await world.deliver(20, 40);
  await world.deliver(8, 20);
  world.task.passed(20, 30);
  world.task.passed(20, 30);
  assert.deepEqual(world.calls.slice(length), [], 'nothing is asked for again');
  assert.deepEqual(world.visible, ['0', '1', '2', '3', '4', '5', '6', '7']);
});
