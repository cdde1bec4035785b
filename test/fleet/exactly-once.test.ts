/** Done when, 4 and 5: whatever happens to the workers, the output is that of a single process without faults. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Outrider } from '../support/outrider.js';
import { Scenario, fingerprintOf } from '../support/scenario.js';
import { until } from '../support/until.js';

const EVENTS = 40_000;
const LIMIT_MS = 90_000;

let scenario: Scenario;
let oracle: string[];

interface Run {
  readonly file: string;
  readonly group: string;
  readonly anomalies: string;
  readonly deadLetters: string;
}

const worker = (run: Run): Outrider => new Outrider(['worker', '--config', run.file, '--log-level', 'debug']);

async function finish(run: Run): Promise<void> {
  await until(`group ${run.group} commits everything`, LIMIT_MS, () => scenario.isCommitted(run.group));
}

async function assertEqualsOracle(run: Run): Promise<void> {
  const found = fingerprintOf(await scenario.read(run));
  assert.equal(new Set(found).size, found.length, 'nothing is there twice');
  assert.deepEqual(found.length, oracle.length);
  assert.deepEqual(found, oracle);
}

async function committedAtLeast(run: Run, share: number): Promise<boolean> {
  const committed = [...(await scenario.admin.committed(run.group, scenario.name)).values()];
  return committed.reduce((sum, offset) => sum + (offset?.offset ?? 0), 0) >= EVENTS * share;
}

/** Small transactions, so that a fault has many places to hit; tiny ones, so that it takes a while as well. */
const TINY = { commit: { intervalMs: 1, maxRecords: 40 } };
const SMALL = { commit: { intervalMs: 5, maxRecords: 500 } };

before(async () => {
  scenario = await Scenario.create(4);
  await scenario.train();
  await scenario.produce(0, EVENTS);
  const run = await scenario.configure('oracle');
  await using single = worker(run);
  await finish(run);
  single.kill('SIGTERM');
  const { code, stderr } = await single.finished;
  assert.equal(code, 0, stderr);
  const output = await scenario.read(run);
  oracle = fingerprintOf(output);
  assert.equal(output.deadLetters.length, EVENTS / 100);
  assert.ok(output.anomalies.length > EVENTS / 50, `${output.anomalies.length} anomalies`);
});

after(async () => {
  await scenario[Symbol.asyncDispose]();
});

for (const workers of [1, 3, 4]) {
  test(`${workers} workers give the oracle's anomalies, bit for bit`, async () => {
    const run = await scenario.configure(`workers-${workers}`, {
      commit: { intervalMs: 20, maxRecords: 1 + 777 * workers },
    });
    await using fleet = new Outrider([
      'run',
      '--config',
      run.file,
      '--workers',
      String(workers),
      '--stop-at-end',
      '--json',
    ]);
    const { code, stdout, stderr } = await fleet.finished;
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as { events: number }).events, EVENTS);
    await assertEqualsOracle(run);
  });
}

test('workers killed with SIGKILL in mid-run lose nothing and repeat nothing', async () => {
  const run = await scenario.configure('killed', TINY);
  let workers = [worker(run), worker(run)];
  let killsInTheMiddle = 0;
  for (const share of [0.02, 0.15, 0.3, 0.45, 0.6]) {
    await until(`${share} of the events are committed`, LIMIT_MS, () => committedAtLeast(run, share));
    const victim = workers.shift() as Outrider;
    victim.kill('SIGKILL');
    if (!(await scenario.isCommitted(run.group))) killsInTheMiddle++;
    await victim.finished;
    workers = [...workers, worker(run)];
  }
  await finish(run);
  for (const survivor of workers) await survivor[Symbol.asyncDispose]();
  assert.ok(killsInTheMiddle >= 3, `${killsInTheMiddle} kills hit a fleet that was at work`);
  await assertEqualsOracle(run);
});

