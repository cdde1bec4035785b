/** When a worker counts as stalled, with the clock and the brokers' answers in the test's hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, StalledError } from '../../src/errors.js';
import { StallWatch, type WorkerSight } from '../../src/fleet/stall-watch.js';
import type { TaskStatus } from '../../src/pipeline/task-context.js';

const STALL_TIMEOUT_MS = 60_000;
const JOIN_TIMEOUT_MS = 80_000;
const LOOK_MS = 5000;

const at = (
  position: number | null,
  committed: number | null,
  change: Partial<TaskStatus> = {},
): TaskStatus => ({
  partition: 0,
  state: 'running',
  position,
  committed,
  lag: 0,
  end: null,
  idleMs: 0,
  unreadable: null,
  ...change,
});

/** A worker that is looked at every five seconds. */
class World {
  nowMs = 0;
  sight: WorkerSight = { waiting: false, inGroup: true, heartbeats: 0, partitions: [at(10, 10)] };
  /** Of every partition whose leader answers; null when no broker does. */
  end: number | null = 10;
  /** Partitions whose leader does not answer. */
  silent: readonly number[] = [];
  asked = 0;
  /** The group accepts a heartbeat between two looks. */
  beats = true;
  readonly watch = new StallWatch({
    topic: 't',
    group: 'g',
    stallTimeoutMs: STALL_TIMEOUT_MS,
    takeOverTimeoutMs: STALL_TIMEOUT_MS,
    joinTimeoutMs: JOIN_TIMEOUT_MS,
    commitIntervalMs: 200,
    countedMaxMs: 15_000,
    now: () => this.nowMs,
    sight: () => this.sight,
    ends: () => {
      this.asked++;
      const { end } = this;
      if (end === null) return Promise.resolve(null);
      const answered = this.sight.partitions.filter(({ partition }) => !this.silent.includes(partition));
      return Promise.resolve(new Map(answered.map(({ partition }) => [partition, end])));
    },
  });

  see(change: Partial<WorkerSight>): void {
    this.sight = { ...this.sight, ...change };
  }

  /** @returns the stall, and after how long */
  async until(
    limitMs: number,
    each: () => void = () => undefined,
  ): Promise<{ stall: StalledError; afterMs: number } | null> {
    const startMs = this.nowMs;
    while (this.nowMs - startMs < limitMs) {
      this.nowMs += LOOK_MS;
      if (this.beats) this.see({ heartbeats: this.sight.heartbeats + 1 });
      each();
      const stall = await this.watch.look();
      if (stall !== null) return { stall, afterMs: this.nowMs - startMs };
    }
    return null;
  }
}

const HOUR_MS = 3_600_000;

test('a partition that is caught up is no stall, however long', async () => {
  assert.equal(await new World().until(HOUR_MS), null);
});

