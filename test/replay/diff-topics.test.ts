/** `outrider replay diff` as it is called, on topics of a real broker that the test has written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AnswerNoError } from '../../src/errors.js';
import { TransactionalSink } from '../../src/kafka/transactional-sink.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { diffTopics } from '../../src/replay/diff/diff-topics.js';
import { EVERYTHING } from '../../src/replay/diff/source-range.js';
import { replayGroup } from '../../src/replay/replay-names.js';
import { NOTHING_DONE, type ReplaySpec, writeNote } from '../../src/replay/replay-note.js';
import { anomalyBytes } from '../support/anomalies.js';
import { outriderHere } from '../support/in-process.js';
import type { Finished } from '../support/outrider.js';
import { parseXml } from '../support/parse-xml.js';
import { outputOf, replayed, runLive } from '../support/replay-scenario.js';
import { Scenario, log } from '../support/scenario.js';

type Verdict = Omit<NonNullable<Parameters<typeof anomalyBytes>[0]>, 'topic'>;

const at = (partition: number, offset: number, score: number, more: Verdict = {}): Verdict => ({
  partition,
  offset,
  score,
  ...more,
});
const day = (of: number): number => Date.UTC(2026, 2, of, 12);

/** What two models said of the events of two partitions; offsets between were nothing strange. */
const A: readonly Verdict[] = [
  at(0, 3, 0.7),
  at(0, 7, 0.65),
  at(0, 7, 0.8, { byModel: 'n' }),
  at(0, 20, 0.9),
  at(0, 20, 0.9, { retracted: true, runId: 'r0' }),
  at(0, 41, 0.7, { entity: 'e2', eventTime: day(2) }),
  at(1, 5, 0.61, { entity: 'e2', eventTime: day(2) }),
  at(1, 9, 0.99, { entity: null, eventTime: day(3) }),
  at(1, 900, 0.7),
];
const B: readonly Verdict[] = [
  at(0, 3, 0.7),
  at(0, 7, 0.75),
  at(0, 20, 0.9),
  at(1, 5, 0.62, { entity: 'e2', eventTime: day(2) }),
  at(1, 6, 0.7, { entity: 'e3', eventTime: day(2), retracted: true }),
  at(1, 8, 0.7, { entity: 'e3', eventTime: day(2) }),
  at(1, 9, 0.99, { entity: null, eventTime: day(3) }),
  at(1, 900, 0.7),
];

interface Document {
  readonly a: Record<string, unknown>;
  readonly b: Record<string, unknown>;
  readonly range: unknown;
  readonly byEntity: readonly Record<string, unknown>[];
  readonly byDay: readonly Record<string, unknown>[];
  readonly examples: readonly Record<string, unknown>[];
  readonly [counts: string]: unknown;
}

function documentOf({ code, stdout, stderr }: Finished, expected: number): Document {
  assert.equal(code, expected, stderr);
  return JSON.parse(stdout) as Document;
}

const counts = ({ added, removed, changed, same }: Record<string, unknown>): unknown[] => [
  added,
  removed,
  changed,
  same,
];

/** Into the partition of an anomaly topic that the fleet would choose, a batch each. */
async function write(scenario: Scenario, topic: string, verdicts: readonly Verdict[]): Promise<void> {
  await scenario.write(
    verdicts.map((verdict) => ({
      partition: verdict.partition ?? 0,
      value: anomalyBytes({ ...verdict, topic: scenario.name }),
    })),
    topic,
  );
}

