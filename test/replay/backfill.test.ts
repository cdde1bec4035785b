/** A backfill writes into the live anomaly topic what is missing there, and takes back only what it is told to. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { Anomaly } from '../../src/publish/anomaly-record.js';
import { decodeAnomaly } from '../../src/publish/anomaly-record.js';
import { FencedProducer } from '../../src/kafka/fenced-producer.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { outrider } from '../support/outrider.js';
import { type LiveRun, outputOf, replay, replayed, resultOf, runLive } from '../support/replay-scenario.js';
import { Scenario, fingerprintOf, log } from '../support/scenario.js';
import { until } from '../support/until.js';

const EVENTS = 4000;
const PARTITIONS = 4;
const LIMIT_MS = 60_000;

let scenario: Scenario;

before(async () => {
  scenario = await Scenario.create(PARTITIONS);
  await scenario.train();
  await scenario.produce(0, EVENTS);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

/** A fleet with a threshold, which has read everything. */
async function liveWith(name: string, threshold: number): Promise<LiveRun> {
  const run = await scenario.configure(name, {
    detector: { type: 'isolation-forest', model: 'model', seed: 3, trees: 25, threshold },
  });
  await runLive(run);
  return run;
}

/** The same fleet's configuration with another threshold, or another name of the model's. */
function withDetector(run: LiveRun, name: string, change: Record<string, unknown>): { file: string } {
  const config = parse(readFileSync(run.file, 'utf8')) as { detector: Record<string, unknown> };
  config.detector = { ...config.detector, ...change };
  const file = join(scenario.folder, `${name}.yml`);
  writeFileSync(file, stringify(config));
  return { file };
}

const placeOf = ({ partition, offset }: Anomaly): string => `${partition}/${offset}`;

async function anomaliesOn(topic: string): Promise<Anomaly[]> {
  const found: Anomaly[] = [];
  for await (const batch of scenario.all(topic))
    for (const { value } of batch.records) found.push(decodeAnomaly(value as Buffer));
  return found;
}

async function clean(run: LiveRun, id: string): Promise<void> {
  const { code, stderr } = await outrider(['replay', 'clean', '--config', run.file, '--id', id]);
  assert.equal(code, 0, stderr);
}

test('what a more sensitive detector finds is added once, and what is there stays as it is', async () => {
  const run = await liveWith('missed', 0.65);
  const before = await scenario.read(run);
  const sensitive = withDetector(run, 'sensitive', { threshold: 0.6 });
  const own = await replayed(sensitive, '--id', 'own', '--from', 'earliest');
  const all = await outputOf(scenario, own);
  const result = await replayed(
    sensitive,
    '--id',
    'fill',
    '--from',
    'earliest',
    '--backfill',
    '--workers',
    '2',
  );
  assert.equal(result.output, run.anomalies);
  const after = await anomaliesOn(run.anomalies);
  const added = after.filter(({ runId }) => runId !== null);
  const had = new Set(before.anomalies.map(placeOf));
  assert.ok(added.length > 20 && had.size > 20, `${added.length} added to ${had.size}`);
  assert.deepEqual(
    added.map((anomaly) => `${anomaly.id} ${anomaly.score} ${anomaly.runId}`).sort(),
    all.anomalies
      .flatMap((anomaly) => (had.has(placeOf(anomaly)) ? [] : [`${anomaly.id} ${anomaly.score} fill`]))
      .sort(),
  );
  assert.deepEqual(
    fingerprintOf({ anomalies: after.filter(({ runId }) => runId === null), deadLetters: [] }),
    fingerprintOf({ anomalies: before.anomalies, deadLetters: [] }),
  );
  assert.equal(result.anomalies, added.length);
  assert.equal(result.alreadyThere, had.size);
  assert.equal(result.takenBack, 0);
  const letters = await scenario.read(run);
  assert.equal(
    letters.deadLetters.length,
    before.deadLetters.length,
    'its dead letters are on a topic of its own',
  );
  const again = await replayed(sensitive, '--id', 'twice', '--from', 'earliest', '--backfill');
  assert.deepEqual([again.anomalies, again.alreadyThere], [0, all.anomalies.length]);
  for (const id of ['own', 'fill', 'twice']) await clean(run, id);
});

