/** A worker process like the command's, with a fault in it that strikes once. */
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load.js';
import { exitCodeFor } from '../../src/errors.js';
import { runWorker } from '../../src/fleet/run-worker.js';
import { type Fault, FaultOnce } from './faults.js';

const config = loadConfig(process.env.FAULT_CONFIG ?? '', process.env);
const fault = new FaultOnce(process.env.FAULT as Fault, process.env.FAULT_FOLDER ?? '');
fault.blockFetches();
const gone = new AbortController();
const stop = new AbortController();
process.on('disconnect', () => gone.abort());
process.on('SIGTERM', () => stop.abort());
try {
  await runWorker({
    config,
    clock: Date.now,
    log: pino({ level: 'info' }, pino.destination(2)),
    stopAtEnd: false,
    supervisor: { send: (message) => void process.send?.(message), gone: gone.signal, predecessor: null },
    signal: stop.signal,
    through: (own) => fault.through(own),
  });
} catch (error) {
  process.exitCode = exitCodeFor(error);
}
setTimeout(() => process.exit(), 200);
