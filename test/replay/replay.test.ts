/** A replay scores a range of history as the fleet would have, into topics of its own, and leaves the fleet alone. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { readFileSync, writeFileSync } from 'node:fs';
import { replay as replayCall } from '../../src/library/replay.js';
import type { Anomaly } from '../../src/publish/anomaly-record.js';
import { outrider } from '../support/outrider.js';
import {
  type LiveRun,
  childrenOf,
  outputOf,
  replay,
  replayed,
  resultOf,
  runLive,
} from '../support/replay-scenario.js';
import { type Output, Scenario, fingerprintOf } from '../support/scenario.js';
import { until } from '../support/until.js';

const EVENTS = 8000;
const PARTITIONS = 4;
const LIMIT_MS = 60_000;

let scenario: Scenario;
let run: LiveRun;
let live: Output;

before(async () => {
  scenario = await Scenario.create(PARTITIONS);
  await scenario.train();
  await scenario.produce(0, EVENTS);
  run = await scenario.configure('live');
  await runLive(run);
  live = await scenario.read(run);
  assert.ok(live.anomalies.length > EVENTS / 50);
});
after(async () => {
  const topics = (await scenario.admin.groups())
    .flatMap((group) =>
      group.startsWith(`${run.group}.replay.`) ? [group.slice(`${run.group}.replay.`.length)] : [],
    )
    .flatMap((id) => [`${run.anomalies}.replay.${id}`, `${run.deadLetters}.replay.${id}`]);
  await scenario.admin.deleteTopics([...(await scenario.admin.partitionCounts(topics)).keys()]);
  await scenario[Symbol.asyncDispose]();
});

/** What the live fleet said of some of the events. */
function liveWhere(holds: (anomaly: Anomaly) => boolean): string[] {
  return fingerprintOf({ anomalies: live.anomalies.filter(holds), deadLetters: [] });
}

function verdicts({ anomalies }: Output): string[] {
  return fingerprintOf({ anomalies, deadLetters: [] });
}

/** The live configuration with changes, beside it. */
function changed(name: string, change: (config: Record<string, unknown>) => void): { file: string } {
  const config = parse(readFileSync(run.file, 'utf8')) as Record<string, unknown>;
  change(config);
  const file = join(scenario.folder, `${name}.yml`);
  writeFileSync(file, stringify(config));
  return { file };
}

test('all of history, with the same model: the verdicts are the live ones, and say which run they are of', async () => {
  const result = await replayed(run, '--id', 'all', '--from', 'earliest', '--workers', '2');
  assert.equal(result.output, `${run.anomalies}.replay.all`);
  assert.equal(result.deadLetterTopic, `${run.deadLetters}.replay.all`);
  const output = await outputOf(scenario, result);
  assert.deepEqual(fingerprintOf(output), fingerprintOf(live));
  assert.deepEqual(new Set(output.anomalies.map(({ runId }) => runId)), new Set(['all']));
  assert.equal(result.read, EVENTS);
  assert.equal(result.deadLetters, EVENTS / 100);
  assert.equal(result.scored, EVENTS - EVENTS / 100);
  assert.equal(result.anomalies, live.anomalies.length);
  assert.equal(result.complete, true);
});

test('the same id again has nothing left to do, and writes nothing', async () => {
  const before = await scenario.admin.ends(`${run.anomalies}.replay.all`);
  const again = await replayed(run, '--id', 'all', '--from', 'earliest');
  assert.equal(again.read, EVENTS);
  assert.equal(again.complete, true);
  assert.deepEqual(await scenario.admin.ends(`${run.anomalies}.replay.all`), before);
});

test('offsets of some partitions, to the offset', async () => {
  const result = await replayed(run, '--id', 'offsets', '--offsets', '0:100-900,3:1500-');
  assert.equal(result.read, 800 + 500);
  assert.deepEqual(
    verdicts(await outputOf(scenario, result)),
    liveWhere(
      ({ partition, offset }) =>
        (partition === 0 && offset >= 100 && offset < 900) || (partition === 3 && offset >= 1500),
    ),
  );
});

test('one entity, in some partitions: nothing of the others, and letters where the key names it', async () => {
  const wanted = 'e6';
  const result = await replayed(
    run,
    ...['--id', 'entity', '--from', 'earliest', '--partitions', '0,2-3', '--entity', wanted],
  );
  const output = await outputOf(scenario, result);
  assert.deepEqual(
    verdicts(output),
    liveWhere(({ entity, partition }) => entity === wanted && partition !== 1),
  );
  assert.ok(output.anomalies.length > 0);
  assert.equal(result.read, (EVENTS * 3) / PARTITIONS);
  assert.equal(
    result.scored + result.deadLetters,
    [...Array(EVENTS).keys()].filter((id) => id % 50 === 6 && id % 4 !== 1).length,
  );
  const letters = await replayed(run, '--id', 'letters', '--from', 'earliest', '--entity', 'e49');
  assert.equal(
    letters.deadLetters,
    EVENTS / 100,
    'every hundredth cannot be decoded, and is of e49 by its key',
  );
});