test('what a stricter detector does not share is listed, and taken back only with --retract', async () => {
  const run = await liveWith('false-alarms', 0.6);
  const before = await anomaliesOn(run.anomalies);
  const strict = withDetector(run, 'stricter', { threshold: 0.65 });
  const gone = before.filter(({ score }) => score < 0.65);
  assert.ok(gone.length > 20);

  const listing = await replayed(strict, '--id', 'list', '--from', 'earliest', '--backfill');
  assert.deepEqual([listing.anomalies, listing.takenBack], [0, gone.length]);
  assert.equal((await anomaliesOn(run.anomalies)).length, before.length, 'nothing is written there');
  const listed = await anomaliesOn(listing.takenBackTopic ?? '');
  assert.deepEqual(listed.map(({ id }) => id).sort(), gone.map(({ id }) => id).sort());

  const result = await replayed(strict, '--id', 'retract', '--from', 'earliest', '--backfill', '--retract');
  assert.equal(result.takenBack, gone.length);
  assert.equal(result.takenBackTopic, null);
  const retractions = (await anomaliesOn(run.anomalies)).slice().filter(({ retracted }) => retracted);
  const byId = new Map(gone.map((anomaly) => [anomaly.id, anomaly]));
  assert.equal(retractions.length, gone.length);
  for (const { runId, retracted, detectedAt: _detectedAt, ...rest } of retractions) {
    assert.deepEqual([runId, retracted], ['retract', true]);
    const {
      runId: _runId,
      retracted: _retracted,
      detectedAt: _at,
      ...verdict
    } = byId.get(rest.id) as Anomaly;
    assert.deepEqual(rest, verdict, 'it is the old verdict, and the event with it');
  }

  const again = await replayed(strict, '--id', 'again', '--from', 'earliest', '--backfill', '--retract');
  assert.equal(again.takenBack, 0, 'what was taken back is not there any more');
  const lenient = withDetector(run, 'lenient', { threshold: 0.6 });
  const restored = await replayed(lenient, '--id', 'restore', '--from', 'earliest', '--backfill');
  assert.equal(restored.anomalies, gone.length, 'and can be written again');
  for (const id of ['list', 'retract', 'again', 'restore']) await clean(run, id);
});