test('a lag that only the broker knows of, and nothing moves: a stall that says where and how long', async () => {
  const world = new World();
  await world.until(LOOK_MS);
  world.end = 30;
  const { stall, afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.equal(stall.reason, 'not-moving');
  assert.equal(stall.exitCode, EXIT.bug);
  assert.ok(stall.retriable);
  assert.match(
    stall.message,
    /topic t, partition 0: it has a lag of 20 and has not moved for 60 s \(running, position 10/,
  );
  assert.ok(afterMs <= STALL_TIMEOUT_MS + LOOK_MS, `${afterMs} ms`);
});

test('whoever moves and commits is not even asked about', async () => {
  const world = new World();
  world.end = 1_000_000;
  let offset = 10;
  await world.until(LOOK_MS);
  const before = world.asked;
  assert.equal(
    await world.until(HOUR_MS, () => world.see({ partitions: [at((offset += 5), offset)] })),
    null,
  );
  assert.equal(world.asked, before);
});

test('a position that moves while nothing is committed is a stall', async () => {
  const world = new World();
  world.end = 1_000_000;
  let offset = 10;
  const { stall } =
    (await world.until(HOUR_MS, () => world.see({ partitions: [at((offset += 5), 10)] }))) ??
    assert.fail('no stall');
  assert.match(stall.message, /nothing was committed for 65 s/);
});

test('a partition before a batch that cannot be read is no stall, but what it read has to be committed', async () => {
  const world = new World();
  world.end = 1000;
  const unreadable = 'topic t, partition 0, offset 10: the batch there cannot be read';
  world.see({ partitions: [at(10, 10, { unreadable })] });
  assert.equal(await world.until(HOUR_MS), null);
  world.see({ partitions: [at(10, 8, { unreadable })] });
  assert.match((await world.until(HOUR_MS))?.stall.message ?? '', /nothing was committed/);
});

test('a take-over that does not end is a stall, also of an empty partition', async () => {
  const world = new World();
  world.see({ partitions: [at(null, null, { state: 'fencing' })] });
  const { stall } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.match(stall.message, /partition 0: taking it over has not come to an end for 60 s \(fencing/);
});

test('while no broker answers there is no stall, only a reason; the time does not count afterwards', async () => {
  const world = new World();
  world.see({ partitions: [at(10, 10, { state: 'fencing' })] });
  world.end = null;
  assert.equal(await world.until(HOUR_MS), null);
  assert.match(world.watch.waiting ?? '', /no broker has answered for \d+ s/);
  world.end = 30;
  const { afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.ok(afterMs >= STALL_TIMEOUT_MS, `${afterMs} ms`);
  assert.equal(world.watch.waiting, null);
});

test('a leader that does not answer hides only its own partition', async () => {
  const world = new World();
  world.see({ partitions: [at(10, 10), at(10, 10, { partition: 1 })] });
  world.silent = [0];
  assert.equal(await world.until(HOUR_MS), null);
  assert.equal(world.watch.waiting, 'topic t, partition 0: no answer from the leader for 3595 s');
  world.end = 30;
  const { stall, afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.match(stall.message, /topic t, partition 1: it has a lag of 20/);
  assert.ok(afterMs <= STALL_TIMEOUT_MS + LOOK_MS, `${afterMs} ms`);
});

test('what a leader did not say does not count once it answers; what moves needs no answer', async () => {
  const world = new World();
  world.see({
    partitions: [0, 1].map((partition) => at(null, null, { partition, state: 'fencing' })),
  });
  world.silent = [0, 1];
  assert.equal(await world.until(HOUR_MS), null);
  assert.equal(world.watch.waiting, 'topic t, partitions 0, 1: no answer from their leaders for 3595 s');
  world.see({ partitions: [0, 1].map((partition) => at(10, 10, { partition })) });
  await world.until(LOOK_MS);
  assert.equal(world.watch.waiting, null);
  world.silent = [];
  world.end = 30;
  const { afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.ok(afterMs >= STALL_TIMEOUT_MS, `${afterMs} ms`);
});

test('a member that is not in the group is a stall also where no leader of the topic answers', async () => {
  const world = new World();
  world.silent = [0];
  world.beats = false;
  world.see({ inGroup: false });
  const { stall } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.match(stall.message, /group g: not joined for 80 s/);
});

test('an outage of all brokers does not count to the join either', async () => {
  const world = new World();
  await world.until(LOOK_MS);
  world.end = null;
  world.beats = false;
  world.see({ inGroup: false });
  assert.equal(await world.until(HOUR_MS), null);
  world.end = 10;
  const { stall, afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.equal(stall.reason, 'not-joined');
  assert.ok(afterMs >= JOIN_TIMEOUT_MS, `${afterMs} ms`);
});

test('while something waits for the schema registry no partition that runs is a stall', async () => {
  const world = new World();
  world.end = 30;
  world.see({ waiting: true, partitions: [at(10, 10), at(20, 10, { partition: 1 })] });
  assert.equal(await world.until(HOUR_MS), null);
  world.see({ waiting: false });
  const { afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.ok(afterMs >= STALL_TIMEOUT_MS, `${afterMs} ms`);
});

test('taking over and joining do not wait for the schema registry', async () => {
  const fencing = new World();
  fencing.see({ waiting: true, partitions: [at(10, 10), at(10, 10, { partition: 1, state: 'fencing' })] });
  assert.match(
    (await fencing.until(HOUR_MS))?.stall.message ?? '',
    /partition 1: taking it over has not come to an end for 60 s/,
  );
  const lost = new World();
  lost.see({ waiting: true });
  lost.beats = false;
  assert.equal((await lost.until(HOUR_MS))?.stall.reason, 'not-joined');
});

test('a rebalance counts to the join and not to the partitions; without an end it is a stall', async () => {
  const world = new World();
  world.end = 30;
  world.beats = false;
  world.see({ inGroup: false });
  const { stall, afterMs } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.equal(stall.reason, 'not-joined');
  assert.match(stall.message, /group g: not joined for 80 s/);
  assert.ok(afterMs >= JOIN_TIMEOUT_MS, `${afterMs} ms`);
});

test('a member whose heartbeats stop without a word is a stall, also without partitions', async () => {
  const world = new World();
  world.see({ partitions: [] });
  await world.until(30_000);
  world.beats = false;
  const { stall } = (await world.until(HOUR_MS)) ?? assert.fail('no stall');
  assert.match(stall.message, /group g: no heartbeat was accepted, nor a join, for 80 s/);
});

test('a process that was stopped for long and woken does not count that time', async () => {
  const world = new World();
  world.end = 30;
  await world.until(2 * LOOK_MS);
  world.nowMs += HOUR_MS;
  assert.equal(await world.until(LOOK_MS), null);
});
