/** What comes of moving offsets while somebody else has them, or the answer is lost: against the real broker. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AnswerNoError, FencedError, OutcomeUnknownError, UsageError } from '../../src/errors.js';
import { createClient } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { StoppedGroup } from '../../src/kafka/stopped-group.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import {
  type MoveRequest,
  type OffsetStore,
  moveOffsets,
  planMoves,
} from '../../src/offsets/move-offsets.js';
import type { CommitUnit } from '../../src/ports.js';
import { Scenario, log } from '../support/scenario.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;
const METADATA = 'outrider partitions=2';

let scenario: Scenario;
let groups = 0;

before(async () => {
  scenario = await Scenario.create(2);
  await scenario.produce(0, 200);
});

after(async () => {
  await scenario[Symbol.asyncDispose]();
});

const newGroup = (): string => `${scenario.name}.${++groups}`;
const request = (group: string, change: Partial<MoveRequest> = {}): MoveRequest => ({
  group,
  topic: scenario.name,
  partitions: null,
  target: { offset: 10 },
  ...change,
});
const storeOf = (group: string): StoppedGroup =>
  new StoppedGroup(localKafka(scenario.brokers), group, scenario.name, log);
const committed = async (group: string): Promise<(number | null)[]> =>
  [...(await scenario.admin.committed(group, scenario.name))]
    .sort(([a], [b]) => a - b)
    .map(([, found]) => found?.offset ?? null);
const moved = (change: MoveRequest): ReturnType<typeof moveOffsets> =>
  moveOffsets(change, scenario.admin, storeOf(change.group));

function worker(group: string, partition: number): TransactionalSink {
  const input = { topic: scenario.name, partition };
  return new TransactionalSink({ kafka: localKafka(scenario.brokers), group, input, log });
}

/** A store in which something happens before or after the commit. */
function around(
  store: OffsetStore,
  { before: earlier, after: later }: { before?: () => Promise<unknown>; after?: () => Promise<unknown> },
): OffsetStore {
  return {
    settled: (partitions) => store.settled(partitions),
    commit: async (offsets) => {
      await earlier?.();
      await store.commit(offsets);
      await later?.();
    },
  };
}

test('a group that is not there yet is made, with what a fleet needs to know beside its offsets', async () => {
  const group = newGroup();
  const { moves, overtaken } = await moved(request(group, { target: 'earliest' }));
  assert.deepEqual(overtaken, []);
  assert.deepEqual(
    moves.map(({ now, next }) => [now, next]),
    [
      [null, 0],
      [null, 0],
    ],
  );
  for (const found of (await scenario.admin.committed(group, scenario.name)).values())
    assert.deepEqual(found, { offset: 0, metadata: METADATA });
  // Of some partitions only: the others are left, and the text still counts all of them.
  const other = newGroup();
  await moved(request(other, { partitions: [1] }));
  const found = await scenario.admin.committed(other, scenario.name);
  assert.deepEqual([found.get(0), found.get(1)], [null, { offset: 10, metadata: METADATA }]);
});

test("a partition's text stays as it is", async () => {
  const group = newGroup();
  const own = 'something of its own';
  const store = storeOf(group);
  await store.commit(new Map([[0, { offset: 50, metadata: own }]]));
  await store.commit(new Map([[1, { offset: 50, metadata: '' }]]));
  await moved(request(group, { target: { shiftBy: -20 } }));
  const found = await scenario.admin.committed(group, scenario.name);
  assert.deepEqual(
    [found.get(0), found.get(1)],
    [
      { offset: 30, metadata: own },
      { offset: 30, metadata: METADATA },
    ],
  );
});

test('a partition that the topic does not have is refused', async () => {
  const wrong = request(newGroup(), { partitions: [0, 2] });
  await assert.rejects(planMoves(wrong, scenario.admin), UsageError);
  await assert.rejects(moved(wrong), UsageError);
});