test('two topics are compared by event: in JSON, as a table, and as a picture', async () => {
  await using scenario = await Scenario.create(2);
  const a = await scenario.topic(`${scenario.name}.a`);
  const b = await scenario.topic(`${scenario.name}.b`);
  await write(scenario, a, A);
  await write(scenario, b, B);
  await scenario.write(
    [
      { partition: 0, value: Buffer.from('no anomaly at all') },
      { partition: 1, value: null },
      { partition: 1, value: anomalyBytes({ topic: 'elsewhere', partition: 1, offset: 5, score: 1 }) },
    ],
    b,
  );
  const brokers = ['--brokers', scenario.brokers.join(',')];
  const config = ['--config', scenario.reconfigure('live', {})];
  const plot = join(scenario.folder, 'diff.svg');

  const found = documentOf(
    await outriderHere(['replay', 'diff', a, b, ...config, '--json', '--plot', plot]),
    1,
  );
  assert.deepEqual(counts(found), [2, 1, 2, 3]);
  assert.deepEqual(
    [found.a, found.b].map(({ records, verdicts, retractions, otherTopics, notAnomalies }) => [
      records,
      verdicts,
      retractions,
      otherTopics,
      notAnomalies,
    ]),
    [
      [9, 8, 1, 0, 0],
      [11, 7, 1, 1, 2],
    ],
  );
  assert.deepEqual(
    found.byEntity.map((each) => [each.entity, ...counts(each)]),
    [
      ['e1', 1, 0, 1, 2],
      ['e2', 0, 1, 1, 0],
      ['e3', 1, 0, 0, 0],
      [null, 0, 0, 0, 1],
    ],
  );
  assert.deepEqual(
    found.byDay.map((each) => [each.day, ...counts(each)]),
    [
      ['2026-03-01', 1, 0, 1, 2],
      ['2026-03-02', 1, 1, 1, 0],
      ['2026-03-03', 0, 0, 0, 1],
    ],
  );
  const example = (
    outcome: string,
    partition: number,
    offset: number,
    entity: string,
    ...scores: unknown[]
  ) => ({
    outcome,
    topic: scenario.name,
    partition,
    offset,
    entity,
    scoreA: scores[0],
    scoreB: scores[1],
  });
  assert.deepEqual(found.examples, [
    example('changed', 0, 7, 'e1', 0.8, 0.75),
    example('added', 0, 20, 'e1', null, 0.9),
    example('removed', 0, 41, 'e2', 0.7, null),
    example('changed', 1, 5, 'e2', 0.61, 0.62),
    example('added', 1, 8, 'e3', null, 0.7),
  ]);
  const titles = parseXml(readFileSync(plot, 'utf8')).map(({ text }) => text);
  for (const title of ['2026-03-01: 1 added', '2026-03-02: 1 removed', '2026-03-02: 1 changed'])
    assert.ok(titles.includes(title), title);

  const table = await outriderHere(['replay', 'diff', a, b, ...config, '--examples', '1']);
  assert.equal(table.code, 1);
  assert.match(table.stderr, /5 differences/);
  for (const line of [
    /^B {2}\S+: 11 records, 7 verdicts, 1 retraction, 1 on events of other topics, 2 no anomalies, passed over$/m,
    /^added +2 +only in B$/m,
    /^same +3 +in both; scores differ by 0\.05 at most$/m,
    /^e2 +0 +1 +1 +0$/m,
    /^2026-03-02 +1 +1 +1 +0$/m,
    /^changed +\S+\/0\/7 +e1 +0\.8 +0\.75$/m,
  ])
    assert.match(table.stdout, line);
  assert.doesNotMatch(table.stdout, /\/0\/20/, 'one example');

  const without = documentOf(await outriderHere(['replay', 'diff', a, b, ...brokers, '--json']), 1);
  assert.deepEqual(counts(without), [3, 1, 2, 3], 'without a configuration the other topic counts');

  const same = await outriderHere(['replay', 'diff', a, a, ...brokers]);
  assert.deepEqual([same.code, same.stderr], [0, '']);
});

test('a range, an entity and a tolerance narrow what is compared, and its faults are usage', async () => {
  await using scenario = await Scenario.create(2);
  const a = await scenario.topic(`${scenario.name}.a`);
  const b = await scenario.topic(`${scenario.name}.b`);
  await write(scenario, a, A);
  await write(scenario, b, B);
  // Events, so that there is an offset at a time: ten a partition.
  await scenario.write(
    Array.from({ length: 20 }, (_, i) => ({ partition: i % 2, value: Buffer.from('event') })),
  );
  const config = ['--config', scenario.reconfigure('live', {})];
  const diff = async (...flags: string[]): Promise<Finished> =>
    outriderHere(['replay', 'diff', a, b, ...config, '--json', ...flags]);
  for (const [flags, expected, code] of [
    [['--tolerance', '0.011'], [2, 1, 1, 4], 1],
    [['--tolerance', '1'], [2, 1, 0, 5], 1],
    [['--partitions', '1'], [1, 0, 1, 2], 1],
    [['--offsets', '0:-20,1:9-'], [0, 0, 1, 3], 1],
    [['--offsets', '0:-7'], [0, 0, 0, 1], 0],
    [['--offsets', '0:4-,1:6-', '--partitions', '1'], [1, 0, 0, 2], 1],
    [['--from', '8', '--to', '41'], [2, 0, 0, 1], 1],
    [['--from', 'earliest', '--to', 'latest'], [2, 1, 2, 3], 1],
    // The log of events has offsets 0 to 9 now: verdicts on later ones are beyond it.
    [['--to', '2200-01-01'], [1, 0, 2, 2], 1],
    [['--from', '1h'], [2, 1, 2, 3], 1],
    [['--entity', 'e2'], [0, 1, 1, 0], 1],
    [['--entity', 'nobody'], [0, 0, 0, 0], 0],
  ] as const) {
    const found = documentOf(await diff(...flags), code);
    assert.deepEqual(counts(found), expected, flags.join(' '));
  }
  for (const [flags, message] of [
    [['--from', '5', '--to', '4'], /--from is after --to/],
    [['--offsets', '0:1-2', '--from', '1'], /leave --from and --to out/],
    [['--offsets', '0:1-2,0:3-4'], /partition 0 is named twice/],
    [['--partitions', '5-2'], /5 is after 2/],
    [['--partitions', '1-3'], /no partition 2: it has 2, from 0 to 1/],
    [['--tolerance', '-1'], /at least 0/],
    [['--plot', 'diff.png'], /FILE\.svg/],
  ] as const) {
    const refused = await diff(...flags);
    assert.equal(refused.code, 2, flags.join(' '));
    assert.match(refused.stderr, message);
  }
  const missing = await outriderHere(['replay', 'diff', a, 'not-there', ...config]);
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /not-there/);
  const byTime = await outriderHere([
    ...['replay', 'diff', a, b, '--brokers', scenario.brokers.join(',')],
    ...['--from', '2h'],
  ]);
  assert.equal(byTime.code, 2);
  assert.match(byTime.stderr, /--config/);
});

