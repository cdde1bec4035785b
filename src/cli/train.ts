import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { configurationError } from '../config/fault.js';
import { type Overrides, loadConfig } from '../config/load.js';
import { DetectorConfigFault } from '../detect/detector.js';
import { modelNameOf, refuseToReplace, writeModel } from '../detect/model-file.js';
import type { ThresholdRule } from '../detect/threshold-rule.js';
import { trainModel } from '../detect/train.js';
import { ConfigurationError, UnusableFileError, UsageError } from '../errors.js';
import { columnMap, withMappedColumns } from '../files/column-map.js';
import { readRows } from '../files/read-rows.js';
import { type EventReading, prepareReading } from '../pipeline/setup.js';
import { trainingDataFromTopic } from '../pipeline/topic-training-data.js';
import type { TrainingData } from '../pipeline/training-collector.js';
import { trainingDataFromFile } from '../pipeline/training-data.js';
import { plural } from '../plural.js';
import { saidUnusable } from '../pipeline/unusable-row.js';
import { boundOption } from './bound-option.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect, common, wholeNumber } from './options.js';
import { Printer, grouped } from './output.js';
import { counted, startNote, startProgress } from './progress.js';
import { readImport } from './read-import.js';
import { type ThresholdOptions, positive, thresholdOptions, thresholdRuleOf } from './threshold-options.js';
import { type TopicRowsOptions, TOPIC_ROWS_DEFAULT, checkTopicRows, topicRowsOf } from './topic-rows.js';
import { printTraining, trainingSummary } from './train-report.js';

interface TrainOptions extends CommonOptions, ThresholdOptions, TopicRowsOptions {
  readonly data?: string;
  readonly map?: readonly string[];
  readonly out?: string;
  readonly name?: string;
  readonly eventsPerDay?: number;
  readonly import?: string;
  readonly skipUnusable?: boolean;
}

const EXAMPLES = `outrider train --data history.csv.gz --map 'f*=values[*]'
outrider train --from-topic --last 50000 --out models/orders --alarms-per-day 20
outrider train --from-topic --from 30d --to 1d --sample 100000
outrider train --data history.csv --events-per-day 2000000 --alarms-per-day 50`;

export function trainCommand(program: Command, context: CliContext): void {
  common(
    thresholdOptions(
      program
        .command('train')
        .description('train the configured detector, write a model folder, and say what was learnt')
        .option('--data <file>', 'train on a file: .csv, .jsonl (both also .gz) or .avro')
        .option('--from-topic', 'train on events of the input topic: the last, or a sample of a range')
        .option('--last <n>', `how many events --from-topic reads [${TOPIC_ROWS_DEFAULT}]`, wholeNumber(1))
        .option(
          '--from <bound>',
          'a sample of what is on the topic from here on: earliest, an offset, an ISO time, or ago (2h, 30m) [earliest]',
          boundOption,
        )
        .option(
          '--to <bound>',
          'and before here: latest, an offset, an ISO time, or ago [latest]',
          boundOption,
        )
        .option('--sample <n>', `how many offsets the sample has [${TOPIC_ROWS_DEFAULT}]`, wholeNumber(1))
        .option(
          '--map <column=path>',
          "which field a column is, as in 'f*=values[*]'; may be repeated",
          collect,
        )
        .option('--skip-unusable', 'leave rows of the file out that cannot be used, and count them')
        .option('--import <file>', 'the file that a detector made elsewhere is read from')
        .option('--out <folder>', 'where the model goes, a folder of its own [detector.model]')
        .option(
          '--name <name>',
          "the model's name: letters, digits, dot, underscore, hyphen, space [its folder's]",
        )
        .option('--seed <n>', 'seed of the training [detector.seed]', wholeNumber(0, 4_294_967_295)),
    ).option(
      '--events-per-day <n>',
      'how many events there are in a day [from the times of the training rows]',
      positive,
    ),
    EXAMPLES,
  ).action(async (options: TrainOptions) => train(options, context));
}

