/** A worker process whose first batch takes long and whose every commit is slow, and that says how much memory it held. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load.js';
import { runWorker } from '../../src/fleet/run-worker.js';

export interface Memory {
  /** Bytes that were live when the worker had joined and held its first fetch, and at most afterwards. */
  readonly baseBytes: number;
  readonly peakBytes: number;
}

const [file = '', folder = '', firstScoreMs = '0', commitMs = '0'] = process.argv.slice(2);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
let baseBytes = 0;
let peakBytes = 0;

/** What lives, without what only waits to be collected. */
function liveBytes(): number {
  // The second one waits for what the first has swept.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
let isFirst = true;
const sampler = setInterval(() => (peakBytes = Math.max(peakBytes, liveBytes())), 100);
await runWorker({
  config: loadConfig(file, process.env),
  clock: Date.now,
  log: pino({ level: 'info' }, pino.destination(2)),
  stopAtEnd: false,
  supervisor: null,
  signal: stop.signal,
  through: (own) => {
    return {
      ...own,
      scorer: {
        judge: own.scorer.judge,
        score: async (batch, signal) => {
          if (isFirst) {
            isFirst = false;
            await delay(Number(firstScoreMs));
            baseBytes = liveBytes();
          }
          return own.scorer.score(batch, signal);
        },
      },
      sinkFor: (at) => {
        const sink = own.sinkFor(at);
        return {
          fence: () => sink.fence(),
          discard: () => sink.discard(),
          begin: async () => {
            const unit = await sink.begin();
            return {
              send: (...args) => unit.send(...args),
              commit: async (...args) => {
                await delay(Number(commitMs));
                await unit.commit(...args);
              },
            };
          },
        };
      },
    };
  },
});
clearInterval(sampler);
writeFileSync(join(folder, 'memory.json'), JSON.stringify({ baseBytes, peakBytes } satisfies Memory));
setTimeout(() => process.exit(), 200);
