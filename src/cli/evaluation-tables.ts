import type { Evaluation } from '../detect/evaluate.js';
import { groupBy } from './group-by.js';
import { deviation, mean } from './mean.js';
import { type Printer, grouped } from './output.js';

/** A run of a detector on a file, as it is printed. */
export interface EvaluatedRun {
  /** Type and options. */
  readonly label: string;
  /** The file, as short as it is without being another's name. */
  readonly file: string;
  readonly seed: number;
  readonly evaluation: Omit<Evaluation, 'scores' | 'labels'>;
}

const METRICS = ['auroc', 'averagePrecision', 'precision', 'recall', 'f1'] as const;
const METRIC_NAMES = ['AUROC', 'avg precision', 'precision', 'recall', 'F1'] as const;

/** A row per run; with more than one run their means and deviations; with more than one file the means over files. */
export function printEvaluations(printer: Printer, runs: readonly EvaluatedRun[]): void {
  printer.table(
    ['detector', 'data', 'rows', 'seed', ...METRIC_NAMES, 'rows/s'],
    runs.map(({ label, file, seed, evaluation }) => [
      label,
      file,
      evaluation.rows,
      seed,
      ...METRICS.map((metric) => evaluation[metric].toFixed(4)),
      evaluation.rowsPerSecond,
    ]),
  );
  const groups = [...groupBy(runs, ({ label, file }) => JSON.stringify([label, file])).values()];
  const runsEach = runs.length / groups.length;
  if (runsEach > 1) {
    printer.line(`\nmean ± standard deviation of ${runsEach} runs`);
    printer.table(
      ['detector', 'data', ...METRIC_NAMES, 'rows/s'],
      groups.map((group) => {
        const { label, file } = group[0] as EvaluatedRun;
        const rates = group.map(({ evaluation }) => evaluation.rowsPerSecond);
        return [
          label,
          file,
          ...METRICS.map((metric) => spread(group.map(({ evaluation }) => evaluation[metric]))),
          grouped(mean(rates)),
        ];
      }),
    );
  }
  const byDetector = [...groupBy(groups, (group) => group[0]?.label ?? '')];
  const files = byDetector[0]?.[1].length ?? 0;
  if (files > 1) {
    printer.line(`\nmean over ${files} files`);
    printer.table(
      ['detector', ...METRIC_NAMES],
      byDetector.map(([label, ofDetector]) => [
        label,
        ...METRICS.map((metric) =>
          mean(ofDetector.map((group) => mean(group.map((run) => run.evaluation[metric])))).toFixed(4),
        ),
      ]),
    );
  }
}

function spread(values: readonly number[]): string {
  return `${mean(values).toFixed(4)} ± ${deviation(values).toFixed(4)}`;
}