test('what is read to warm up causes no output', async () => {
  const result = await replayed(run, '--id', 'warm', '--offsets', '1:1000-1200', '--warm-up', '300');
  assert.equal(result.read, 200);
  const output = await outputOf(scenario, result);
  assert.deepEqual(
    verdicts(output),
    liveWhere(({ partition, offset }) => partition === 1 && offset >= 1000 && offset < 1200),
  );
  const { stdout } = await outrider(['replay', 'status', '--config', run.file, '--id', 'warm', '--json']);
  const [{ start, from, next, to }] = (
    JSON.parse(stdout) as { partitions: [{ start: number; from: number; next: number; to: number }] }
  ).partitions;
  assert.deepEqual({ start, from, next, to }, { start: 700, from: 1000, next: 1200, to: 1200 });
});

test('another threshold gives what an oracle would: exactly the scores at or above it', async () => {
  const strict = changed('strict', (config) => {
    (config.detector as { threshold: number }).threshold = 0.7;
  });
  const result = await replayed(strict, '--id', 'strict', '--from', 'earliest');
  const { anomalies } = await outputOf(scenario, result);
  assert.deepEqual(
    anomalies.map(({ id, score }) => `${id} ${score}`).sort(),
    live.anomalies.flatMap(({ id, score }) => (score >= 0.7 ? [`${id} ${score}`] : [])).sort(),
  );
});

test('--model names the model that judges, and its verdicts have ids of their own', async () => {
  cpSync(join(scenario.folder, 'model'), join(scenario.folder, 'other'), { recursive: true });
  const trained = await outrider([
    ...['train', '--config', run.file, '--from-topic', '--last', '4000', '--seed', '3'],
    ...['--out', join(scenario.folder, 'other'), '--name', 'other', '--skip-unusable'],
  ]);
  assert.equal(trained.code, 0, trained.stderr);
  const result = await replayed(
    run,
    ...['--id', 'model', '--from', 'earliest', '--to', '500', '--partitions', '0'],
    ...['--model', join(scenario.folder, 'other')],
  );
  const { anomalies } = await outputOf(scenario, result);
  assert.ok(anomalies.length > 0);
  assert.deepEqual(new Set(anomalies.map(({ model }) => model)), new Set(['other']));
  const ids = new Set(live.anomalies.map(({ id }) => id));
  assert.ok(anomalies.every(({ id }) => !ids.has(id)));
});

