import { type Command, Option } from 'commander';
import { basename } from 'node:path';
import { configurationError } from '../config/fault.js';
import { DetectorConfigFault } from '../detect/detector.js';
import { type Evaluation, type TrainOn, evaluateDetector } from '../detect/evaluate.js';
import { CONTAMINATION_DEFAULT } from '../detect/score-quantiles.js';
import { seededOptions } from '../detect/seeded-options.js';
import { UsageError } from '../errors.js';
import { readLabelledMatrix } from '../files/labelled-matrix.js';
import type { CliContext, CommonOptions } from './context.js';
import { type EvaluatedDetector, evaluatedDetector } from './evaluated-detector.js';
import { writePlot } from './evaluation-plot.js';
import { checkPlotFile } from './plot-file.js';
import { printEvaluations } from './evaluation-tables.js';
import { common, wholeNumber } from './options.js';
import { Printer } from './output.js';
import { startProgress } from './progress.js';
import { contamination } from './threshold-options.js';

interface EvaluateOptions extends CommonOptions {
  readonly data: readonly string[];
  readonly label: string;
  readonly detector?: readonly string[];
  readonly trainOn: TrainOn;
  readonly seed: number;
  readonly runs: number;
  readonly contamination: number;
  readonly plot?: string;
}

/** Where a run stands in the tables, and what came out of it. */
interface Run {
  readonly detector: EvaluatedDetector;
  readonly label: string;
  readonly path: string;
  readonly file: string;
  readonly features: number;
  readonly seed: number;
  readonly evaluation: Evaluation;
}

const SEED_MAX = 4_294_967_295;

const EXAMPLES = `outrider evaluate --data examples/shuttle/shuttle.csv.gz --runs 5
outrider evaluate --data sets/*.csv.gz --train-on normal --detector isolation-forest --plot quality.svg
outrider evaluate --data labelled.csv --label fraud --detector '{type: isolation-forest, trees: 300}'`;

export function evaluateCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('evaluate')
      .description('how well detectors rank labelled rows; every column but the label is a feature')
      .requiredOption(
        '--data <file...>',
        'labelled rows: .csv, .jsonl (both also .gz) or .avro; several files or several times',
      )
      .option('--label <column>', 'the column that is 1 for an anomaly and 0 otherwise', 'label')
      .option(
        '--detector <type...>',
        "which detector, or with options '{type: isolation-forest, trees: 200}'; several [isolation-forest]",
      )
      .addOption(
        new Option('--train-on <rows>', 'fit on all rows, or on half of the normal ones and score the rest')
          .choices(['all', 'normal'])
          .default('all'),
      )
      .option('--seed <n>', 'seed of the first run; run i uses seed + i', wholeNumber(0, SEED_MAX), 0)
      .option('--runs <n>', 'how many runs', wholeNumber(1, 1000), 1)
      .option(
        '--contamination <share>',
        'the threshold for precision, recall and F1 is what this share of the training rows reaches',
        contamination,
        CONTAMINATION_DEFAULT,
      )
      .option('--plot <file.svg>', 'draw precision over recall, and the scores of normal and anomalous rows'),
    EXAMPLES,
    'warn',
  ).action(async (options: EvaluateOptions) => evaluate(options, context));
}

async function evaluate(options: EvaluateOptions, context: CliContext): Promise<void> {
  const detectors = (options.detector ?? ['isolation-forest']).map(evaluatedDetector);
  if (options.seed + options.runs - 1 > SEED_MAX)
    throw new UsageError(`--seed ${options.seed}: run i uses seed + i, which goes up to ${SEED_MAX}`);
  refuseTwice('--data', options.data);
  refuseTwice(
    '--detector',
    detectors.map(({ label }) => label),
  );
  if (options.plot !== undefined) checkPlotFile(options.plot);
  const runs = await evaluateAll(options, detectors, context);
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(runs.map((run) => documented(run, options.trainOn)));
  else printEvaluations(printer, runs);
  if (options.plot === undefined) return;
  writePlot(options.plot, options.trainOn, runs);
  if (options.json !== true) printer.line(`\nwrote ${options.plot}`);
}

async function evaluateAll(
  { data: paths, label, trainOn, seed: first, runs: count, contamination: share, plot }: EvaluateOptions,
  detectors: readonly EvaluatedDetector[],
  { stderr, signal }: CliContext,
): Promise<Run[]> {
  const names = shortNames(paths);
  const runs: Run[] = [];
  using progress = startProgress(stderr, 'runs', paths.length * detectors.length * count);
  for (const [i, path] of paths.entries()) {
    const data = await readLabelledMatrix(path, label);
    for (const detector of detectors) {
      const { kind, options } = detector;
      for (let run = 0; run < count; run++) {
        signal.throwIfAborted();
        const seed = first + run;
        const evaluation = await withNamedFault(detector, () =>
          evaluateDetector(kind, seededOptions(kind, options ?? {}, seed), data, trainOn, seed, signal, {
            contamination: share,
            source: path,
          }),
        );
        runs.push({
          detector,
          label: detector.label,
          path,
          file: names[i] as string,
          features: data.width,
          seed,
          // A thousand runs of a large file do not fit in memory; only what is drawn is kept.
          evaluation: plot === undefined ? { ...evaluation, ...NOT_KEPT } : evaluation,
        });
        progress.update(runs.length);
      }
    }
  }
  return runs;
}

/** Options that turn out not to go together are those of the flag. */
async function withNamedFault<T>({ label }: EvaluatedDetector, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DetectorConfigFault)) throw error;
    throw configurationError(`--detector ${label}`, error.key, error.message);
  }
}

const NOT_KEPT = { scores: new Float64Array(0), labels: new Uint8Array(0) };

/** What `--json` prints of a run. */
function documented({ detector, path, features, seed, evaluation }: Run, trainOn: TrainOn): object {
  const { rows, scores: _scores, labels: _labels, ...quality } = evaluation;
  return {
    detector: detector.kind.type,
    ...(detector.options === null ? {} : { options: detector.options }),
    data: path,
    rows,
    features,
    trainOn,
    seed,
    ...quality,
  };
}

function refuseTwice(flag: string, values: readonly string[]): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw new UsageError(`${flag} ${twice}: it is given twice`);
}

/** Without folders, unless two files then have the same name. */
function shortNames(paths: readonly string[]): string[] {
  const names = paths.map((path) => basename(path));
  return new Set(names).size === names.length ? names : [...paths];
}
