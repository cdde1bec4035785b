import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter, type WorkerView, unreadyReason } from '../../src/fleet/fleet-status.js';
import { NO_TOTALS, type WorkerReport } from '../../src/fleet/messages.js';
import { RestartPolicy } from '../../src/fleet/restart-policy.js';
import type { TaskStatus } from '../../src/pipeline/task-context.js';

const task = (change: Partial<TaskStatus> = {}): TaskStatus => ({
  partition: 0,
  state: 'running',
  position: 5,
  committed: 5,
  lag: 0,
  idleMs: 0,
  ...change,
});
const report = (change: Partial<WorkerReport> = {}): WorkerReport => ({
  kind: 'report',
  joined: true,
  partitions: [task()],
  model: { detector: 'd', name: 'm', version: '1' },
  waiting: null,
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
  ...change,
});

test('ready means joined, running, caught up or moving; a spare worker is ready', () => {
  assert.equal(
    unreadyReason([worker(), worker({ id: 2, report: report({ partitions: [] }) })], false, 1000),
    null,
  );
  assert.equal(
    unreadyReason(
      [worker({ report: report({ partitions: [task({ lag: 100, idleMs: 500 })] }) })],
      false,
      1000,
    ),
    null,
  );
});

test('unready says why', () => {
  const reason = (view: Partial<WorkerView>): string => unreadyReason([worker(view)], false, 1000) ?? 'ready';
  assert.match(reason({ state: 'restarting', report: null }), /worker 1 is restarting/);
  assert.match(reason({ report: report({ joined: false }) }), /not joined/);
  assert.match(reason({ report: report({ waiting: 'registry down' }) }), /waits: registry down/);
  assert.match(
    reason({ report: report({ partitions: [task({ state: 'fencing' })] }) }),
    /partition 0 is fencing/,
  );
  assert.match(
    reason({ report: report({ partitions: [task({ lag: 9, idleMs: 5000 })] }) }),
    /lag of 9 and has not moved for 5 s/,
  );
  assert.equal(unreadyReason([worker()], true, 1000), 'draining');
  assert.equal(unreadyReason([], false, 1000), 'no worker yet');
});

test('restarts back off exponentially with jitter and forget after a minute of health', () => {
  const policy = new RestartPolicy(250, () => 1);
  assert.deepEqual(
    [1, 1, 1, 1].map((lived) => policy.delayAfterCrashMs(lived)),
    [250, 500, 1000, 2000],
  );
  assert.equal(policy.delayAfterCrashMs(60_000), 250);
  assert.equal(new RestartPolicy(250, () => 0).delayAfterCrashMs(0), 125);
});

test('a rate is that of the last seconds', () => {
  const meter = new RateMeter(5000);
  for (let second = 0; second <= 20; second++)
    meter.sample(second < 10 ? 0 : (second - 10) * 100, second * 1000);
  assert.equal(Math.round(meter.perSecond), 100);
});
