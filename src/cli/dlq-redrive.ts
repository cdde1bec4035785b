import { type Command, Option } from 'commander';
import { loadConfig } from '../config/load.js';
import { parkingTopicOf, prepareRedrive } from '../dlq/prepare-redrive.js';
import { redrive } from '../dlq/redrive.js';
import type { RedriveTally } from '../dlq/redrive-tally.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { recordsBetween } from '../kafka/offset-bounds.js';
import type { CliContext } from './context.js';
import { type LetterOptions, filterOf, letterOptions } from './dlq-options.js';
import { common, wholeNumber } from './options.js';
import { Printer, grouped } from './output.js';
import { startProgress } from './progress.js';

interface ParkOptions extends LetterOptions {
  readonly limit?: number;
  readonly dryRun?: boolean;
  readonly parkingTopic?: string;
}

interface RedriveOptions extends ParkOptions {
  readonly into: 'pipeline' | 'source';
  readonly maxAttempts: number;
}

const ATTEMPTS_MAX = 5;

export function dlqRedriveCommands(dlq: Command, context: CliContext): void {
  common(
    moving(
      dlq
        .command('redrive')
        .description(
          'send dead letters through again, each exactly once however often it is called or killed; what fails again is a dead letter again',
        )
        .addOption(
          new Option(
            '--into <where>',
            'pipeline: score them here, the verdict has the place of the original event; source: put them on the input topic again',
          )
            .choices(['pipeline', 'source'])
            .default('pipeline'),
        )
        .option(
          '--max-attempts <n>',
          'tries after which a letter is parked',
          wholeNumber(1, 999_999),
          ATTEMPTS_MAX,
        ),
    ),
    'outrider dlq redrive --reason unknown-schema --from 24h --dry-run\noutrider dlq redrive --reason unknown-schema --from 24h',
    'warn',
  ).action(async (options: RedriveOptions) => move(options.into, options.maxAttempts, options, context));
  common(
    moving(
      dlq
        .command('park')
        .description('put dead letters aside on the parking topic, so that redrive passes them over'),
    ),
    'outrider dlq park --reason undecodable --to 7d',
    'warn',
  ).action(async (options: ParkOptions) => move('parking', ATTEMPTS_MAX, options, context));
}

function moving(command: Command): Command {
  return letterOptions(command)
    .option('--limit <n>', 'letters to take at most', wholeNumber(1))
    .option('--parking-topic <topic>', 'where letters are parked [<output.deadLetters>.parked]')
    .option('--dry-run', 'say what would happen, and write nothing');
}

async function move(
  into: 'pipeline' | 'source' | 'parking',
  attemptsMax: number,
  options: ParkOptions,
  context: CliContext,
): Promise<void> {
  const config = loadConfig(options.config, context.environment);
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(config.kafka, log);
  const isDryRun = options.dryRun === true;
  const started = performance.now();
  let onProgress = (_lettersRead: number): void => undefined;
  const plan = await prepareRedrive({
    config,
    topic: options.topic,
    parkingTopic: options.parkingTopic,
    from: options.from,
    to: options.to,
    filter: filterOf(options),
    limit: options.limit ?? Infinity,
    into,
    attemptsMax,
    isDryRun,
    clock: Date.now,
    admin,
    log,
    signal: context.signal,
    onProgress: (read) => onProgress(read),
  });
  using progress = startProgress(context.stderr, 'letters', recordsBetween(plan.from, plan.to));
  onProgress = (read) => progress.update(read);
  const tally = await redrive(plan);
  progress[Symbol.dispose]();
  const seconds = (performance.now() - started) / 1000;
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(summaryJson(tally, isDryRun, seconds));
  else
    print(
      tally,
      {
        isDryRun,
        seconds,
        topic: plan.topic,
        parking: options.parkingTopic ?? parkingTopicOf(config.output.deadLetters),
      },
      printer,
    );
}

function summaryJson(
  { read, taken, outcomes, passedOver, isComplete }: RedriveTally,
  dryRun: boolean,
  seconds: number,
): object {
  return {
    read,
    taken,
    anomalies: outcomes.anomaly,
    normal: outcomes.normal,
    sent: outcomes.sent,
    failedAgain: outcomes['failed-again'],
    parked: outcomes.parked,
    unusable: outcomes.unusable,
    passedOver: {
      done: passedOver.done,
      notMatching: passedOver['not-matching'],
      others: passedOver.others,
      cut: passedOver.cut,
    },
    complete: isComplete,
    dryRun,
    seconds,
  };
}

function print(
  { read, taken, outcomes, passedOver, isComplete }: RedriveTally,
  facts: {
    readonly isDryRun: boolean;
    readonly seconds: number;
    readonly topic: string;
    readonly parking: string;
  },
  printer: Printer,
): void {
  const { isDryRun, seconds, topic, parking } = facts;
  printer.line(
    `${grouped(read)} letters of ${topic} read in ${seconds.toFixed(1)} s, ${grouped(taken)} ${isDryRun ? 'would be taken' : 'taken'}`,
  );
  if (!isComplete)
    printer.line('  stopped before the end, with all of that committed: call it again for the rest');
  const lines: (readonly [number, string])[] = [
    [outcomes.anomaly, 'scored: anomalies'],
    [outcomes.normal, 'scored: nothing anomalous'],
    [outcomes.sent, 'put on the input topic again'],
    [outcomes['failed-again'], 'failed again: new dead letters, with one attempt more'],
    [outcomes.parked, `parked on ${parking}`],
    [outcomes.unusable, 'too large for the topic they should go to: left where they are'],
    [passedOver.done, 'passed over: redriven or parked before'],
    [passedOver['not-matching'], 'passed over: do not match'],
    [passedOver.others, "passed over: another group's, or of another input topic"],
    [passedOver.cut, 'passed over: the value was cut, park them'],
  ];
  for (const [count, what] of lines) if (count > 0) printer.line(`  ${grouped(count).padStart(9)}  ${what}`);
}
