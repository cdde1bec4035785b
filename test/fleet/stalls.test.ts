/** A worker that is blocked, in every way that was thought of, is unready with the reason, starts again, and goes on. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARMED_FILE, type Fault, FAULTS } from '../support/faults.js';
import { Outrider } from '../support/outrider.js';
import { Scenario, fingerprintOf } from '../support/scenario.js';
import { until } from '../support/until.js';

const FLEET = fileURLToPath(new URL('../support/blocked-fleet.js', import.meta.url));
const LIMIT_MS = 60_000;
const EVENTS_FIRST = 400;
const EVENTS = 2000;
const STALL_TIMEOUT_MS = 3000;

/** The smallest times that a broker allows, and small commits, so that there is much to block. */
const SETTINGS = {
  commit: { intervalMs: 20, maxRecords: 50 },
  fleet: { stallTimeoutMs: STALL_TIMEOUT_MS, shutdownTimeoutMs: 1000 },
  http: { port: 0 },
};
const TIME_OUTS = {
  sessionTimeoutMs: 6000,
  heartbeatIntervalMs: 500,
  rebalanceTimeoutMs: 6000,
  requestTimeoutMs: 6000,
};

interface Expected {
  /** The label of the metric. */
  readonly stall: 'not-moving' | 'not-reporting' | 'not-joined';
  /** What /readyz says. */
  readonly reason: RegExp;
}

const SILENT: Expected = { stall: 'not-reporting', reason: /process \d+ has not reported for \d s/ };
const STILL: Expected = {
  stall: 'not-moving',
  reason:
    /topic test-\w+, partition \d: it has a lag of \d+ and (has not moved|nothing was committed) for \d s/,
};
const TAKING_OVER: Expected = {
  stall: 'not-moving',
  reason: /partition \d: taking it over has not come to an end for \d s/,
};

const EXPECTED: Readonly<Record<Fault, Expected>> = {
  'endless-loop': SILENT,
  'stopped-process': SILENT,
  'scorer-never-answers': STILL,
  'begin-never-answers': STILL,
  'send-never-answers': STILL,
  'commit-never-answers': STILL,
  'fence-never-answers': TAKING_OVER,
  'offsets-never-answer': TAKING_OVER,
  'source-is-silent': STILL,
  'fetch-never-answers': STILL,
  'join-never-completes': { stall: 'not-joined', reason: /group test-\S+: not joined for \d+ s/ },
};

describe('a blocked worker comes back', { concurrency: 3 }, () => {
  for (const fault of FAULTS) test(fault, () => comesBack(fault));
});

async function comesBack(fault: Fault): Promise<void> {
  const { stall, reason } = EXPECTED[fault];
  await using scenario = await Scenario.create(2);
  await scenario.train();
  await scenario.produce(0, EVENTS_FIRST);
  const run = await scenario.configure('blocked', {
    ...SETTINGS,
    kafka: { brokers: scenario.brokers, ...TIME_OUTS },
  });
  await using fleet = new Outrider([run.file, '1'], {
    program: FLEET,
    environment: { FAULT: fault, FAULT_FOLDER: scenario.folder },
  });
  const url = await until('it serves', LIMIT_MS, () => /"url":"([^"]+)"/.exec(fleet.stderr)?.[1]);
  const reasons = new Set<string>();
  await using _workers = new WorkersOf(url);
  const unready = (what: RegExp): Promise<string> =>
    until(`unready: ${[...reasons].join('; ')}`, LIMIT_MS, async () => {
      const response = await fetch(`${url}/readyz`);
      const text = await response.text();
      if (response.status !== 503) return null;
      reasons.add(text);
      return what.test(text) ? text : null;
    });
  const seen = unready(reason);
  seen.catch(() => undefined);
  const atStart = stall === 'not-joined' || reason === TAKING_OVER.reason;
  if (!atStart) await until('the first events', LIMIT_MS, () => scenario.isCommitted(run.group));
  writeFileSync(join(scenario.folder, ARMED_FILE), '');
  await scenario.produce(EVENTS_FIRST, EVENTS);
  await seen;
  await until('all is committed', LIMIT_MS, () => scenario.isCommitted(run.group));
  await until('it is ready again', LIMIT_MS, async () => (await fetch(`${url}/readyz`)).status === 200);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, new RegExp(`^outrider_worker_stalls_total\\{reason="${stall}"\\} 1$`, 'm'));
  assert.match(metrics, /^outrider_worker_restarts_total 1$/m, fleet.stderr);
  assert.match(fleet.stderr, new RegExp(`"reason":"[^"]*${reason.source}[^"]*","stall":"${stall}"`));
  fleet.kill('SIGTERM');
  assert.equal((await fleet.finished).code, 0, fleet.stderr);
  await assertExactlyOnce(scenario, run);
}

/** Ends the worker processes of a fleet: one that is stopped or loops would outlive a test that failed. */
class WorkersOf implements AsyncDisposable {
  private readonly pids = new Set<number>();
  private readonly timer: NodeJS.Timeout;

  constructor(url: string) {
    this.timer = setInterval(() => void this.look(url).catch(() => undefined), 250);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.timer);
    for (const pid of this.pids) {
      try {
        // The number may be another process's by now.
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('blocked-worker'))
          process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }

  private async look(url: string): Promise<void> {
    const { workers } = (await (await fetch(`${url}/status`)).json()) as {
      workers: { pid: number | null }[];
    };
    for (const { pid } of workers) if (pid !== null) this.pids.add(pid);
  }
}

async function assertExactlyOnce(
  scenario: Scenario,
  run: { anomalies: string; deadLetters: string },
): Promise<void> {
  const single = await scenario.configure('single');
  const { code, stderr } = await new Outrider(['worker', '--config', single.file, '--stop-at-end']).finished;
  assert.equal(code, 0, stderr);
  const found = fingerprintOf(await scenario.read(run));
  assert.ok(found.length >= EVENTS / 100, `${found.length} verdicts`);
  assert.deepEqual(found, fingerprintOf(await scenario.read(single)));
}