test('a backfill does not go beyond what the live group has done, whose verdicts are still to come', async () => {
  const run = await liveWith('behind', 0.6);
  const committed = await scenario.admin.committed(run.group, scenario.name);
  await scenario.produce(EVENTS, EVENTS + 400);
  const { code, stderr } = await outrider([
    ...['replay', 'run', '--config', run.file, '--offsets', '0:0-1050', '--backfill', '--id', 'beyond'],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /partition 0: the live group goes on at 1000/);
  const result = await replayed(run, '--id', 'behind', '--from', 'earliest', '--backfill');
  assert.equal(
    result.read,
    [...committed.values()].reduce((sum, own) => sum + (own?.offset ?? 0), 0),
  );
  assert.equal(result.anomalies, 0);
  await clean(run, 'behind');
});

test('a backfill that is killed and resumed adds nothing twice and misses nothing', async () => {
  const run = await liveWith('killed', 0.7);
  const had = new Set((await anomaliesOn(run.anomalies)).map(placeOf));
  const sensitive = withDetector(run, 'killed-sensitive', {
    threshold: 0.58,
  });
  const config = parse(readFileSync(sensitive.file, 'utf8')) as Record<string, unknown>;
  config.commit = { intervalMs: 1, maxRecords: 40 };
  config.kafka = { ...(config.kafka as object), sessionTimeoutMs: 6000 };
  writeFileSync(sensitive.file, stringify(config));
  const flags = ['--id', 'killed', '--from', 'earliest', '--backfill', '--max-rate', '2000'];
  for (const share of [0.2, 0.5]) {
    await using process = replay(sensitive, ...flags);
    await until(`${share} of it is done`, LIMIT_MS, async () => {
      const done = await scenario.admin.committed(`${run.group}.replay.killed`, scenario.name);
      return [...done.values()].reduce((sum, own) => sum + (own?.offset ?? 0), 0) > EVENTS * share;
    });
    process.kill('SIGKILL');
    await process.finished;
  }
  // All that it was started with is known from its group.
  await using last = replay(sensitive, '--id', 'killed');
  const result = resultOf(await last.finished);
  assert.equal(result.complete, true);
  const after = await anomaliesOn(run.anomalies);
  const places = after.map(placeOf);
  assert.equal(new Set(places).size, places.length, 'no event has two verdicts');
  const oracle = await replayed(sensitive, '--id', 'oracle', '--from', 'earliest');
  const wanted = (await anomaliesOn(oracle.output)).map(placeOf);
  assert.deepEqual(new Set(places), new Set([...wanted, ...had]));
  assert.equal(result.anomalies, after.filter(({ runId }) => runId === 'killed').length);
  for (const id of ['killed', 'oracle']) await clean(run, id);
});

test('where the live group has not begun yet, all that it will begin with is left to it', async () => {
  const run = await scenario.configure('not-begun');
  const { code, stderr } = await outrider([
    ...['replay', 'run', '--config', run.file, '--offsets', '0:0-100', '--backfill', '--id', 'early'],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /partition 0: the live group goes on at 0/);
  const result = await replayed(run, '--id', 'early', '--from', 'earliest', '--backfill');
  assert.deepEqual([result.read, result.complete], [0, true]);
  const late = await scenario.configure('begins-late', {
    input: { topic: scenario.name, schema: 'event.avsc', startAt: 'latest', entity: 'entity', time: 'at' },
  });
  const filled = await replayed(late, '--id', 'gap', '--offsets', '0:0-100', '--backfill');
  assert.equal(filled.read, 100, 'a fleet that begins at the end says nothing of what lies before');
  await clean(late, 'gap');
});

test('verdicts that stand behind an open transaction on the anomaly topic are verdicts all the same', async () => {
  const run = await scenario.configure('open', {});
  const ids = Array.from({ length: PARTITIONS }, (_, partition) => `${run.group}.open/${partition}`);
  // As a fleet's worker leaves them that was killed in the middle of a commit; for longer than the test takes.
  const kafka = { ...localKafka(scenario.brokers), transactionTimeoutMs: 5 * LIMIT_MS };
  const producers = ids.map((id) => new FencedProducer(kafka, id, log));
  const open = await Promise.all(
    producers.map(async (producer, partition) => {
      const { transaction } = await producer.takeOver();
      await transaction.send({ topic: run.anomalies, messages: [{ partition, value: 'never committed' }] });
      return transaction;
    }),
  );
  try {
    await runLive(run);
    const sensitive = withDetector(run, 'open-sensitive', { threshold: 0.58 });
    await using process = replay(sensitive, '--id', 'open', '--from', 'earliest', '--backfill');
    let hasEnded = false;
    void process.finished.then(() => (hasEnded = true));
    await until(
      'it asks for the verdicts that there are, or does without',
      LIMIT_MS,
      async () =>
        hasEnded ||
        (await scenario.admin.groups()).some((name) => name.startsWith(`${run.group}.replay-reading`)),
    );
    for (const transaction of open) await transaction.abort();
    const result = resultOf(await process.finished);
    const places = (await anomaliesOn(run.anomalies)).map(placeOf);
    assert.equal(new Set(places).size, places.length, 'no event has two verdicts');
    assert.ok(result.alreadyThere > 20 && result.anomalies > 20);
  } finally {
    for (const producer of producers) await producer.discard();
  }
  await clean(run, 'open');
});
