import type { Evaluation } from '../detect/evaluate.js';
import { precisionRecallCurve } from '../detect/ranking.js';
import { type EvaluatedFile, evaluationChart } from '../plot/evaluation-chart.js';
import { groupBy } from './group-by.js';
import { mean } from './mean.js';
import { writePlotFile } from './plot-file.js';

/** Whose scores are kept until they are drawn. */
export interface PlottedRun {
  readonly label: string;
  readonly file: string;
  readonly seed: number;
  readonly evaluation: Evaluation;
}

/** @throws UnusableFileError when the file cannot be written */
export function writePlot(file: string, trainOn: string, runs: readonly PlottedRun[]): void {
  const files = [...groupBy(runs, (run) => run.file)].map(([name, ofFile]) => fileOf(name, ofFile));
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const note =
    `trained on ${trainOn === 'all' ? 'all rows' : 'half of the normal rows'}; ` +
    (seeds.length === 1
      ? `seed ${seeds[0]}`
      : `seeds ${seeds[0]} to ${seeds.at(-1)}: thin lines, their mean thick; histograms of seed ${seeds[0]}`);
  const svg = evaluationChart('Precision and recall, and scores by kind of row', note, files);
  writePlotFile(file, svg);
}

function fileOf(name: string, runs: readonly PlottedRun[]): EvaluatedFile {
  const detectors = [...groupBy(runs, ({ label }) => label)].map(([label, ofDetector]) => {
    const quality = mean(ofDetector.map(({ evaluation }) => evaluation.averagePrecision)).toFixed(3);
    return {
      title: label,
      name: `${label}, average precision ${quality}`,
      runs: ofDetector.map(({ evaluation: { scores, labels } }) => precisionRecallCurve(scores, labels)),
      scores: (ofDetector[0] as PlottedRun).evaluation,
    };
  });
  return { name, detectors };
}