async function train(options: TrainOptions, context: CliContext): Promise<void> {
  const overrides: Overrides =
    options.seed === undefined ? [] : [{ path: ['detector', 'seed'], value: options.seed }];
  const config = loadConfig(options.config, context.environment, overrides);
  if ((options.data === undefined) === (options.fromTopic !== true))
    throw new UsageError('give either --data FILE or --from-topic');
  checkTopicRows(options);
  const { kind } = config.detector;
  if (kind.train === null)
    throw new ConfigurationError(`${config.file}: detector.type: '${kind.type}' is not trained`);
  const folder = options.out ?? config.detector.model;
  if (folder === null)
    throw new UsageError('nowhere to write the model: give --out FOLDER, or set detector.model');
  checkName(options.name);
  const flagRule = thresholdRuleOf(options);
  const imported = readImport(kind, options.import);
  refuseToReplace(folder);

  const reading = prepareReading(config, 'training');
  const started = performance.now();
  const source = options.data ?? `topic ${config.input.topic}`;
  const data = await readData(options, config, reading, context);
  if (data.rows === 0)
    throw new UnusableFileError(
      `${source}: there are no usable rows${data.firstRejected === null ? '' : `; the first: ${data.firstRejected.message}`}`,
    );
  const { model, notes } = await (async () => {
    using _note = startNote(context.stderr, `training ${kind.type} on ${grouped(data.rows)} rows …`);
    const task = {
      kind,
      options: config.detector.options,
      features: reading.names,
      definitions: reading.definitions,
      data,
      source,
      rejected: data.rejected,
      name: options.name ?? modelNameOf(folder),
      rowsPerDay: options.eventsPerDay ?? data.rowsPerDay,
      range: data.sampled?.range,
      threshold: flagRule ?? configuredRule(config),
      imported,
    };
    try {
      return await trainModel(task, Date.now, context.signal);
    } catch (error) {
      if (!(error instanceof DetectorConfigFault)) throw error;
      throw configurationError(config.file, ['detector', ...error.key], error.message);
    }
  })();
  writeModel(folder, model);

  const printer = new Printer(context.stdout, context.environment);
  const summary = trainingSummary({
    folder,
    model,
    data,
    notes,
    seconds: (performance.now() - started) / 1000,
    config,
  });
  if (options.json === true) printer.json(summary);
  else printTraining(printer, summary);
}

/** A name stands in logs, metrics and records: one that could break a line there is none. */
function checkName(name: string | undefined): void {
  if (name !== undefined && !/^[A-Za-z0-9._ -]{1,200}$/.test(name))
    throw new UsageError(
      `--name ${JSON.stringify(name)}: a model's name has only letters, digits, dot, underscore, hyphen and space, 1 to 200 of them`,
    );
}

/** @throws UnusableFileError naming the first row that cannot be used, and its column */
async function readData(
  options: TrainOptions,
  config: Config,
  reading: EventReading,
  context: CliContext,
): Promise<TrainingData> {
  const { data: file, map: entries = [], skipUnusable, logLevel } = options;
  if (file === undefined) {
    const rows = topicRowsOf(options, config);
    using progress = startProgress(context.stderr, 'events', 'last' in rows ? rows.last : rows.sample);
    const log = context.createLog(logLevel);
    return await trainingDataFromTopic(rows, config, reading, log, context.signal, (done, total) =>
      progress.update(done, total),
    );
  }
  const map = columnMap(entries);
  using progress = startProgress(context.stderr, 'rows', 0);
  const rows = counted(withMappedColumns(readRows(file), entries), progress);
  const data = await trainingDataFromFile({ rows, name: file, map }, config, reading, context.signal);
  if (data.firstRejected === null) return data;
  const message = await saidUnusable(file, data.firstRejected, map, config.features);
  if (skipUnusable === true) return { ...data, firstRejected: { ...data.firstRejected, message } };
  const all = data.rows + data.rejected;
  throw new UnusableFileError(
    `${file}: ${message}; ${grouped(data.rejected)} of ${plural(all, 'row')} cannot be used` +
      (data.rows === 0 ? '' : '; --skip-unusable trains on the others'),
  );
}

/** A number in the configuration counts when it runs; the model then has what the default rule gives. */
function configuredRule({ detector }: Config): ThresholdRule | null {
  return typeof detector.threshold === 'object' ? detector.threshold : null;
}
