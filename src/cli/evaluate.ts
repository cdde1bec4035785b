import { type Command, Option } from 'commander';
import { closest } from 'fastest-levenshtein';
import { basename } from 'node:path';
import { type Evaluation, type TrainOn, evaluateDetector } from '../detect/evaluate.js';
import type { DetectorKind, DetectorOptions } from '../detect/detector.js';
import { DETECTORS } from '../detect/registry.js';
import { UsageError } from '../errors.js';
import { readLabelledMatrix } from '../files/labelled-matrix.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect, common, wholeNumber } from './options.js';
import { Printer } from './output.js';

interface EvaluateOptions extends CommonOptions {
  readonly data: readonly string[];
  readonly label: string;
  readonly detector: readonly string[];
  readonly trainOn: TrainOn;
  readonly seed: number;
  readonly runs: number;
}

interface EvaluationRow extends Evaluation {
  readonly detector: string;
  readonly data: string;
  readonly features: number;
  readonly trainOn: TrainOn;
  readonly seed: number;
}

export function evaluateCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('evaluate')
      .description('how well a detector ranks labelled rows; every column but the label is a feature')
      .requiredOption(
        '--data <file>',
        'labelled rows: .csv, .jsonl (both also .gz) or .avro; may be repeated',
        collect,
      )
      .option('--label <column>', 'the column that is 1 for an anomaly and 0 otherwise', 'label')
      .option('--detector <type>', 'which detector; may be repeated [isolation-forest]', collect)
      .addOption(
        new Option('--train-on <rows>', 'fit on all rows, or on half of the normal ones and score the rest')
          .choices(['all', 'normal'])
          .default('all'),
      )
      .option('--seed <n>', 'seed of the first run; run i uses seed + i', wholeNumber(0, 4_294_967_295), 0)
      .option('--runs <n>', 'how many runs', wholeNumber(1, 1000), 1),
    'outrider evaluate --data examples/shuttle/shuttle.csv.gz --label label --runs 5',
    'warn',
  ).action(async (options: EvaluateOptions) =>
    evaluate({ ...options, detector: options.detector ?? ['isolation-forest'] }, context),
  );
}

async function evaluate(options: EvaluateOptions, context: CliContext): Promise<void> {
  const kinds = options.detector.map(trainedKind);
  const results: EvaluationRow[] = [];
  for (const file of options.data) {
    const data = await readLabelledMatrix(file, options.label);
    for (const kind of kinds) {
      for (let run = 0; run < options.runs; run++) {
        const seed = options.seed + run;
        const evaluation = await evaluateDetector(
          kind,
          optionsOf(kind, seed),
          data,
          options.trainOn,
          seed,
          context.signal,
        );
        results.push({
          detector: kind.type,
          data: file,
          features: data.width,
          trainOn: options.trainOn,
          seed,
          ...evaluation,
        });
      }
    }
  }
  const printer = new Printer(context.stdout, context.environment);
  if (options.json === true) printer.json(results);
  else {
    printer.table(
      ['detector', 'data', 'rows', 'seed', 'AUROC', 'avg precision', 'precision', 'recall', 'F1', 'rows/s'],
      results.map((r) => [
        r.detector,
        basename(r.data),
        r.rows,
        r.seed,
        fixed(r.auroc),
        fixed(r.averagePrecision),
        fixed(r.precision),
        fixed(r.recall),
        fixed(r.f1),
        r.rowsPerSecond,
      ]),
    );
  }
}

function trainedKind(type: string): DetectorKind {
  const trained = [...DETECTORS.values()].filter(({ train }) => train !== null);
  const kind = trained.find((candidate) => candidate.type === type);
  if (kind === undefined)
    throw new UsageError(
      `--detector ${type}: no trained detector of that name; the nearest is '${closest(
        type,
        trained.map((k) => k.type),
      )}'`,
    );
  return kind;
}

function optionsOf(kind: DetectorKind, seed: number): DetectorOptions {
  const withSeed = kind.options.safeParse({ seed });
  return withSeed.success ? withSeed.data : kind.options.parse({});
}

function fixed(value: number): string {
  return value.toFixed(4);
}
