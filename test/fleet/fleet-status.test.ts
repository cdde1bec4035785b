import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter, type WorkerView, unreadyReason } from '../../src/fleet/fleet-status.js';
import { NO_TOTALS, type WorkerReport } from '../../src/fleet/messages.js';
import { Silence, SilenceRule } from '../../src/fleet/silence.js';
import type { TaskStatus } from '../../src/pipeline/task-context.js';

const task = (change: Partial<TaskStatus> = {}): TaskStatus => ({
  partition: 0,
  state: 'running',
  position: 5,
  committed: 5,
  lag: 0,
  end: null,
  idleMs: 0,
  unreadable: null,
  ...change,
});
const report = (change: Partial<WorkerReport> = {}): WorkerReport => ({
  kind: 'report',
  joined: true,
  inGroup: true,
  memberId: 'm',
  partitions: [task()],
  model: { detector: 'd', name: 'm', version: '1' },
  waiting: null,
  stalled: null,
  totals: NO_TOTALS,
  metrics: [],
  ...change,
});
const worker = (change: Partial<WorkerView> = {}): WorkerView => ({
  id: 1,
  pid: 7,
  state: 'running',
  restarts: 0,
  report: report(),
  trouble: null,
  ...change,
});

test('ready means joined, running, caught up or moving; a spare worker is ready', () => {
  assert.equal(unreadyReason([worker(), worker({ id: 2, report: report({ partitions: [] }) })], false), null);
  assert.equal(
    unreadyReason([worker({ report: report({ partitions: [task({ lag: 100, idleMs: 500 })] }) })], false),
    null,
  );
});

test('unready says why', () => {
  const reason = (view: Partial<WorkerView>): string => unreadyReason([worker(view)], false) ?? 'ready';
  assert.equal(reason({ state: 'restarting', report: null }), 'worker 1 is restarting');
  assert.equal(
    reason({ state: 'starting', report: null, trouble: 'its last process stalled' }),
    'worker 1 is starting: its last process stalled',
  );
  assert.equal(
    reason({ trouble: 'process 7 has not reported for 4 s' }),
    'worker 1: process 7 has not reported for 4 s',
  );
  assert.equal(reason({ report: report({ joined: false }) }), 'worker 1 has not joined the group yet');
  assert.equal(
    reason({ report: report({ joined: false, waiting: 'no broker has answered for 40 s' }) }),
    'worker 1 has not joined the group yet: no broker has answered for 40 s',
  );
  assert.equal(reason({ report: report({ inGroup: false }) }), 'worker 1 is joining the group again');
  assert.equal(
    reason({ report: report({ inGroup: false, waiting: 'no token' }) }),
    'worker 1 is joining the group again: no token',
  );
  assert.match(reason({ report: report({ waiting: 'registry down' }) }), /waits: registry down/);
  assert.equal(
    reason({ report: report({ stalled: 'topic t, partition 0: it has a lag of 9' }) }),
    'worker 1 has stalled and ends, to be started again: topic t, partition 0: it has a lag of 9',
  );
  assert.match(
    reason({ report: report({ partitions: [task({ state: 'fencing' })] }) }),
    /partition 0 is fencing/,
  );
  assert.equal(
    reason({
      report: report({ partitions: [task({ unreadable: 'topic t, partition 0, offset 5: torn' })] }),
    }),
    'topic t, partition 0, offset 5: torn',
  );
  assert.equal(unreadyReason([worker()], true), 'draining');
  assert.equal(unreadyReason([], false), 'no worker yet');
});

test('a rate is that of the last seconds', () => {
  const meter = new RateMeter(5000);
  for (let second = 0; second <= 20; second++)
    meter.sample(second < 10 ? 0 : (second - 10) * 100, second * 1000);
  assert.equal(Math.round(meter.perSecond), 100);
});

test('a silent process is unready, then ended; what is being loaded gets more time', () => {
  const silence = new Silence();
  const rule = new SilenceRule(10_000);
  const process = { pid: 7, report: report(), silence };
  let nowMs = 0;
  const turnFor = (ms: number): void => {
    for (const endMs = nowMs + ms; nowMs < endMs;) silence.turned((nowMs += 250));
  };
  turnFor(2500);
  assert.equal(rule.unready(process), null);
  turnFor(2000);
  assert.equal(rule.unready(process), 'process 7 has not reported for 4 s');
  assert.equal(rule.isOver(process), false);
  turnFor(6000);
  assert.equal(rule.isOver(process), true);
  assert.equal(rule.isOver({ ...process, report: null }), false);
  turnFor(60_000);
  assert.equal(rule.isOver({ ...process, report: null }), true);
  silence.heard();
  assert.equal(rule.unready(process), null);
});

test('a supervisor that was itself stopped holds nobody silent', () => {
  const silence = new Silence();
  silence.turned(0);
  silence.turned(250);
  silence.turned(3_600_000);
  assert.ok(silence.ms <= 750, `${silence.ms} ms`);
});
