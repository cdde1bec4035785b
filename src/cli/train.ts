import type { Command } from 'commander';
import { relative } from 'node:path';
import type { Config } from '../config/config.js';
import { type Overrides, loadConfig } from '../config/load.js';
import { modelNameOf, writeModel } from '../detect/model-file.js';
import { CONTAMINATION_MAX, type ThresholdRule } from '../detect/threshold-rule.js';
import { trainModel } from '../detect/train.js';
import { ConfigurationError, UnusableFileError, UsageError } from '../errors.js';
import { columnMap, withMappedColumns } from '../files/column-map.js';
import { readRows } from '../files/read-rows.js';
import { prepareReading } from '../pipeline/setup.js';
import { type TrainingData, trainingDataFromFile, trainingDataFromTopic } from '../pipeline/training-data.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect, common, number, wholeNumber } from './options.js';
import { Printer, grouped } from './output.js';
import { counted, startProgress } from './progress.js';

interface TrainOptions extends CommonOptions {
  readonly data?: string;
  readonly fromTopic?: boolean;
  readonly last: number;
  readonly map?: readonly string[];
  readonly out?: string;
  readonly name?: string;
  readonly seed?: number;
  readonly contamination?: number;
}

/** Events that `--from-topic` reads where --last says nothing else. */
const LAST_DEFAULT = 10_000;

export function trainCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('train')
      .description('train the configured detector and write a model folder')
      .option('--data <file>', 'train on a file: .csv, .jsonl (both also .gz) or .avro')
      .option('--from-topic', 'train on the last events of the input topic')
      .option('--last <n>', 'how many events --from-topic reads', wholeNumber(1), LAST_DEFAULT)
      .option(
        '--map <column=path>',
        "which field a column is, as in 'f*=values[*]'; may be repeated",
        collect,
      )
      .option('--out <folder>', 'where the model goes [detector.model]')
      .option('--name <name>', "the model's name [its folder's]")
      .option('--seed <n>', 'seed of the training [detector.seed]', wholeNumber(0, 4_294_967_295))
      .option(
        '--contamination <share>',
        'share of the training rows that the threshold lets through [detector.threshold, or 0.01]',
        number,
      ),
    "outrider train --data history.csv.gz --map 'f*=values[*]'\noutrider train --from-topic --last 50000 --out models/orders",
  ).action(async (options: TrainOptions) => train(options, context));
}

async function train(options: TrainOptions, context: CliContext): Promise<void> {
  const overrides: Overrides =
    options.seed === undefined ? [] : [{ path: ['detector', 'seed'], value: options.seed }];
  const config = loadConfig(options.config, context.environment, overrides);
  if ((options.data === undefined) === (options.fromTopic !== true))
    throw new UsageError('give either --data FILE or --from-topic');
  const { kind } = config.detector;
  if (kind.train === null)
    throw new ConfigurationError(`${config.file}: detector.type: '${kind.type}' is not trained`);
  const folder = options.out ?? config.detector.model;
  if (folder === null)
    throw new UsageError('nowhere to write the model: give --out FOLDER, or set detector.model');
  const threshold = thresholdRule(options, config);

  const reading = prepareReading(config, 'features');
  const log = context.createLog(options.logLevel);
  const started = performance.now();
  using progress = startProgress(options.data === undefined ? null : context.stderr, 'rows', 0);
  const data =
    options.data === undefined
      ? await trainingDataFromTopic(options.last, config, reading, log, context.signal)
      : await trainingDataFromFile(
          counted(withMappedColumns(readRows(options.data), options.map ?? []), progress),
          options.data,
          columnMap(options.map ?? []),
          config,
          reading,
          context.signal,
        );
  const source = options.data ?? `topic ${config.input.topic}`;
  if (data.rows === 0 && data.rejected > 0)
    throw new UnusableFileError(
      `${source}: none of ${data.rejected} rows could be used; the first: ${data.firstReason ?? ''}`,
    );
  const { model, notes } = await trainModel(
    {
      kind,
      options: config.detector.options,
      features: reading.names,
      definitions: reading.definitions,
      data,
      source,
      rejected: data.rejected,
      name: options.name ?? modelNameOf(folder),
      rowsPerDay: null,
      threshold,
      imported: null,
    },
    Date.now,
    context.signal,
  );
  writeModel(folder, model);

  const seconds = (performance.now() - started) / 1000;
  const printer = new Printer(context.stdout, context.environment);
  const { name, version, detector, seed } = model;
  const summary = {
    model: folder,
    name,
    version,
    detector,
    rows: data.rows,
    rejected: data.rejected,
    features: featureSummaries(data, reading.names),
    threshold: model.threshold,
    thresholdRule: model.thresholdRule,
    notes,
    seed,
    seconds,
  };
  if (options.json === true) {
    printer.json(summary);
    return;
  }
  printer.line(
    `${detector} ${name}@${version} trained on ${grouped(data.rows)} rows of ${source} in ${seconds.toFixed(1)} s`,
  );
  if (data.rejected > 0)
    printer.line(`${grouped(data.rejected)} rows were not usable; the first: ${data.firstReason ?? ''}`);
  printer.line(
    `threshold ${model.threshold.toFixed(4)} (${saidRule(model.thresholdRule)}), written to ${relative('.', folder) || '.'}`,
  );
  for (const note of notes) printer.line(note);
  printer.table(
    ['feature', 'min', 'max', ''],
    summary.features.map((f) => [f.name, f.min, f.max, f.min === f.max ? 'constant' : '']),
  );
}

function thresholdRule({ contamination }: TrainOptions, { detector }: Config): ThresholdRule | null {
  if (contamination === undefined) return typeof detector.threshold === 'object' ? detector.threshold : null;
  if (!(contamination > 0 && contamination <= CONTAMINATION_MAX))
    throw new UsageError(`--contamination: a share above 0 and at most ${CONTAMINATION_MAX}`);
  return { contamination };
}

function saidRule(rule: ThresholdRule): string {
  if (typeof rule === 'number') return 'as configured';
  return 'contamination' in rule
    ? `contamination ${rule.contamination}`
    : `${rule.alarmsPerDay} alarms a day`;
}

function featureSummaries(
  { values, rows, width }: TrainingData,
  names: readonly string[],
): { name: string; min: number; max: number }[] {
  return names.map((name, column) => {
    let min = Infinity;
    let max = -Infinity;
    for (let row = 0; row < rows; row++) {
      const value = values[row * width + column] as number;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    return { name, min, max };
  });
}
