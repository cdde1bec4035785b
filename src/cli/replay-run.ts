import type { Command } from 'commander';
import { recordsBetween } from '../kafka/offset-bounds.js';
import type { KnownReplay } from '../replay/known-replays.js';
import type { ReplayProgress } from '../replay/replay-progress.js';
import { type ReplayResult, runReplay } from '../replay/run-replay.js';
import type { CliContext } from './context.js';
import { common } from './options.js';
import { Printer, grouped } from './output.js';
import { type Progress, startProgress } from './progress.js';
import { type ReplayOptions, replayOptions, requestOf, workerArguments } from './replay-options.js';
import { printRanges } from './replay-ranges.js';

export function replayRunCommand(replay: Command, context: CliContext): void {
  common(
    replayOptions(
      replay
        .command('run')
        .description(
          'score a range of the input topic again, apart from the live group: exactly once, and resumed by its id',
        ),
    ),
    'outrider replay run --from 24h --model models/new --id new-model\noutrider replay run --offsets 0:100-900,3:50- --max-rate 20000 --backfill',
    'warn',
  ).action(async (options: ReplayOptions) => run(options, context));
}

async function run(options: ReplayOptions, context: CliContext): Promise<void> {
  const request = requestOf(options, context);
  const log = context.createLog(options.logLevel);
  const printer = new Printer(context.stdout, context.environment);
  const isJson = options.json === true;
  let bar: Progress | null = null;
  let result: ReplayResult;
  try {
    result = await runReplay({
      request,
      workers: options.workers ?? 1,
      eventsPerSecondMax: options.maxRate ?? null,
      workerArguments: workerArguments(options),
      environment: context.environment,
      clock: Date.now,
      log,
      signal: context.signal,
      onStart: (replay) => {
        if (!isJson) printStart(replay, printer);
        bar = startProgress(context.stderr, 'offsets', offsetsOf(replay), offsetsOf(replay) - replay.left);
      },
      onProgress: (progress) => bar?.update(progress.done, undefined, partitionsText(progress)),
    });
  } finally {
    (bar as Progress | null)?.[Symbol.dispose]();
  }
  if (isJson) printer.json(result);
  else printResult(result, printer);
}

function offsetsOf({ partitions }: KnownReplay): number {
  return recordsBetween(
    new Map(partitions.map(({ partition, start }) => [partition, start])),
    new Map(partitions.map(({ partition, to }) => [partition, to])),
  );
}

/** `0: 45 %  3: 12 %`, of the partitions that are not done. */
function partitionsText({ partitions }: ReplayProgress): string {
  const running = partitions.filter(({ next, to }) => next < to);
  const shown = running.slice(0, PARTITIONS_SHOWN_MAX).map(({ partition, start, next, to }) => {
    const percent = Math.floor((100 * (next - start)) / Math.max(1, to - start));
    return `${partition}: ${percent} %`;
  });
  const more = running.length - shown.length;
  return `${shown.join('  ')}${more > 0 ? `  and ${more} more` : ''}`;
}

const PARTITIONS_SHOWN_MAX = 6;

function printStart(replay: KnownReplay, printer: Printer): void {
  const { id, spec, partitions, left, done } = replay;
  const isResumed = done.read > 0 || partitions.some(({ start, next }) => next > start);
  printer.line(
    `replay ${printer.style('bold', id)}: ${spec.bounds}, by ${spec.model}, into ${spec.output}${spec.mode === 'own' ? '' : ` (${spec.mode})`}`,
  );
  printRanges(partitions, printer);
  if (left === 0) printer.line('everything is done already');
  else if (isResumed) printer.line(`going on: ${grouped(left)} offsets are left`);
}

function printResult(result: ReplayResult, printer: Printer): void {
  const { id, read, scored, anomalies, deadLetters, seconds, eventsPerSecond, left, complete } = result;
  if (result.read === 0 && complete && seconds === 0) {
    printer.line('nothing to replay: the range holds no events');
    return;
  }
  printer.line(
    `${grouped(read)} events read, ${grouped(scored)} scored, ${grouped(anomalies)} anomalies, ${grouped(deadLetters)} dead letters; this run ${seconds.toFixed(1)} s, ${grouped(eventsPerSecond)} events/s`,
  );
  printer.line(
    `  verdicts on ${result.output}${deadLetters > 0 ? `, dead letters on ${result.deadLetterTopic}` : ''}`,
  );
  if (result.alreadyThere > 0)
    printer.line(`  ${grouped(result.alreadyThere)} anomalies had a verdict there already`);
  if (result.takenBack > 0) {
    const { takenBackTopic } = result;
    printer.line(
      takenBackTopic === null
        ? `  ${grouped(result.takenBack)} verdicts taken back`
        : `  ${grouped(result.takenBack)} verdicts would be taken back: outrider tail --topic ${takenBackTopic} --from-beginning --stop-at-end lists them, --retract writes them`,
    );
  }
  if (result.gone > 0)
    printer.line(`  ${grouped(result.gone)} offsets of the range were gone and were not replayed`);
  if (!complete)
    printer.line(
      `stopped before the end, ${grouped(left)} offsets are left; to go on, with the same --config and --model: outrider replay run --id ${id}`,
    );
}
