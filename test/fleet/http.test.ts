/** The supervisor's endpoints, while a fleet runs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Outrider } from '../support/outrider.js';
import { Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

let scenario: Scenario;
before(async () => {
  scenario = await Scenario.create(3);
  await scenario.train();
  await scenario.produce(0, 3000);
});
after(async () => {
  await scenario[Symbol.asyncDispose]();
});

test('livez, readyz, status and metrics of a whole fleet; a spare worker is ready; draining is not', async () => {
  const run = await scenario.configure('http', { http: { port: 0 } });
  await using fleet = new Outrider(['run', '--config', run.file, '--workers', '4']);
  const url = await until('it serves', 20_000, () => /"url":"([^"]+)"/.exec(fleet.stderr)?.[1]);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  await until('it is ready', 30_000, async () => (await fetch(`${url}/readyz`)).status === 200);
  await until('everything is committed', 30_000, () => scenario.isCommitted(run.group));
  // The partitions have their last owners now: what each of them counts from here on stays.
  await scenario.produce(3000, 6000);
  await until('the rest is committed', 30_000, () => scenario.isCommitted(run.group));
  const metrics = await until('the counts arrive', 10_000, async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const sum = [...text.matchAll(/^outrider_events_total\{[^}]*\} (\d+)$/gm)].reduce(
      (total, [, count]) => total + Number(count),
      0,
    );
    return sum >= 3000 && text.includes('outrider_event_age_seconds_count 6000') ? text : null;
  });
  for (const name of [
    'outrider_anomalies_total',
    'outrider_dead_letters_total',
    'outrider_lag_records',
    'outrider_event_age_seconds_bucket',
    'outrider_stage_seconds_bucket',
    'outrider_batch_records_bucket',
    'outrider_commits_total',
    'outrider_rebalances_total',
    'outrider_worker_restarts_total',
    'outrider_workers',
  ]) {
    assert.match(metrics, new RegExp(`^${name}[ {]`, 'm'), name);
  }
  assert.match(metrics, /^outrider_workers 4$/m);
  assert.doesNotMatch(metrics, /e1\b.*entity|outrider-id/);
  const status = (await (await fetch(`${url}/status`)).json()) as {
    ready: boolean;
    lag: number;
    workers: { pid: number; partitions: { partition: number }[] }[];
  };
  assert.equal(status.ready, true);
  assert.equal(status.lag, 0);
  assert.equal(status.workers.length, 4);
  assert.deepEqual(
    status.workers.flatMap(({ partitions }) => partitions.map(({ partition }) => partition)).sort(),
    [0, 1, 2],
  );
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
  fleet.kill('SIGTERM');
  assert.equal((await fleet.finished).code, 0);
});
