/** `outrider offsets`, against the real broker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FencedError } from '../../src/errors.js';
import { createClient } from '../../src/kafka/client.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { outriderHere } from '../support/in-process.js';
import { Outrider, outrider } from '../support/outrider.js';
import { Scenario, log } from '../support/scenario.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;

interface Shown {
  readonly group: string;
  readonly topic: string;
  readonly state: string | null;
  readonly lag: number | null;
  readonly members: readonly {
    readonly clientId: string;
    readonly host: string;
    readonly partitions: readonly number[];
  }[];
  readonly partitions: readonly {
    readonly partition: number;
    readonly committed: number | null;
    readonly start: number;
    readonly end: number;
    readonly highWatermark: number;
    readonly lag: number | null;
    readonly notes: readonly string[];
  }[];
}

interface Moved {
  readonly executed: boolean;
  readonly members: number;
  readonly partitions: readonly {
    readonly partition: number;
    readonly now: number | null;
    readonly new: number | null;
    readonly change: number | null;
    readonly notes: readonly string[];
  }[];
  readonly overtaken: readonly unknown[];
}

async function show(file: string, ...flags: string[]): Promise<Shown> {
  const { code, stdout, stderr } = await outriderHere([
    'offsets',
    'show',
    '--config',
    file,
    '--json',
    ...flags,
  ]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Shown;
}

async function set(file: string, ...flags: string[]): Promise<Moved> {
  const { code, stdout, stderr } = await outriderHere([
    'offsets',
    'set',
    '--config',
    file,
    '--json',
    ...flags,
  ]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Moved;
}

async function runToEnd(file: string): Promise<void> {
  const { code, stderr } = await outrider(['run', '--config', file, '--workers', '1', '--stop-at-end']);
  assert.equal(code, 0, stderr);
}

const committed = async (scenario: Scenario, group: string): Promise<(number | null)[]> =>
  [...(await scenario.admin.committed(group, scenario.name))]
    .sort(([a], [b]) => a - b)
    .map(([, found]) => found?.offset ?? null);

/** Deletes what stands before an offset, as retention does. */
async function truncate(scenario: Scenario, partition: number, offset: number): Promise<void> {
  const admin = createClient(localKafka(scenario.brokers), 'admin', log).admin();
  await admin.connect();
  try {
    // kafkajs knows the leaders only of topics that it was asked about.
    await admin.fetchTopicOffsets(scenario.name);
    await admin.deleteTopicRecords({
      topic: scenario.name,
      partitions: [{ partition, offset: String(offset) }],
    });
  } finally {
    await admin.disconnect();
  }
}

