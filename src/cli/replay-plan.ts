import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { KafkaAdmin } from '../kafka/admin.js';
import { plural } from '../plural.js';
import { prepareJudge, prepareReading } from '../pipeline/setup.js';
import { type PlannedPartition, planRanges } from '../replay/plan/plan-ranges.js';
import { modelText } from '../replay/replay-config.js';
import { type SampledRate, sampleRate } from '../replay/plan/sample-rate.js';
import type { CliContext } from './context.js';
import { durationText } from './duration-text.js';
import { common } from './options.js';
import { Printer, grouped } from './output.js';
import { startNote } from './progress.js';
import { type ReplayOptions, replayOptions, requestOf } from './replay-options.js';
import { printRanges } from './replay-ranges.js';

export function replayPlanCommand(replay: Command, context: CliContext): void {
  common(
    replayOptions(
      replay
        .command('plan')
        .description(
          'say what `replay run` with the same flags would read, and about how long; writes nothing',
        ),
    ),
    'outrider replay plan --from 24h --workers 2',
    'warn',
  ).action(async (options: ReplayOptions) => plan(options, context));
}

async function plan(options: ReplayOptions, context: CliContext): Promise<void> {
  const request = requestOf(options, context);
  const { config } = request;
  const log = context.createLog(options.logLevel);
  const { signal } = context;
  const judge = await prepareJudge(config, prepareReading(config));
  await using admin = new KafkaAdmin(config.kafka, log);
  const planned = await planRanges(request, { admin, log, signal });
  const offsets = planned.reduce((sum, { start, to }) => sum + to - start, 0);
  const rate =
    offsets === 0
      ? null
      : await (async () => {
          using _note = startNote(context.stderr, 'measuring a sample …');
          return await sampleRate(request, planned, log, signal);
        })();
  const seconds = rate === null ? null : secondsFor(offsets, rate, planned, options);
  const printer = new Printer(context.stdout, context.environment);
  const deleted = planned.reduce((sum, { log: { low } }) => sum + low, 0);
  if (options.json === true) {
    printer.json({
      topic: config.input.topic,
      bounds: request.bounds?.text ?? null,
      model: modelText(judge),
      output: request.output,
      mode: request.mode,
      partitions: planned.map(({ partition, start, from, to, log: { low, high } }) => ({
        partition,
        start,
        from,
        to,
        logStart: low,
        logEnd: high,
      })),
      offsets,
      deletedOffsets: deleted,
      sampledEvents: rate?.events ?? 0,
      eventsPerSecond: rate?.eventsPerSecond ?? null,
      seconds,
    });
    return;
  }
  printer.line(
    `${config.input.topic}, ${request.bounds?.text ?? ''}, by ${modelText(judge)}, into ${request.output}${request.mode === 'own' ? '' : ` (${request.mode})`}`,
  );
  printRanges(planned, printer);
  printer.line(
    `${grouped(offsets)} offsets in ${plural(planned.length, 'partition')}: at most as many events, fewer where transactions or compaction left gaps`,
  );
  if (deleted > 0)
    printer.line(
      `retention has deleted ${grouped(deleted)} offsets before what the log holds: ${startsText(planned)}`,
    );
  if (rate !== null && seconds !== null)
    printer.line(
      `${durationText(seconds)} with ${plural(options.workers ?? 1, 'worker')}${options.maxRate === undefined ? '' : ` and --max-rate ${options.maxRate}`}: ${grouped(rate.eventsPerSecond)} events/s for one, from a sample of ${grouped(rate.events)}`,
    );
}

function secondsFor(
  offsets: number,
  { eventsPerSecond }: SampledRate,
  planned: readonly PlannedPartition[],
  { workers = 1, maxRate = Infinity }: ReplayOptions,
): number {
  const atOnce = Math.min(workers, planned.length, availableParallelism());
  return offsets / Math.min(eventsPerSecond * atOnce, maxRate);
}

/** `partition 0 starts at 500, 3 at 20` */
function startsText(planned: readonly PlannedPartition[]): string {
  const starts = planned
    .filter(({ log: { low } }) => low > 0)
    .map(
      ({ partition, log: { low } }, i) =>
        `${i === 0 ? 'partition ' : ''}${partition} ${i === 0 ? 'starts ' : ''}at ${low}`,
    );
  return starts.join(', ');
}