test('a member that joins before the commit keeps all offsets as they are', async () => {
  const group = newGroup();
  await moved(request(group, { target: { offset: 40 } }));
  const consumer = createClient(localKafka(scenario.brokers), 'consumer', log).consumer({ groupId: group });
  const join = async (): Promise<void> => {
    await consumer.connect();
    await consumer.subscribe({ topics: [scenario.name] });
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    await until('it is in the group', LIMIT_MS, async () => (await scenario.admin.memberCount(group)) === 1);
  };
  try {
    await assert.rejects(
      moveOffsets(request(group), scenario.admin, around(storeOf(group), { before: join })),
      (error: unknown) => error instanceof AnswerNoError && error.message.includes('nothing was changed'),
    );
    assert.deepEqual(await committed(group), [40, 40]);
  } finally {
    await consumer.disconnect();
  }
});

test('a worker outside the group that read the old offset cannot go on from there once the new one is set', async () => {
  const group = newGroup();
  await moved(request(group, { target: { offset: 40 } }));
  const zombie = worker(group, 1);
  let unit: CommitUnit | null = null;
  const takeOver = async (): Promise<void> => {
    assert.equal((await zombie.fence())?.offset, 40);
    unit = await zombie.begin();
  };
  const { overtaken } = await moveOffsets(
    request(group),
    scenario.admin,
    around(storeOf(group), { before: takeOver }),
  );
  assert.deepEqual(overtaken, []);
  await assert.rejects((unit as unknown as CommitUnit).commit(41, METADATA), FencedError);
  await zombie.discard();
  assert.deepEqual(await committed(group), [10, 10]);
  // What it has to do next, and finds.
  assert.equal((await zombie.fence())?.offset, 10);
  await zombie.discard();
});

test('a worker outside the group that does commit in between is told of', async () => {
  const group = newGroup();
  await moved(request(group, { target: { offset: 40 } }));
  const zombie = worker(group, 1);
  let unit: CommitUnit | null = null;
  const result = await moveOffsets(
    request(group),
    scenario.admin,
    around(storeOf(group), {
      before: async () => {
        await zombie.fence();
        unit = await zombie.begin();
      },
      after: () => (unit as unknown as CommitUnit).commit(41, METADATA),
    }),
  );
  assert.deepEqual(result.overtaken, [{ partition: 1, committed: 41 }]);
  assert.deepEqual(await committed(group), [10, 41]);
  await zombie.discard();
});

test('what is relative counts from the offset behind the fence, and a difference to the one before is said', async () => {
  const group = newGroup();
  await moved(request(group, { target: { offset: 40 } }));
  const store = storeOf(group);
  const zombie = worker(group, 0);
  await zombie.fence();
  // Its commit comes through between the first look and the fence.
  let isFirst = true;
  const late: OffsetStore = {
    settled: async (partitions) => {
      if (isFirst) await (await zombie.begin()).commit(60, METADATA);
      isFirst = false;
      return store.settled(partitions);
    },
    commit: (offsets) => store.commit(offsets),
  };
  const { moves } = await moveOffsets(request(group, { target: { shiftBy: -5 } }), scenario.admin, late);
  assert.deepEqual(await committed(group), [55, 35]);
  assert.match(moves[0]?.notes.join() ?? '', /stood at 40 until/);
  assert.deepEqual(moves[1]?.notes, []);
  await zombie.discard();
});

test('a commit whose answer is lost is looked up', async () => {
  const group = newGroup();
  const lost = (): Promise<never> => Promise.reject(new OutcomeUnknownError('the connection was lost'));
  const arrived = await moveOffsets(request(group), scenario.admin, around(storeOf(group), { after: lost }));
  assert.deepEqual(arrived.overtaken, []);
  assert.deepEqual(await committed(group), [10, 10]);
  await assert.rejects(
    moveOffsets(
      request(group, { target: { offset: 20 } }),
      scenario.admin,
      around(storeOf(group), { before: lost }),
    ),
    (error: unknown) =>
      error instanceof OutcomeUnknownError && error.message.includes('outrider offsets show'),
  );
  assert.deepEqual(await committed(group), [10, 10]);
});