test('show says where a group stands, and what is odd about it; set says where it would go, and does it when told', async () => {
  await using scenario = await Scenario.create(4);
  await scenario.produce(0, 400);
  const file = scenario.reconfigure('looked-at', {});
  const group = `${scenario.name}.looked-at`;

  const before = await show(file);
  assert.deepEqual(
    [before.group, before.topic, before.state, before.lag, before.members],
    [group, scenario.name, null, null, []],
  );
  assert.deepEqual(before.partitions[3], {
    partition: 3,
    committed: null,
    start: 0,
    end: 100,
    highWatermark: 100,
    lag: null,
    notes: ['no offset yet'],
  });
  const unknown = await outriderHere(['offsets', 'show', '--config', file]);
  assert.equal(unknown.code, 0);
  assert.match(unknown.stdout, /there is no such group\npartition/);

  const dry = await set(file, '--to-offset', '60');
  assert.equal(dry.executed, false);
  assert.deepEqual(dry.partitions[0], {
    partition: 0,
    now: null,
    new: 60,
    change: null,
    notes: ['had no offset'],
  });
  assert.deepEqual(await committed(scenario, group), [null, null, null, null], 'a dry run changes nothing');

  const done = await set(file, '--to-offset', '60', '--partitions', '0-2', '--execute');
  assert.equal(done.executed, true);
  assert.deepEqual(done.overtaken, []);
  assert.deepEqual(await committed(scenario, group), [60, 60, 60, null]);

  // Retention passes partition 1; a transaction on partition 2 is open, with events behind it.
  await truncate(scenario, 1, 70);
  const input = { topic: scenario.name, partition: 2 };
  const writer = new TransactionalSink({
    kafka: localKafka(scenario.brokers),
    group: `${group}.writer`,
    input,
    log,
  });
  await writer.fence();
  const open = await writer.begin();
  const value = scenario.encode({ id: 1, entity: 'e', a: 1, b: 1, c: 1 });
  await open.send(scenario.name, 2, [{ ...input, key: null, value, headers: [] }]);
  await scenario.write([{ partition: 2, value }]);

  const odd = await show(file);
  assert.equal(odd.state, 'Empty');
  assert.equal(odd.lag, 40 + 40 + 40);
  assert.deepEqual(
    odd.partitions.map(({ notes }) => notes),
    [
      [],
      ['the committed offset is no longer in the log: offsets 60 to 69 are gone'],
      ['an open transaction holds the end: offsets 100 to 101 wait for it'],
      ['no offset yet'],
    ],
  );
  assert.deepEqual(odd.partitions[2], { ...odd.partitions[2], end: 100, highWatermark: 102, lag: 40 });

  const back = await set(file, '--shift-by', '-10');
  assert.deepEqual(
    back.partitions.map(({ now, new: next, change }) => [now, next, change]),
    [
      [60, 50, -10],
      [60, 70, 10],
      [60, 50, -10],
      [null, null, null],
    ],
  );
  assert.deepEqual(back.partitions[1]?.notes, ['50 is not in the log, which starts at 70']);
  assert.match(back.partitions[3]?.notes.join() ?? '', /left as it is/);
  const table = await outriderHere(['offsets', 'set', '--config', file, '--shift-by', '-10']);
  assert.match(table.stdout, /^ {8}0 {4}60 {4}50 {5}-10$/m);
  assert.match(table.stdout, /20 offsets would be read again/);
  assert.match(table.stdout, /nothing was changed; to do it, call this again with --execute\n$/);
  await set(file, '--shift-by', '-10', '--execute');
  assert.deepEqual(await committed(scenario, group), [50, 70, 50, null]);

  const latest = await set(file, '--to-latest', '--execute');
  assert.deepEqual(
    latest.partitions.map((moved) => moved.new),
    [100, 100, 100, 100],
  );
  assert.deepEqual(
    (await set(file, '--to-earliest')).partitions.map((moved) => moved.new),
    [0, 70, 0, 0],
  );
  assert.deepEqual(
    (await set(file, '--to-current')).partitions.map((moved) => moved.change),
    [0, 0, 0, 0],
  );
  // Everything was written a moment ago.
  assert.deepEqual(
    (await set(file, '--by-duration', 'PT1H')).partitions.map((moved) => moved.new),
    [0, 70, 0, 0],
  );
  assert.deepEqual(
    (await set(file, '--by-duration', '2d')).partitions.map((moved) => moved.new),
    [0, 70, 0, 0],
  );
  const future = await set(file, '--to-datetime', '2999-01-01T00:00:00.000');
  assert.deepEqual(
    future.partitions.map((moved) => moved.new),
    [100, 100, 100, 100],
  );
  assert.match(future.partitions[0]?.notes.join() ?? '', /no event at or after/);
  await writer.discard();
});

test('a time is the first event from it on', async () => {
  await using scenario = await Scenario.create(1);
  await scenario.produce(0, 50);
  const writtenMs = Date.now();
  await until('the clock moves on', LIMIT_MS, () => Date.now() > writtenMs + 10);
  await scenario.produce(50, 80);
  const file = scenario.reconfigure('timed', {});
  const time = new Date(writtenMs + 5).toISOString();
  for (const text of [time, time.replace('Z', '')])
    assert.equal((await set(file, '--to-datetime', text)).partitions[0]?.new, 50, text);
});

