/** What is known of a replay stands in its group alone: it fits there, it is whole or refused, and nobody brings it back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { localKafka } from '../../src/kafka/local-config.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { UsageError } from '../../src/errors.js';
import { knownReplay } from '../../src/replay/known-replays.js';
import { NOTHING_DONE, checkFits, notedBounds } from '../../src/replay/replay-note.js';
import { startedReplay } from '../../src/replay/worker/started-replay.js';
import { outrider } from '../support/outrider.js';
import { type LiveRun, replayed } from '../support/replay-scenario.js';
import { Scenario, log } from '../support/scenario.js';

let scenario: Scenario;
let run: LiveRun;
before(async () => {
  scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, 400);
  run = await scenario.configure('torn');
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

const known = (id: string) => knownReplay(scenario.admin, run.group, scenario.name, id);
const groupOf = (id: string): string => `${run.group}.replay.${id}`;

async function clean(id: string): Promise<void> {
  const { code, stderr } = await outrider(['replay', 'clean', '--config', run.file, '--id', id]);
  assert.equal(code, 0, stderr);
}

test('a replay that has lost the offsets of a partition is refused: it would leave that one out and call itself done', async () => {
  await replayed(run, '--id', 'lost', '--from', 'earliest');
  const { admin } = scenario;
  const rest = groupOf('lost');
  // The group as it is where one partition's offset was deleted, or came back alone.
  const [own] = [...(await admin.committed(rest, scenario.name)).values()];
  await admin.deleteGroup(rest);
  const at = { topic: scenario.name, partition: 0 };
  const sink = new TransactionalSink({ kafka: localKafka(scenario.brokers), group: rest, input: at, log });
  await sink.fence();
  await (await sink.begin()).commit(own?.offset ?? 0, own?.metadata ?? '');
  await sink.discard();
  const { code, stderr } = await outrider([
    ...['replay', 'run', '--config', run.file, '--id', 'lost', '--from', 'earliest'],
  ]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /lost the offsets of 1 of its 2 partitions/);
  await clean('lost');
});

test('a suspended process of a replay that was cleaned cannot bring any of it back', async () => {
  await replayed(run, '--id', 'zombie', '--from', 'earliest');
  const at = { topic: scenario.name, partition: 0 };
  const kafka = localKafka(scenario.brokers);
  const zombie = new TransactionalSink({ kafka, group: groupOf('zombie'), input: at, log });
  const own = await zombie.fence();
  await clean('zombie');
  await assert.rejects(async () => (await zombie.begin()).commit(100, own?.metadata ?? ''), {
    code: 'fenced',
  });
  await zombie.discard();
  assert.equal(await known('zombie'), null);
});

test('a plan that shows only after a moment is waited for', async () => {
  await replayed(run, '--id', 'later', '--offsets', '0:0-10');
  let asked = 0;
  const late = {
    committed: async (group: string, topic: string) =>
      asked++ < 3 ? new Map([[0, null]]) : scenario.admin.committed(group, topic),
    memberCount: (group: string) => scenario.admin.memberCount(group),
  } as unknown as typeof scenario.admin;
  const { signal } = new AbortController();
  assert.equal((await startedReplay(late, run.group, scenario.name, 'later', signal))?.left, 0);
});

test('bounds of many partitions and a long entity fit beside an offset, or are refused', async () => {
  const spec = (await known('later'))?.spec;
  assert.ok(spec !== undefined);
  const note = { start: 0, from: 0, to: 1, done: NOTHING_DONE, spec: { ...spec, entity: 'é'.repeat(500) } };
  checkFits(note);
  const ranges = Array.from({ length: 300 }, (_, partition) => `${partition}:1000000-2000000`);
  const bounds = `offsets ${ranges.join(',')}`;
  assert.throws(() => checkFits({ ...note, spec: { ...spec, bounds } }), UsageError);
  checkFits({ ...note, spec: { ...spec, bounds: notedBounds(bounds) } });
  assert.notEqual(notedBounds(bounds), notedBounds(`${bounds}0`), 'others are told apart');
  const entity = '\u0001'.repeat(500);
  const output = 'o'.repeat(249);
  assert.throws(
    () => checkFits({ ...note, spec: { ...spec, entity, output, deadLetters: output, takenBack: output } }),
    UsageError,
  );
});