test('a replay stands for its topic and its range; one that filled the live topic, for what it did there', async () => {
  await using scenario = await Scenario.create(2);
  const live = await scenario.configure('live');
  const own = await scenario.topic(`${live.anomalies}.replay.again`);
  await write(scenario, live.anomalies, A);
  await write(
    scenario,
    own,
    B.map((verdict) => ({ ...verdict, runId: 'again' })),
  );
  // Of a replay that was told to write into the same topic.
  await write(scenario, own, [at(0, 8, 0.7, { runId: 'another' })]);
  // As if `again` had been asked for events 4 to 50 of partition 0, and had come to 30.
  await note(scenario, live, 'again', { from: 4, to: 50, next: 30 }, { mode: 'own', output: own });
  const config = ['--config', live.file];
  const found = documentOf(
    await outriderHere(['replay', 'diff', live.anomalies, 'again', ...config, '--json']),
    1,
  );
  assert.deepEqual(counts(found), [1, 0, 1, 0]);
  assert.deepEqual(found.range, { partitions: [{ partition: 0, from: 4, to: 30 }], rest: null });
  assert.deepEqual([found.b.topic, found.b.replay, found.b.left], [own, 'again', 20]);
  const table = await outriderHere(['replay', 'diff', live.anomalies, 'again', ...config]);
  assert.match(table.stdout, /events of \S+: 0:4-30$/m);
  assert.match(table.stdout, /the replay again has 20 offsets left, which are not compared/);

  // `fill` writes into the live topic: a verdict on an event that had none, and one taken back.
  await write(scenario, live.anomalies, [
    at(0, 10, 0.7, { byModel: 'n', runId: 'fill' }),
    at(0, 3, 0.7, { runId: 'fill', retracted: true }),
  ]);
  await note(
    scenario,
    live,
    'fill',
    { from: 0, to: 50, next: 50 },
    { mode: 'retract', output: live.anomalies },
  );
  const filled = documentOf(
    await outriderHere(['replay', 'diff', live.anomalies, 'fill', ...config, '--json']),
    1,
  );
  assert.deepEqual(counts(filled), [1, 1, 0, 2]);
  assert.deepEqual(
    filled.examples.map(({ outcome, offset }) => [outcome, offset]),
    [
      ['removed', 3],
      ['added', 10],
    ],
  );
  assert.deepEqual([filled.a.withoutRun, filled.b.withoutRun], ['fill', null]);

  await note(
    scenario,
    live,
    'more',
    { from: 0, to: 50, next: 50 },
    { mode: 'backfill', output: live.anomalies },
  );
  const both = await outriderHere(['replay', 'diff', 'fill', 'more', ...config]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /both filled/);
});

