import { type Command, InvalidArgumentError } from 'commander';
import { AnswerNoError, UsageError } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import type { Bound } from '../kafka/offset-bounds.js';
import { plural } from '../plural.js';
import { diffRange } from '../replay/diff/diff-range.js';
import { type DiffSide, diffSides } from '../replay/diff/diff-side.js';
import { differences } from '../replay/diff/diff-tally.js';
import { diffTopics } from '../replay/diff/diff-topics.js';
import type { OffsetRange } from '../replay/request/partition-ranges.js';
import { boundOption } from './bound-option.js';
import { connectionFor } from './connection.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, number, wholeNumber } from './options.js';
import { Printer } from './output.js';
import { partitionListOption, partitionRangesOption } from './partition-option.js';
import { checkPlotFile, writePlotFile } from './plot-file.js';
import { type Progress, startProgress } from './progress.js';
import { diffDocument, diffPlot, printDiff } from './replay-diff-report.js';

interface DiffCommandOptions extends CommonOptions {
  readonly brokers?: string;
  readonly from?: Bound;
  readonly to?: Bound;
  readonly offsets?: ReadonlyMap<number, OffsetRange>;
  readonly partitions?: ReadonlySet<number>;
  readonly entity?: string;
  readonly tolerance: number;
  readonly examples: number;
  readonly plot?: string;
}

const EXAMPLES_MAX = 10_000;

export function replayDiffCommand(replay: Command, context: CliContext): void {
  common(
    replay
      .command('diff')
      .description('compare the verdicts of two anomaly topics, or of replays; exit 1 if they differ')
      .argument('<a>', 'an anomaly topic, or the id of a replay')
      .argument('<b>', 'what it is compared with: another one')
      .option('--brokers <list>', 'host:port, … [kafka.brokers, KAFKA_BROKERS, localhost:9092]')
      .option(
        '--from <bound>',
        'verdicts on events from here on: earliest, an offset, an ISO time, or ago (2h) [earliest, and those of the replay]',
        boundOption,
      )
      .option(
        '--to <bound>',
        'on events before here: latest, an offset, an ISO time, or ago [latest, and those of the replay]',
        boundOption,
      )
      .option(
        '--offsets <ranges>',
        'on these events: 0:100-900,3:50- (partition, from, before)',
        partitionRangesOption,
      )
      .option('--partitions <list>', 'on events of these partitions: 0,2-5', partitionListOption)
      .option('--entity <entity>', 'only of this entity [that of the replay, where it has one]')
      .option('--tolerance <score>', 'scores that differ by no more are the same', toleranceOption, 0)
      .option('--examples <count>', 'differences that are listed', wholeNumber(0, EXAMPLES_MAX), 10)
      .option('--plot <file>', 'draw the differences by day: FILE.svg'),
    'outrider replay diff orders.anomalies forest-2 --tolerance 0.01',
    'warn',
  ).action(async (a: string, b: string, options: DiffCommandOptions) => diff([a, b], options, context));
}

function toleranceOption(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError('a number of at least 0 is wanted');
  return value;
}

async function diff(
  names: readonly [string, string],
  options: DiffCommandOptions,
  context: CliContext,
): Promise<void> {
  const { tolerance, plot } = options;
  if (plot !== undefined) checkPlotFile(plot);
  const { kafka, config } = connectionFor(options.config, options.brokers, context);
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(kafka, log);
  const sides = await diffSides(names, admin, config, kafka.brokers);
  const sourceTopic = config?.input.topic ?? null;
  const range = await diffRange(wantedOf(options), replaysOf(sides), admin, sourceTopic);
  const entity = entityOf(options.entity, sides);
  const { tally, read } = await withProgress(context, (onRead) =>
    diffTopics({
      kafka,
      admin,
      groupPrefix: `${config?.group ?? 'outrider'}.diff`,
      sides,
      filter: { sourceTopic, range, entity },
      tolerance,
      examplesMax: options.examples,
      log,
      signal: context.signal,
      onRead,
    }),
  );
  const report = { sides, read, sourceTopic, range, entity, tolerance, tally };
  if (plot !== undefined) writePlotFile(plot, diffPlot(report));
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(diffDocument(report));
  else printDiff(report, printer);
  const found = differences(tally.counts);
  if (found + tally.counts.same === 0)
    log.warn(
      { a: names[0], b: names[1] },
      'nothing was compared: neither has a verdict on what was asked for',
    );
  if (found > 0) throw new AnswerNoError(`${names[0]} and ${names[1]}: ${plural(found, 'difference')}`);
}

/** How much there is to read is known when the reading starts. */
async function withProgress<T>(
  { stderr }: CliContext,
  work: (onRead: (records: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let progress: Progress | null = null;
  try {
    return await work((records, total) => {
      progress ??= startProgress(stderr, 'records', total);
      progress.update(records);
    });
  } finally {
    (progress as Progress | null)?.[Symbol.dispose]();
  }
}

function wantedOf({ from, to, offsets, partitions }: DiffCommandOptions): Parameters<typeof diffRange>[0] {
  return {
    from: from ?? null,
    to: to ?? null,
    offsets: offsets ?? null,
    partitions: partitions ?? null,
  };
}

function replaysOf(sides: readonly DiffSide[]): NonNullable<DiffSide['replay']>[] {
  return sides.flatMap(({ replay }) => replay ?? []);
}

/** A replay of one entity says nothing of the others. @throws UsageError */
function entityOf(wanted: string | undefined, sides: readonly DiffSide[]): string | null {
  const entities = new Set(
    [wanted, ...replaysOf(sides).map(({ spec }) => spec.entity)].filter((each) => each != null),
  );
  if (entities.size > 1)
    throw new UsageError(
      `there is nothing to compare: one is of the entity ${[...entities].join(', the other of ')}`,
    );
  const [entity = null] = entities;
  return entity;
}
