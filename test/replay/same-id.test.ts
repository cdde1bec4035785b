/** An id stands for one replay: two cannot work on it at once, nor may it come to mean something else. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EXIT } from '../../src/errors.js';
import { outriderHere } from '../support/in-process.js';
import { replayHere, replayedHere, verdictsOf } from '../support/replay-here.js';
import { type LiveRun, childrenOf, replay } from '../support/replay-scenario.js';
import { EVENT_SCHEMA, Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60_000;
const EVENTS = 400;
const FAR = { entity: 'e', a: 50, b: 50, c: 50 };
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

let scenario: Scenario;
let run: LiveRun;
let kafka: Record<string, unknown>;

before(async () => {
  scenario = await Scenario.create(2);
  await scenario.train();
  kafka = { brokers: scenario.brokers, sessionTimeoutMs: 6000, requestTimeoutMs: 6000 };
  run = await scenario.configure('live', { kafka });
  await scenario.write(
    [0, 1].flatMap((partition) =>
      Array.from({ length: EVENTS }, (_, id) => ({ partition, value: scenario.encode({ id, ...FAR }) })),
    ),
  );
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

test('a replay that is worked on is refused to a second one; those who died in it hold nobody up', async () => {
  const flags = ['--id', 'held', '--from', 'earliest'];
  await using first = replay(run, ...flags, '--workers', '2', '--max-rate', '10');
  const group = `${run.group}.replay.held`;
  await until('it is under way', LIMIT_MS, async () =>
    [...(await scenario.admin.committed(group, scenario.name)).values()].some(
      (committed) => (committed?.offset ?? 0) > 0,
    ),
  );
  const refused = await Promise.all(
    [
      ['run', ...flags, '--json'],
      ['clean', '--id', 'held'],
    ].map((command) => outriderHere(['replay', ...command, '--config', run.file])),
  );
  for (const { code, stderr } of refused) {
    assert.equal(code, EXIT.answerNo, stderr);
    assert.match(stderr, /replay 'held' is being worked on: its group \S+ has [12] live members?; /);
  }
  const children = childrenOf(first.pid);
  assert.equal(children.length, 2);
  for (const pid of [first.pid, ...children]) process.kill(pid, 'SIGKILL');
  await first.finished;
  const result = await replayedHere(run, ...flags, '--workers', '2');
  assert.equal(result.complete, true);
  assert.deepEqual(await verdictsOf(scenario, result), { 0: range(0, EVENTS), 1: range(0, EVENTS) });
  assert.equal(result.read, 2 * EVENTS);
});

test('the same id with anything else that verdicts depend on is refused, and says what is different', async () => {
  const flags = ['--from', '0', '--to', '100'];
  await replayedHere(run, '--id', 'kept', ...flags);
  const output = { anomalies: run.anomalies, deadLetters: run.deadLetters };
  const judgedBy = (name: string, detector: Record<string, unknown>): { file: string } => ({
    file: scenario.reconfigure(name, { kafka, group: run.group, output, detector }),
  });
  const stricter = judgedBy('stricter', {
    ...{ type: 'isolation-forest', model: 'model', seed: 3, trees: 25 },
    threshold: 0.9,
  });
  const rules = judgedBy('rules', { type: 'threshold', rules: [{ feature: 'a', above: 9 }] });
  for (const [of, changed, message] of [
    [run, ['--from', '0', '--to', '101'], /started with other bounds: from 0 to 100, and not from 0 to 101;/],
    [
      run,
      ['--offsets', '0:0-100,1:0-100'],
      /started with other bounds: from 0 to 100, and not offsets 0:0-100,1:0-100;/,
    ],
    [run, [...flags, '--partitions', '0'], /other bounds/],
    [run, [...flags, '--entity', 'e'], /other --entity: none, and not e;/],
    [run, [...flags, '--warm-up', '5'], /other --warm-up: none, and not 5;/],
    [run, [...flags, '--output', `${run.anomalies}.x`], /other output: \S+\.replay\.kept, and not \S+\.x;/],
    [run, [...flags, '--backfill'], /other output: \S+, and not \S+ \(--backfill\);/],
    [rules, flags, /other model: test@\w+, and not threshold@\w+;/],
    [stricter, flags, /other features, schema or threshold: /],
  ] as const) {
    const { code, stderr } = await replayHere(of, '--id', 'kept', ...changed);
    assert.equal(code, EXIT.answerNo, `${changed.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
    assert.match(
      stderr,
      /--id kept without any flags but --config and --model goes on with it, another --id starts a new one\n$/,
    );
  }
  for (const same of [[], flags]) {
    const result = await replayedHere(run, '--id', 'kept', ...same);
    assert.deepEqual([result.complete, result.read], [true, 200]);
  }
});

test('a schema that cannot read the old events: dead letters of the replay, on its own topic', async () => {
  const fields = [...EVENT_SCHEMA.fields, { name: 'added', type: 'double' }];
  writeFileSync(join(scenario.folder, 'newer.avsc'), JSON.stringify({ ...EVENT_SCHEMA, fields }));
  const output = { anomalies: run.anomalies, deadLetters: run.deadLetters };
  const file = scenario.reconfigure('newer', {
    kafka,
    group: run.group,
    output,
    input: { topic: scenario.name, schema: 'newer.avsc', schemas: '.', entity: 'entity', time: 'at' },
  });
  const result = await replayedHere({ file }, '--id', 'newer', '--offsets', '0:0-50');
  assert.deepEqual(
    [result.complete, result.read, result.scored, result.anomalies, result.deadLetters],
    [true, 50, 0, 0, 50],
  );
  assert.equal(result.deadLetterTopic, `${run.deadLetters}.replay.newer`);
  const { deadLetters } = await scenario.read({
    anomalies: result.output,
    deadLetters: result.deadLetterTopic,
  });
  assert.equal(deadLetters.length, 50);
  const reasons = deadLetters.map(({ headers }) => new Map(headers).get('__dlq.errors.reason')?.toString());
  assert.deepEqual(new Set(reasons), new Set(['undecodable']));
  assert.deepEqual((await scenario.read(run)).deadLetters, []);
});
