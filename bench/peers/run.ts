/** `npm run bench:peers`: Outrider beside others who do the same work. See --help and docs/BENCHMARKS.md. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CommanderError } from 'commander';
import { pino } from 'pino';
import { EXIT, OutriderError, UsageError, exitCodeFor, messageOf } from '../../src/errors.js';
import { PEERS } from './catalogue.js';
import { chart } from './chart.js';
import { compare } from './compare.js';
import { divideCores, pinThisProcess } from './cores.js';
import { type PeersOptions, parseOptions } from './options.js';
import { reportJson, reportText } from './report.js';

/** What is not ended in order by then, the guards end. */
const BREAK_OFF_LIMIT_MS = 5000;

const stopped = new AbortController();
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(options: PeersOptions): Promise<number> {
  if (process.platform !== 'linux')
    throw new UsageError('it needs Linux: it reads /proc, and pins by taskset');
  const cores = options.pin ? divideCores() : null;
  // The broker, which is started from here, inherits it.
  if (cores !== null) pinThisProcess(cores.broker);
  const isOwnBroker = (process.env.KAFKA_BROKERS ?? '') === '';
  const pinned =
    cores === null
      ? 'no core is reserved for anybody'
      : `each peer alone on one core${isOwnBroker ? `, the broker on ${cores.broker.length === 1 ? 'another' : `the ${cores.broker.length} others`}` : ''}`;
  const results = await compare({
    peers: PEERS.filter(({ name }) => options.only.includes(name)),
    events: options.events,
    runs: options.runs,
    cores,
    environment: process.env,
    say,
    log: pino({ level: 'silent' }),
    signal: stopped.signal,
  });
  if (options.plot !== null) writeFileSync(options.plot, chart(results, pinned));
  process.stdout.write(
    options.json ? `${JSON.stringify(reportJson(results, pinned))}\n` : `\n${reportText(results, pinned)}`,
  );
  return results.every(({ fault }) => fault === null) ? EXIT.done : EXIT.answerNo;
}

async function brokenOff(): Promise<number> {
  await new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve()));
  say('bench:peers: breaking off');
  await delay(BREAK_OFF_LIMIT_MS);
  return EXIT.interrupted;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (stopped.signal.aborted) return EXIT.interrupted;
  const isExpected = error instanceof OutriderError || !(error instanceof Error);
  say(`bench:peers: ${isExpected ? messageOf(error) : (error.stack ?? error.message)}`);
  return exitCodeFor(error);
}

for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => (stopped.signal.aborted ? process.exit(EXIT.interrupted) : stopped.abort()));
try {
  const options = parseOptions(
    process.argv.slice(2),
    PEERS.map(({ name }) => name),
  );
  process.exitCode = await Promise.race([main(options), brokenOff()]);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
process.exit();