test('the same id is refused for anything else than it was started with', async () => {
  const refused = async (message: RegExp, ...flags: string[]): Promise<void> => {
    const { code, stderr, stdout } = await outrider([
      ...['replay', 'run', '--config', run.file, '--id', 'offsets', ...flags],
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  };
  await refused(
    /started with other bounds: offsets 0:100-900,3:1500-, and not from earliest/,
    '--from',
    'earliest',
  );
  const same = ['--offsets', '0:100-900,3:1500-'];
  await refused(/started with other --entity: none, and not e1/, ...same, '--entity', 'e1');
  await refused(/started with other output: \S+, and not \S+ \(--backfill\)/, ...same, '--backfill');
  await refused(/other model: test@.*, and not other@/, ...same, '--model', join(scenario.folder, 'other'));
  const unknown = await outrider(['replay', 'run', '--config', run.file, '--id', 'ofsets']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no replay 'ofsets' of group .* is known/);
  const again = await replayed(run, '--id', 'offsets');
  assert.equal(again.complete, true, 'without bounds it means those that it has');
});

test('plan says what run would read, and leaves nothing behind', async () => {
  const groups = await scenario.admin.groups();
  const { code, stdout, stderr } = await outrider([
    ...['replay', 'plan', '--config', run.file, '--from', '10', '--to', '1010', '--warm-up', '5', '--json'],
  ]);
  assert.equal(code, 0, stderr);
  const plan = JSON.parse(stdout) as {
    offsets: number;
    partitions: { partition: number; start: number; from: number; to: number }[];
    seconds: number;
    eventsPerSecond: number;
  };
  assert.equal(plan.offsets, 1005 * PARTITIONS);
  assert.deepEqual(plan.partitions[3], {
    partition: 3,
    start: 5,
    from: 10,
    to: 1010,
    logStart: 0,
    logEnd: 2000,
  });
  assert.ok(plan.eventsPerSecond > 0 && plan.seconds > 0);
  assert.deepEqual(
    (await scenario.admin.groups()).filter((group) => group.includes('.replay.')).sort(),
    groups.filter((group) => group.includes('.replay.')).sort(),
  );
  const text = await outrider(['replay', 'plan', '--config', run.file, '--from', '10', '--to', '1010']);
  assert.match(text.stdout, /partition +from +to +offsets/);
  assert.match(
    text.stdout,
    /(about .*|less than a second) with 1 worker: [\d,]+ events\/s for one, from a sample of/,
  );
});

test('status tells the replays apart, and clean leaves nothing of one', async () => {
  const { stdout } = await outrider(['replay', 'status', '--config', run.file]);
  for (const id of ['all', 'entity', 'offsets', 'strict'])
    assert.match(stdout, new RegExp(`^${id} +done +100 % +0 +0 `, 'm'));
  const cleaned = await outrider(['replay', 'clean', '--config', run.file, '--id', 'strict', '--json']);
  assert.equal(cleaned.code, 0, cleaned.stderr);
  const topics = [`${run.anomalies}.replay.strict`, `${run.deadLetters}.replay.strict`];
  assert.deepEqual((JSON.parse(cleaned.stdout) as { topics: string[] }).topics.sort(), topics.sort());
  assert.equal((await scenario.admin.partitionCounts(topics)).size, 0);
  assert.ok(!(await scenario.admin.groups()).includes(`${run.group}.replay.strict`));
  const again = await outrider(['replay', 'clean', '--config', run.file, '--id', 'strict']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /there is no replay 'strict'/);
  const unknown = await outrider(['replay', 'status', '--config', run.file, '--id', 'strict']);
  assert.equal(unknown.code, 1);
});

test('--max-rate holds it back, a stop commits what is done, and the same id goes on', async () => {
  await using first = replay(
    run,
    '--id',
    'slow',
    '--from',
    'earliest',
    '--max-rate',
    '2000',
    '--workers',
    '2',
  );
  const group = `${run.group}.replay.slow`;
  const done = async (): Promise<number> =>
    [...(await scenario.admin.committed(group, scenario.name)).values()].reduce(
      (sum, committed) => sum + (committed?.offset ?? 0),
      0,
    );
  await until('some of it is committed', LIMIT_MS, async () => (await done()) > 500);
  for (const pid of childrenOf(first.pid)) assert.equal(getPriority(pid), 10, 'workers give way to others');
  assert.equal(getPriority(first.pid), getPriority(process.pid));
  first.kill('SIGTERM');
  const stopped = resultOf(await first.finished);
  assert.equal(stopped.complete, false);
  assert.ok(stopped.read < EVENTS, `${stopped.read} were read`);
  assert.equal(stopped.read, await done());
  const end = await replayed(run, '--id', 'slow', '--from', 'earliest');
  assert.equal(end.read, EVENTS);
  assert.deepEqual(fingerprintOf(await outputOf(scenario, end)), fingerprintOf(live));
});

test('an output topic of one’s choice; not the live ones', async () => {
  const output = await scenario.topic(`${run.group}.elsewhere`, 3);
  const result = await replayed(run, '--id', 'elsewhere', '--offsets', '2:0-1000', '--output', output);
  assert.equal(result.output, output);
  assert.deepEqual(
    verdicts(await outputOf(scenario, result)),
    liveWhere(({ partition, offset }) => partition === 2 && offset < 1000),
  );
  for (const topic of [run.anomalies, run.deadLetters, scenario.name]) {
    const { code, stderr } = await outrider([
      ...['replay', 'run', '--config', run.file, '--from', 'earliest', '--output', topic],
    ]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--output/);
  }
});

test('replay() gives its progress and its result to a program', async () => {
  const call = replayCall({
    config: run.file,
    id: 'library',
    from: 'earliest',
    partitions: '1',
    maxRate: 2000,
  });
  const seen: number[] = [];
  for await (const { done, left } of call) {
    assert.equal(done + left, EVENTS / PARTITIONS);
    seen.push(done);
  }
  const { complete, read } = await call.result;
  assert.deepEqual({ complete, read }, { complete: true, read: EVENTS / PARTITIONS });
  assert.ok(
    seen.length > 1 && seen.every((done, i) => i === 0 || done >= (seen[i - 1] ?? 0)),
    seen.join(' '),
  );
  const failing = replayCall({ config: run.file, id: 'library', from: '10' });
  await assert.rejects(failing.result, { code: 'answer-no', message: /started with other bounds/ });
  assert.throws(() => replayCall({ config: run.file, id: 'a/b' }), { code: 'usage' });
  const slip = { config: run.file, id: 'slip', 'max-rate': 5 } as unknown as { config: string; id: string };
  assert.throws(() => replayCall(slip), { message: /no option 'max-rate'; the nearest is 'maxRate'/ });
});

test('the live fleet’s offsets and topics are as they were', async () => {
  assert.deepEqual(fingerprintOf(await scenario.read(run)), fingerprintOf(live));
  assert.ok(await scenario.isCommitted(run.group));
});