test('what cannot be asked for is a usage error', async () => {
  await using scenario = await Scenario.create(2);
  const file = scenario.reconfigure('wrong', {});
  const refusals: readonly (readonly [string[], RegExp])[] = [
    [[], /one, and only one, of --to-earliest/],
    [['--to-latest', '--shift-by', '3'], /one, and only one, of/],
    [['--to-offset', '-3'], /--to-offset/],
    [['--shift-by', 'x'], /negative for back/],
    [['--by-duration', 'P1M'], /PnDTnHnMnS/],
    [['--to-datetime', 'noon'], /without a zone it is UTC/],
    [['--to-latest', '--partitions', '1-9'], /has no partition 2; it has 2 partitions/],
    [['--to-latest', '--partitions', 'x'], /as in 0,2-5/],
    [['--to-latest', '--dry-run', '--execute'], /--dry-run/],
  ];
  for (const [flags, message] of refusals) {
    const { code, stderr } = await outriderHere(['offsets', 'set', '--config', file, ...flags]);
    assert.equal(code, 2, flags.join(' '));
    assert.match(stderr, message);
  }
  const nothing = await outriderHere(['offsets', 'set', '--config', file, '--shift-by', '-1', '--execute']);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /nothing to set/);
  const bare = await outriderHere([
    'offsets',
    'show',
    '--brokers',
    scenario.brokers.join(','),
    '--group',
    'any',
  ]);
  assert.equal(bare.code, 2);
  assert.match(bare.stderr, /--group and --topic/);
});

test('a fleet goes on exactly where it was set to, and what it reads again comes twice with the same ids', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, 1000);
  const live = await scenario.configure('live');
  {
    await using worker = new Outrider(['worker', '--config', live.file]);
    await until('it has read everything', LIMIT_MS, () => scenario.isCommitted(live.group));
    const shown = await show(live.file);
    assert.equal(shown.state, 'Stable');
    assert.equal(shown.lag, 0);
    assert.deepEqual(
      shown.members.map(({ partitions }) => partitions),
      [[0, 1]],
    );

    const dry = await outriderHere(['offsets', 'set', '--config', live.file, '--shift-by', '-100']);
    assert.match(dry.stdout, /nothing was changed; the group has 1 member \(.+ at .+\): stop them/);
    const refused = await outriderHere([
      'offsets',
      'set',
      '--config',
      live.file,
      '--shift-by',
      '-100',
      '--execute',
    ]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /has 1 member .* nothing was changed.* SIGTERM.*sessionTimeoutMs: 10000/);
    assert.deepEqual(await committed(scenario, live.group), [500, 500]);
    worker.kill('SIGTERM');
    assert.equal((await worker.finished).code, 0);
  }
  const once = await scenario.read(live);
  const places = (found: typeof once.anomalies): string[] =>
    found.map(({ id, partition, offset }) => `${partition}/${offset} ${id}`).sort();

  await set(live.file, '--shift-by', '-100', '--execute');
  await set(live.file, '--to-offset', '450', '--partitions', '1', '--execute');
  await runToEnd(live.file);
  const again = await scenario.read(live);
  const reread = once.anomalies.filter(({ partition, offset }) => offset >= (partition === 0 ? 400 : 450));
  assert.ok(reread.length > 5, `${reread.length} anomalies in what is read again`);
  assert.deepEqual(places(again.anomalies), places([...once.anomalies, ...reread]));
  assert.equal(again.deadLetters.length, once.deadLetters.length + 1);

  // Past what is there now: passed over, and never scored.
  await scenario.produce(1000, 1400);
  await set(live.file, '--to-offset', '600', '--execute');
  await runToEnd(live.file);
  const skipped = await scenario.read(live);
  const fresh = skipped.anomalies.filter(({ offset }) => offset >= 500);
  assert.equal(skipped.anomalies.length, again.anomalies.length + fresh.length);
  assert.ok(fresh.length > 5);
  for (const { partition, offset } of fresh) assert.ok(offset >= 600, `${partition}/${offset}`);
});