test('a replay with the same model does not differ; with another one it differs in what an oracle finds', async () => {
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, 1500);
  const live = await scenario.configure('live');
  const detector = { type: 'isolation-forest', model: 'other', seed: 9, trees: 25, threshold: 0.62 };
  const other = scenario.reconfigure('other', { detector });
  const trained = await outriderHere(['train', '--config', other, '--from-topic', '--last', '500']);
  assert.equal(trained.code, 0, trained.stderr);
  await runLive(live);
  const again = await replayed(live, '--id', 'again', '--from', 'earliest');
  const model = join(scenario.folder, 'other');
  const changed = await replayed(live, '--id', 'changed', '--from', 'earliest', '--model', model);

  const diff = async (id: string, ...flags: string[]): Promise<Finished> =>
    outriderHere(['replay', 'diff', live.anomalies, id, '--config', live.file, '--json', ...flags]);
  const ofLive = (await scenario.read(live)).anomalies;
  assert.ok(ofLive.length > 100, `${ofLive.length} anomalies`);
  const same = documentOf(await diff('again'), 0);
  assert.deepEqual(counts(same), [0, 0, 0, ofLive.length]);
  assert.equal(same.largestChange, 0);

  const tolerance = 0.02;
  const found = documentOf(await diff('changed', '--tolerance', String(tolerance), '--examples', '10000'), 1);
  const scores = (anomalies: typeof ofLive): Map<string, number> =>
    new Map(anomalies.map(({ partition, offset, score }) => [`${partition}/${offset}`, score]));
  const [inA, inB] = [scores(ofLive), scores((await outputOf(scenario, changed)).anomalies)];
  const expected = [...new Set([...inA.keys(), ...inB.keys()])].flatMap((place) => {
    const [scoreA = null, scoreB = null] = [inA.get(place), inB.get(place)];
    if (scoreA !== null && scoreB !== null && Math.abs(scoreA - scoreB) <= tolerance) return [];
    return [[place, scoreA, scoreB]];
  });
  assert.ok(expected.length > 10, `${expected.length} differences`);
  assert.deepEqual(
    found.examples
      .map(({ partition, offset, scoreA, scoreB }) => [
        `${String(partition)}/${String(offset)}`,
        scoreA,
        scoreB,
      ])
      .sort(),
    expected.sort(),
  );
  assert.equal(Number(found.added) + Number(found.removed) + Number(found.changed), expected.length);

  const filled = await replayed(
    live,
    ...['--id', 'fill', '--from', 'earliest', '--model', model, '--backfill', '--retract'],
  );
  const byFill = documentOf(await diff('fill'), 1);
  assert.ok(filled.anomalies > 0 && filled.takenBack > 0, JSON.stringify(filled));
  assert.deepEqual([byFill.added, byFill.removed, byFill.changed], [filled.anomalies, filled.takenBack, 0]);
  await scenario.admin.deleteTopics([
    again.output,
    changed.output,
    ...[again, changed, filled].map(({ deadLetterTopic }) => deadLetterTopic),
  ]);
});

test('a diff that is asked to stop says nothing of what it has read so far', async () => {
  await using scenario = await Scenario.create(2);
  const topic = await scenario.topic(`${scenario.name}.a`);
  await write(scenario, topic, A);
  const side = { name: topic, topic, replay: null, onlyRun: null, withoutRun: null };
  const asked = new AbortController();
  const stopped = diffTopics({
    kafka: localKafka(scenario.brokers),
    admin: scenario.admin,
    groupPrefix: `${scenario.name}.diff`,
    sides: [side, side],
    filter: { sourceTopic: null, range: EVERYTHING, entity: null },
    tolerance: 0,
    examplesMax: 1,
    log,
    signal: asked.signal,
    onRead: () => asked.abort(),
  });
  await assert.rejects(stopped, AnswerNoError);
});

/** What a replay leaves beside the offset of partition 0. */
async function note(
  scenario: Scenario,
  live: { readonly group: string; readonly deadLetters: string },
  id: string,
  { from, to, next }: { readonly from: number; readonly to: number; readonly next: number },
  spec: Pick<ReplaySpec, 'mode' | 'output'>,
): Promise<void> {
  const sink = new TransactionalSink({
    kafka: localKafka(scenario.brokers),
    group: replayGroup(live.group, id),
    input: { topic: scenario.name, partition: 0 },
    log,
  });
  try {
    await sink.fence();
    const whole: ReplaySpec = {
      bounds: `offsets 0:${from}-${to}`,
      entity: null,
      warmUp: null,
      deadLetters: live.deadLetters,
      takenBack: null,
      model: 'n@1',
      digest: '',
      partitions: 1,
      created: new Date(0).toISOString(),
      ...spec,
    };
    const unit = await sink.begin();
    await unit.commit(next, writeNote({ start: from, from, to, done: NOTHING_DONE, spec: whole }));
  } finally {
    await sink.discard();
  }
}