test('a worker stopped past its session time-out and woken again neither loses nor repeats', async () => {
  const own = await Scenario.create(4);
  try {
    await own.train();
    await own.produce(0, 4000);
    const timeouts = { sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000, rebalanceTimeoutMs: 6000 };
    const run = await own.configure('zombie', { ...SMALL, kafka: { brokers: own.brokers, ...timeouts } });
    await using zombie = worker(run);
    await until('the first part is committed', LIMIT_MS, () => own.isCommitted(run.group));
    // More comes in while it works, so that it stops with a transaction or a commit under way.
    const flowing = own.produce(4000, 20_000);
    await until('it is in the second part', LIMIT_MS, async () => {
      const committed = [...(await own.admin.committed(run.group, own.name)).values()];
      return committed.reduce((sum, offset) => sum + (offset?.offset ?? 0), 0) > 4000;
    });
    zombie.kill('SIGSTOP');
    await flowing;
    await own.produce(20_000, 24_000);
    await using successor = worker(run);
    // Only the successor can commit the rest, and only after the group has given the stopped member up.
    await until('the successor ends the topic', LIMIT_MS, () => own.isCommitted(run.group));
    assert.equal(await own.admin.memberCount(run.group), 1, 'the zombie is out of the group');
    zombie.kill('SIGCONT');
    await until(
      'the zombie is back in the group',
      LIMIT_MS,
      async () => (await own.admin.memberCount(run.group)) === 2,
    );
    await own.produce(24_000, 26_000);
    await until('both end the topic', LIMIT_MS, () => own.isCommitted(run.group));
    for (const process of [zombie, successor]) {
      process.kill('SIGTERM');
      const { code, stderr } = await process.finished;
      assert.equal(code, 0, stderr);
    }
    const single = await own.configure('single');
    const { code, stderr } = await new Outrider(['worker', '--config', single.file, '--stop-at-end'])
      .finished;
    assert.equal(code, 0, stderr);
    assert.deepEqual(fingerprintOf(await own.read(run)), fingerprintOf(await own.read(single)));
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('workers that come and go while events flow change nothing', async () => {
  const run = await scenario.configure('coming-and-going', TINY);
  const first = worker(run);
  await until('it started', LIMIT_MS, () => committedAtLeast(run, 0.02));
  const others = [worker(run), worker(run)];
  await until('half is done', LIMIT_MS, () => committedAtLeast(run, 0.4));
  first.kill('SIGTERM');
  assert.equal((await first.finished).code, 0);
  // Five members for four partitions: the spare one stands by.
  others.push(worker(run), worker(run), worker(run));
  await finish(run);
  await until(
    'all five are members',
    LIMIT_MS,
    async () => (await scenario.admin.memberCount(run.group)) === 5,
  );
  for (const process of others) process.kill('SIGTERM');
  for (const process of others) assert.equal((await process.finished).code, 0);
  await assertEqualsOracle(run);
});

test('a supervisor restarts a killed worker, and a supervisor that is killed takes its workers with it', async () => {
  const run = await scenario.configure('supervised', TINY);
  await using fleet = new Outrider(['run', '--config', run.file, '--workers', '2', '--log-level', 'info']);
  await until('it started', LIMIT_MS, () => committedAtLeast(run, 0.05));
  const pids = await childrenOf(fleet.pid);
  assert.equal(pids.length, 2);
  process.kill(pids[0] as number, 'SIGKILL');
  await until('another worker takes its place', LIMIT_MS, async () => {
    const now = await childrenOf(fleet.pid);
    return now.length === 2 && !now.includes(pids[0] as number);
  });
  await finish(run);
  const orphans = await childrenOf(fleet.pid);
  fleet.kill('SIGKILL');
  await fleet.finished;
  await until('the orphans left', LIMIT_MS, () => orphans.every((pid) => !isAlive(pid)));
  await assertEqualsOracle(run);
});

async function childrenOf(pid: number): Promise<number[]> {
  const { readFile, readdir } = await import('node:fs/promises');
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    if (stat.split(') ').pop()?.split(' ')[1] === String(pid)) found.push(Number(entry));
  }
  await delay(0);
  return found;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
