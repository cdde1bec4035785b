/** A replay of a topic that is written in transactions: it ends wherever its range does, and sees what was committed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import kafkajs, { type Producer, type Transaction } from 'kafkajs';
import { EXIT } from '../../src/errors.js';
import { replayHere, replayedHere, verdictsOf } from '../support/replay-here.js';
import type { LiveRun } from '../support/replay-scenario.js';
import { Scenario } from '../support/scenario.js';

const FAR = { entity: 'e', a: 50, b: 50, c: 50 };
const [FINISHED, INTERLEAVED, OPEN, TOMBSTONES] = [0, 1, 2, 3] as const;

let scenario: Scenario;
let run: LiveRun;
const producers: Producer[] = [];
let open: Transaction;

before(async () => {
  scenario = await Scenario.create(4);
  await scenario.train();
  run = await scenario.configure('live');
  const [a, b] = [await producer('a'), await producer('b')];
  // 0 to 2 and their commit at 3, 4 to 6 and their abort at 7, 8 and 9 without a transaction.
  const committed = await a.transaction();
  await send(committed, FINISHED, 3);
  await committed.commit();
  const aborted = await a.transaction();
  await send(aborted, FINISHED, 3);
  await aborted.abort();
  await plain(FINISHED, 2);
  // a, b, a, b, the abort of a at 4 and the commit of b at 5.
  const [first, second] = [await a.transaction(), await b.transaction()];
  for (const transaction of [first, second, first, second]) await send(transaction, INTERLEAVED, 1);
  await first.abort();
  await second.commit();
  // 0 to 4, and 5 to 7 that nobody knows the outcome of.
  await plain(OPEN, 5);
  open = await a.transaction();
  await send(open, OPEN, 3);
  const event = scenario.encode({ id: 1, ...FAR });
  await scenario.write(
    [event, null, event, null, event, null].map((value) => ({ partition: TOMBSTONES, key: 'k', value })),
  );
});
after(async () => {
  await Promise.all(producers.map((each) => each.disconnect()));
  await scenario[Symbol.asyncDispose]();
});

async function producer(name: string): Promise<Producer> {
  const kafka = new kafkajs.Kafka({ brokers: scenario.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const made = kafka.producer({
    transactionalId: `${scenario.name}-${name}`,
    maxInFlightRequests: 1,
    idempotent: true,
    transactionTimeout: 300_000,
  });
  await made.connect();
  producers.push(made);
  return made;
}

async function send(transaction: Transaction, partition: number, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, id) => ({
    partition,
    value: scenario.encode({ id, ...FAR }),
  }));
  await transaction.send({ topic: scenario.name, messages });
}

async function plain(partition: number, count: number): Promise<void> {
  await scenario.write(
    Array.from({ length: count }, (_, id) => ({ partition, value: scenario.encode({ id, ...FAR }) })),
  );
}

test('everything: what was aborted gives no verdict, the end is the last stable offset, tombstones pass', async () => {
  const result = await replayedHere(run, '--id', 'all', '--from', 'earliest', '--workers', '2');
  assert.equal(result.complete, true);
  assert.deepEqual(await verdictsOf(scenario, result), {
    [FINISHED]: [0, 1, 2, 8, 9],
    [INTERLEAVED]: [1, 3],
    [OPEN]: [0, 1, 2, 3, 4],
    [TOMBSTONES]: [0, 2, 4],
  });
  assert.equal(result.deadLetters, 0);
  assert.deepEqual([result.read, result.scored], [18, 15]);
});

test('a range that begins or ends inside of a transaction, and one of tombstones', async () => {
  const result = await replayedHere(run, '--id', 'inside', '--offsets', '0:1-6,1:2-4,3:3-4');
  assert.equal(result.complete, true);
  assert.deepEqual(await verdictsOf(scenario, result), { [FINISHED]: [1, 2], [INTERLEAVED]: [3] });
  const other = await replayedHere(run, '--id', 'inside-2', '--offsets', '0:5-9,1:1-2', '--warm-up', '4');
  assert.equal(other.complete, true);
  assert.deepEqual(await verdictsOf(scenario, other), { [FINISHED]: [8], [INTERLEAVED]: [1] });
});

test('a range of control records alone', async () => {
  const result = await replayedHere(run, '--id', 'control', '--offsets', '0:3-4,1:4-6');
  assert.equal(result.complete, true);
  assert.deepEqual([result.read, result.anomalies], [0, 0]);
});

test('an open transaction: no bound lies behind its beginning; once it is over its part can be replayed', async () => {
  const flags = ['--id', 'open', '--offsets', `${OPEN}:2-8`];
  const refused = await replayHere(run, ...flags);
  assert.equal(refused.code, EXIT.usage, refused.stderr);
  assert.match(
    refused.stderr,
    /partition 2: offset 8 is past what can be read, which ends at 5 \(a transaction that is still open/,
  );
  const clipped = await replayedHere(run, '--id', 'clipped', ...flags.slice(2), '--clip');
  assert.equal(clipped.complete, true);
  assert.deepEqual(await verdictsOf(scenario, clipped), { [OPEN]: [2, 3, 4] });
  await open.abort();
  // 8 is the abort.
  const committed = await (await producer('c')).transaction();
  await send(committed, OPEN, 2);
  await committed.commit();
  const after = await replayedHere(run, ...flags);
  assert.deepEqual(await verdictsOf(scenario, after), { [OPEN]: [2, 3, 4] });
  const more = await replayedHere(run, '--id', 'more', '--from', '2', '--partitions', String(OPEN));
  assert.deepEqual(await verdictsOf(scenario, more), { [OPEN]: [2, 3, 4, 9, 10] });
});

test('a range of nothing: nothing is run, and nothing is left behind', async () => {
  const result = await replayedHere(run, '--id', 'empty', '--offsets', '0:5-5,1:2-2', '--warm-up', '2');
  assert.deepEqual([result.complete, result.read], [true, 0]);
  assert.ok(!(await scenario.admin.groups()).includes(`${run.group}.replay.empty`));
  assert.equal((await scenario.admin.partitionCounts([`${run.anomalies}.replay.empty`])).size, 0);
});
