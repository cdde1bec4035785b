/** `outrider run` with blocked workers: a supervisor process of its own, its server, and the workers that it forks. */
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load.js';
import { Supervisor } from '../../src/fleet/supervisor.js';
import { startFleetServer } from '../../src/http/fleet-server.js';

const [file = '', workers = '1', program = 'blocked-worker.js'] = process.argv.slice(2);
const config = loadConfig(file, process.env);
const log = pino({ level: 'info' }, pino.destination(2));
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const supervisor = new Supervisor({
  config,
  workers: Number(workers),
  workerProgram: fileURLToPath(new URL(program, import.meta.url)),
  workerArguments: ['worker'],
  environment: { ...process.env, FAULT_CONFIG: file },
  stopAt: 'never',
  clock: Date.now,
  random: Math.random,
  log,
});
if (config.http === null) throw new TypeError('the test asks for /readyz and /metrics');
await using _server = await startFleetServer(supervisor, config.http, log);
process.stdout.write(`${JSON.stringify(await supervisor.run(stop.signal))}\n`);