test('a new group starts where it was set to, and elsewhere as its configuration says', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, 1000);
  const input = {
    topic: scenario.name,
    schema: 'event.avsc',
    startAt: 'latest',
    entity: 'entity',
    time: 'at',
  };
  const fresh = await scenario.configure('fresh', { input });
  await set(fresh.file, '--to-offset', '300', '--partitions', '0', '--execute');
  await runToEnd(fresh.file);
  const { anomalies } = await scenario.read(fresh);
  assert.ok(anomalies.length > 5);
  for (const { partition, offset } of anomalies)
    assert.ok(partition === 0 && offset >= 300, `${partition}/${offset}`);
});

test('a worker outside its group with an open transaction is fenced, and readers go on', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.produce(0, 200);
  const live = await scenario.configure('held');
  await set(live.file, '--to-offset', '80', '--execute');
  const zombie = new TransactionalSink({
    kafka: localKafka(scenario.brokers),
    group: live.group,
    input: { topic: scenario.name, partition: 1 },
    log,
  });
  await zombie.fence();
  const unit = await zombie.begin();
  const record = { topic: live.anomalies, partition: 0, key: null, value: Buffer.from('open'), headers: [] };
  await unit.send(live.anomalies, 0, [record]);
  assert.equal((await scenario.admin.ends(live.anomalies)).get(0), 0, 'the open transaction holds the end');

  await set(live.file, '--to-offset', '20', '--execute');
  // The record, and the marker that says that it was rolled back.
  assert.equal((await scenario.admin.ends(live.anomalies)).get(0), 2);
  await assert.rejects(unit.commit(81, 'outrider partitions=2'), FencedError);
  assert.deepEqual(await committed(scenario, live.group), [20, 20]);
  await zombie.discard();
});

test('partitions that were added later get offsets too, and the group still knows when it started', async () => {
  await using scenario = await Scenario.create(1);
  await scenario.train();
  await scenario.produce(0, 100);
  const live = await scenario.configure('grown');
  await runToEnd(live.file);
  const admin = createClient(localKafka(scenario.brokers), 'admin', log).admin();
  await admin.connect();
  await admin.createPartitions({ topicPartitions: [{ topic: scenario.name, count: 3 }] });
  await admin.disconnect();
  await until(
    'all partitions can be written',
    LIMIT_MS,
    async () => (await scenario.admin.range(scenario.name)).size === 3,
  );
  for (const partition of [1, 2]) {
    const value = scenario.encode({ id: partition, entity: 'e', a: 1, b: 1, c: 1 });
    await scenario.write(Array.from({ length: 30 }, () => ({ partition, value })));
  }
  const moved = await set(live.file, '--to-offset', '10', '--execute');
  assert.deepEqual(
    moved.partitions.map(({ now, new: next }) => [now, next]),
    [
      [100, 10],
      [null, 10],
      [null, 10],
    ],
  );
  for (const found of (await scenario.admin.committed(live.group, scenario.name)).values())
    assert.deepEqual(found, { offset: 10, metadata: 'outrider partitions=1' });
  await runToEnd(live.file);
  assert.deepEqual(await committed(scenario, live.group), [100, 30, 30]);
});

test('of several that set at once none leaves a mixture', async () => {
  await using scenario = await Scenario.create(4);
  await scenario.produce(0, 400);
  const file = scenario.reconfigure('contended', {});
  const offsets = ['10', '20', '30'];
  const all = await Promise.all(
    offsets.map((offset) =>
      outrider(['offsets', 'set', '--config', file, '--to-offset', offset, '--execute']),
    ),
  );
  const found = await committed(scenario, `${scenario.name}.contended`);
  assert.equal(new Set(found).size, 1, found.join());
  for (const { code, stderr } of all)
    assert.ok(code === 0 || code === 1 || code === 3, `${String(code)}: ${stderr}`);
  if (all.some(({ code }) => code === 0)) assert.ok(offsets.includes(String(found[0])), found.join());
});
