/** `npm run bench:replay`: how fast a replay is, how soon, and how gentle. See --help and docs/BENCHMARKS.md. */
import { availableParallelism, cpus } from 'node:os';
import { CommanderError } from 'commander';
import { pino } from 'pino';
import { EXIT, exitCodeFor } from '../../src/errors.js';
import { cacheFolder } from '../../src/local-broker/cache-folder.js';
import { startGuardedBroker } from '../../src/local-broker/guarded-broker.js';
import { prepareBench } from '../bench-topic.js';
import { GroupWatch } from '../peers/group-watch.js';
import type { BenchContext, PartResult } from './bench-context.js';
import { besidePart } from './beside-part.js';
import { ownBroker } from './cpu-count.js';
import { type ReplayBenchOptions, parseOptions } from './options.js';
import { ratePart } from './rate-part.js';
import { tableOf } from './rows.js';
import { startPart } from './start-part.js';

const stopped = new AbortController();
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(options: ReplayBenchOptions): Promise<void> {
  const log = pino({ level: 'silent' });
  const named = process.env.KAFKA_BROKERS ?? '';
  await using own = named === '' ? await startGuardedBroker(cacheFolder(process.env), log, say) : null;
  const brokers = own?.brokers ?? named.split(',');
  await using watch = new GroupWatch(brokers, log);
  await watch.connect();
  const broker = own === null ? null : ownBroker();
  const context: BenchContext = { brokers, broker, watch, log, say, signal: stopped.signal };
  const results = await measureParts(options, context);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(results)}\n`);
    return;
  }
  process.stdout.write(
    `\nNode ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'} × ${availableParallelism()}, broker on the same machine\n`,
  );
  for (const { title, rows } of results) process.stdout.write(`\n${title}\n\n${tableOf(rows)}\n`);
}

async function measureParts(options: ReplayBenchOptions, context: BenchContext): Promise<PartResult[]> {
  const { part, events, longEvents, runs, seconds } = options;
  const results: PartResult[] = [];
  if (part.includes('rate')) results.push(await ratePart(events, runs, context));
  if (!part.includes('start') && !part.includes('beside')) return results;
  say(`writing ${longEvents} events …`);
  await using bench = await prepareBench(context.brokers, longEvents, new Set(), context.log, 'repeated');
  if (part.includes('start')) results.push(await startPart(bench, runs, context));
  if (part.includes('beside')) results.push(await besidePart(bench, runs, seconds, context));
  return results;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (stopped.signal.aborted) return EXIT.interrupted;
  say(`bench:replay: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return exitCodeFor(error);
}

for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => (stopped.signal.aborted ? process.exit(EXIT.interrupted) : stopped.abort()));
try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
process.exit();
