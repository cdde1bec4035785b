/** `run` and `worker` of a negative control, named by OUTRIDER_CHAOS_CONTROL; see controls.ts. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.js';
import { runWorker } from '../../src/fleet/run-worker.js';
import { Supervisor } from '../../src/fleet/supervisor.js';
import { PREDECESSOR_VARIABLE, SUPERVISED_VARIABLE } from '../../src/fleet/worker-process.js';
import { createLog } from '../../src/observe/log.js';
import { CONTROLS, type ControlName } from './controls.js';
import { CONTROL_VARIABLE } from './fleet.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { config: { type: 'string' }, 'log-level': { type: 'string' }, workers: { type: 'string' } },
});
const config = loadConfig(values.config ?? '', process.env);
const log = createLog('info', false);
const control = CONTROLS[process.env[CONTROL_VARIABLE] as ControlName];
const stopped = new AbortController();
process.on('SIGTERM', () => stopped.abort());

if (positionals[0] === 'run') {
  const supervisor = new Supervisor({
    config,
    workers: Number(values.workers),
    workerProgram: fileURLToPath(import.meta.url),
    workerArguments: ['worker', '--config', values.config ?? ''],
    environment: process.env,
    stopAt: 'never',
    clock: Date.now,
    random: Math.random,
    log,
  });
  await supervisor.run(stopped.signal);
} else {
  const gone = new AbortController();
  process.on('disconnect', () => gone.abort());
  const supervised = process.env[SUPERVISED_VARIABLE] === '1';
  await runWorker({
    config,
    clock: Date.now,
    log,
    stopAtEnd: false,
    supervisor: supervised
      ? {
          send: (message) => process.connected && process.send?.(message),
          gone: gone.signal,
          predecessor: process.env[PREDECESSOR_VARIABLE] ?? null,
        }
      : null,
    signal: stopped.signal,
    through: (own) => control(own, config, log),
  });
  process.exit(0);
}
