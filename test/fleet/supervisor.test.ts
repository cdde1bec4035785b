/** What a supervisor does with workers that do not stay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load.js';
import { Supervisor } from '../../src/fleet/supervisor.js';
import { Scenario } from '../support/scenario.js';
import { until } from '../support/until.js';

interface Restart {
  readonly msg: string;
  readonly restartInMs: number;
}

test('a worker that leaves as soon as it is there is not replaced at once, and ever later', async () => {
  await using scenario = await Scenario.create(1);
  const { file } = await scenario.configure('leaving', { fleet: { restartBackoffMs: 50 } });
  const restarts: Restart[] = [];
  const log = pino(
    { level: 'info' },
    {
      write: (line) => {
        const entry = JSON.parse(line) as Restart;
        if (entry.msg.startsWith('a worker ')) restarts.push(entry);
      },
    },
  );
  const supervisor = new Supervisor({
    config: loadConfig(file, {}),
    workers: 1,
    workerProgram: fileURLToPath(new URL('../support/leaving-worker.js', import.meta.url)),
    workerArguments: ['worker'],
    environment: process.env,
    stopAt: 'never',
    clock: Date.now,
    random: () => 0.5,
    log,
  });
  const stop = new AbortController();
  const finished = supervisor.run(stop.signal);
  await until('it left four times', 30_000, () => (restarts.length >= 4 ? true : null));
  const reason = supervisor.unreadyReason();
  stop.abort();
  await finished;
  assert.deepEqual(
    restarts.slice(0, 4).map(({ msg, restartInMs }) => [msg, restartInMs]),
    [38, 75, 150, 300].map((restartInMs) => ['a worker left', restartInMs]),
  );
  assert.match(reason ?? '', /^worker 1 is \w+: its last process left$/);
});
