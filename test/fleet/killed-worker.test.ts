/** A worker that is killed: its place in the group is given up by whoever takes its place in the fleet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

/** Far beyond the limits of this test: nothing in it waits for the end of a session. */
const SESSION = { sessionTimeoutMs: 120_000, rebalanceTimeoutMs: 120_000 };
const LIMIT_MS = 40_000;

test('a killed worker holds up nobody until its session is over', async () => {
  await using scenario = await Scenario.create(4);
  await scenario.train();
  const run = await scenario.configure('killed', {
    kafka: { brokers: scenario.brokers, ...SESSION },
    fleet: { stallTimeoutMs: 300_000 },
  });
  await using fleet = new Outrider(['run', '--config', run.file, '--workers', '3']);
  const isAllCommitted = (): Promise<boolean> => scenario.isCommitted(run.group);
  const joined = (): number[] => [
    ...new Set(
      [...fleet.stderr.matchAll(/"pid":(\d+)[^\n]*joined the group/g)].map(([, pid]) => Number(pid)),
    ),
  ];
  await scenario.produce(0, 400);
  await until('three workers have joined', LIMIT_MS, () => joined().length === 3);
  await until('everything is committed', LIMIT_MS, isAllCommitted);
  const [victim = 0] = joined();
  process.kill(victim, 'SIGKILL');
  await scenario.produce(400, 800);
  await until('everything is committed again', LIMIT_MS, isAllCommitted);
  await until('another one is in its place', LIMIT_MS, () => joined().length === 4);
  assert.match(fleet.stderr, /took the dead predecessor out of the group/);
  fleet.kill('SIGTERM');
  const { code, stderr } = await fleet.finished;
  assert.equal(code, 0, stderr);
});
