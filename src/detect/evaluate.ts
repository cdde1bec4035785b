import type { DetectorKind, DetectorOptions, Matrix } from './detector.js';
import { fitDetector, scoresOf } from './fit.js';
import { drawIndices, seededRandom } from './random.js';
import { type DecisionQuality, type RankingQuality, decisionQuality, rankingQuality } from './ranking.js';
import { CONTAMINATION_DEFAULT, scoreQuantiles, thresholdFor } from './score-quantiles.js';
import { takeRows } from './take-rows.js';

export type TrainOn = 'all' | 'normal';

/** Rows with their labels: 1 for an anomaly. */
export interface LabelledRows extends Matrix {
  readonly labels: Uint8Array;
  readonly features: readonly string[];
}

export interface EvaluationSettings {
  /** Share of the training rows that the threshold lets through [0.01]. */
  readonly contamination?: number;
  /** Names the data in errors. */
  readonly source?: string;
}

export interface Evaluation extends RankingQuality, DecisionQuality {
  /** That were scored. */
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly trainingSeconds: number;
  readonly threshold: number;
  /** One per scored row, and what the row is. */
  readonly scores: Float64Array;
  readonly labels: Uint8Array;
}

/**
 * Trains on labelled rows without looking at the labels, and compares the scores with them.
 * `all`: fitted and scored on all rows. `normal`: half of the normal rows, drawn by the seed, train; the other half
 * and all anomalies are scored. Either way the scores are those of `score`, as a topic's events would get them; the
 * threshold comes from the training scores, which for some detectors are others (leave-one-out).
 * @param seed draws the rows of `normal`; the detector has its own in its options
 * @throws UnusableFileError when the detector cannot learn from the rows or does not score them
 */
export async function evaluateDetector(
  kind: DetectorKind,
  options: DetectorOptions,
  data: LabelledRows,
  trainOn: TrainOn,
  seed: number,
  signal: AbortSignal,
  { contamination = CONTAMINATION_DEFAULT, source = 'the data' }: EvaluationSettings = {},
): Promise<Evaluation> {
  const { features } = data;
  const { fit, test, labels } =
    trainOn === 'all' ? { fit: data, test: data, labels: data.labels } : splitNormal(data, seed);
  const begun = performance.now();
  const fitted = await fitDetector({ kind, options, features, data: fit, source, imported: null }, signal);
  const started = performance.now();
  const scores = await scoresOf(fitted.detector, test, source);
  const seconds = (performance.now() - started) / 1000;
  const threshold = thresholdFor(scoreQuantiles(fitted.trainingScores), contamination);
  return {
    ...rankingQuality(scores, labels),
    ...decisionQuality(scores, labels, threshold),
    rows: test.rows,
    rowsPerSecond: Math.round(test.rows / Math.max(seconds, 1e-6)),
    trainingSeconds: (started - begun) / 1000,
    threshold,
    scores,
    labels,
  };
}

function splitNormal(data: LabelledRows, seed: number): { fit: Matrix; test: Matrix; labels: Uint8Array } {
  const normal = [...data.labels.keys()].filter((row) => data.labels[row] === 0);
  const drawn = drawIndices(normal.length, Math.floor(normal.length / 2), seededRandom(seed));
  const training = new Set([...drawn].map((i) => normal[i] as number));
  const rest = [...data.labels.keys()].filter((row) => !training.has(row));
  return {
    fit: takeRows(
      data,
      [...training].sort((a, b) => a - b),
    ),
    test: takeRows(data, rest),
    labels: Uint8Array.from(rest, (row) => data.labels[row] as number),
  };
}
