/** Bounds that cannot be replayed are refused before anything is run or left behind, by a line that says what to do. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EXIT } from '../../src/errors.js';
import { deleteBefore } from '../support/delete-before.js';
import { outriderHere } from '../support/in-process.js';
import { replayHere, replayedHere } from '../support/replay-here.js';
import type { LiveRun } from '../support/replay-scenario.js';
import { Scenario } from '../support/scenario.js';

const EVENTS = 100;
const DELETED = 40;

let scenario: Scenario;
let run: LiveRun;

before(async () => {
  scenario = await Scenario.create(3);
  await scenario.train();
  run = await scenario.configure('live');
  await scenario.produce(0, 3 * EVENTS);
  await deleteBefore(scenario, 1, DELETED);
  // Nothing is retained of it at all.
  await deleteBefore(scenario, 2, EVENTS);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

const at = (partition: number): string => `topic ${scenario.name}, partition ${partition}`;

test('what the log does not hold is refused with exit code 2, and says what it does hold', async () => {
  for (const [flags, message] of [
    [['--from', '80', '--to', '20'], /--from 80 is after --to 20/],
    [['--from', '1h', '--to', '2h'], /--from 1h is after --to 2h/],
    [['--from', 'latest', '--to', '5'], /--from latest is after --to 5/],
    [['--from', '50', '--to', 'earliest'], /--from 50 is after --to earliest/],
    [['--offsets', '0:900-100'], /--offsets: '0:900-100': 900 is after 100/],
    [
      ['--from', '50', '--to', '100h', '--partitions', '0'],
      /partition 0: the range begins at 50 and ends before it, at 0/,
    ],
    [['--offsets', '0:50-101'], `${at(0)}: offset 101 is past what can be read, which ends at 100`],
    [
      ['--from', '101', '--partitions', '0'],
      `${at(0)}: offset 101 is past what can be read, which ends at 100`,
    ],
    [
      ['--offsets', '1:39-100'],
      `${at(1)}: offset 39 is not retained, the log starts at 40; --clip replays from there`,
    ],
    [['--offsets', '1:-39'], `${at(1)}: offset 39 is not retained, the log starts at 40`],
    [
      ['--from', '1h', '--partitions', '1'],
      /partition 1: the log starts at offset 40, and events from .* on may have been deleted/,
    ],
    [['--offsets', '2:0-100'], `${at(2)}: offset 0 is not retained, the log starts at 100`],
    [['--offsets', '3:0-1'], `topic ${scenario.name} has no partition 3: it has 3, from 0 to 2`],
    [
      ['--from', 'earliest', '--partitions', '1-7'],
      `topic ${scenario.name} has no partition 3: it has 3, from 0 to 2`,
    ],
    [
      ['--from', 'yesterday'],
      /--from 'yesterday': earliest, latest, an offset, an ISO time, or a duration ago/,
    ],
    [['--to', '5'], /--from is missing/],
    [[], /say what to replay: --from|no replay 'refused' of group .* is known .* give --from, or --offsets/],
  ] as const) {
    for (const command of ['plan', 'run']) {
      const { code, stdout, stderr } = await outriderHere([
        'replay',
        command,
        '--config',
        run.file,
        '--id',
        'refused',
        ...flags,
      ]);
      assert.equal(code, EXIT.usage, `${command} ${flags.join(' ')}: ${stderr}`);
      assert.equal(stdout, '');
      assert.ok(typeof message === 'string' ? stderr.includes(message) : message.test(stderr), stderr);
      assert.equal(stderr.trim().split('\n').length, 1);
    }
  }
  assert.deepEqual(
    (await scenario.admin.groups()).filter((group) => group.startsWith(run.group)),
    [],
  );
  assert.equal((await scenario.admin.partitionCounts([`${run.anomalies}.replay.refused`])).size, 0);
});

test('--clip replays what is retained of the bounds, and a plan says the same', async () => {
  const flags = ['--offsets', '0:90-1000,1:0-50,2:5-70', '--clip'];
  const planned = await outriderHere(['replay', 'plan', '--config', run.file, '--json', ...flags]);
  assert.equal(planned.code, EXIT.done, planned.stderr);
  const { partitions } = JSON.parse(planned.stdout) as {
    partitions: readonly { partition: number; from: number; to: number; logStart: number }[];
  };
  assert.deepEqual(
    partitions.map(({ partition, from, to, logStart }) => [partition, from, to, logStart]),
    [
      [0, 90, 100, 0],
      [1, 40, 50, 40],
      [2, 100, 100, 100],
    ],
  );
  const result = await replayedHere(run, '--id', 'clipped', ...flags);
  assert.deepEqual([result.complete, result.read], [true, 20]);
});

test('nothing in the range: exit code 0, and it says so', async () => {
  for (const flags of [
    ['--from', 'latest'],
    ['--offsets', '0:7-7,2:100-'],
    ['--from', '2100-01-01', '--partitions', '0'],
  ]) {
    const { code, stdout, stderr } = await outriderHere([
      'replay',
      'run',
      '--config',
      run.file,
      '--id',
      'nothing',
      ...flags,
      '--warm-up',
      '10',
    ]);
    assert.equal(code, EXIT.done, stderr);
    assert.equal(stdout, 'nothing to replay: the range holds no events\n');
    const plan = await outriderHere(['replay', 'plan', '--config', run.file, ...flags, '--warm-up', '10']);
    assert.equal(plan.code, EXIT.done, plan.stderr);
    assert.match(plan.stdout, /^0 offsets/m);
  }
  assert.deepEqual(
    (await scenario.admin.groups()).filter((group) => group.endsWith('.nothing')),
    [],
  );
});

test('a topic that is not there: exit code 3, with its name', async () => {
  const file = scenario.reconfigure('elsewhere', {
    input: { topic: `${scenario.name}.none`, schema: 'event.avsc' },
  });
  const { code, stderr } = await replayHere({ file }, '--from', 'earliest');
  assert.equal(code, EXIT.unreachable, stderr);
  assert.match(stderr, /topic test-\w+\.none: there is no such topic on /);
});
