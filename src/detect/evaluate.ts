import { type Detector, type DetectorKind, type DetectorOptions, type Matrix } from './detector.js';
import { drawIndices, seededRandom } from './random.js';
import { type DecisionQuality, type RankingQuality, decisionQuality, rankingQuality } from './ranking.js';
import { CONTAMINATION_DEFAULT, scoreQuantiles, thresholdFor } from './score-quantiles.js';

export type TrainOn = 'all' | 'normal';

export interface Evaluation extends RankingQuality, DecisionQuality {
  readonly rows: number;
  readonly rowsPerSecond: number;
}

/**
 * Trains on labelled rows without looking at the labels, and compares the scores with them.
 * `all`: fitted and scored on all rows. `normal`: half of the normal rows, drawn by the seed, train; the other half
 * and all anomalies are scored.
 */
export async function evaluateDetector(
  kind: DetectorKind,
  options: DetectorOptions,
  data: Matrix & { readonly labels: Uint8Array; readonly features: readonly string[] },
  trainOn: TrainOn,
  seed: number,
  signal: AbortSignal,
): Promise<Evaluation> {
  if (kind.train === null) throw new TypeError(`${kind.type} is not trained`);
  const { fit, test, labels } =
    trainOn === 'all' ? { fit: data, test: data, labels: data.labels } : splitNormal(data, seed);
  const trained = await kind.train({ data: fit, options, imported: null }, signal);
  const detector = await kind.create(options, data.features, trained);
  const fitScores = trained.trainingScores ?? (await scoresOf(detector, fit));
  const scores = new Float64Array(test.rows);
  const started = performance.now();
  await detector.score(test.values, test.rows, scores);
  const seconds = (performance.now() - started) / 1000;
  const threshold = thresholdFor(scoreQuantiles(fitScores), CONTAMINATION_DEFAULT);
  return {
    ...rankingQuality(scores, labels),
    ...decisionQuality(scores, labels, threshold),
    rows: test.rows,
    rowsPerSecond: Math.round(test.rows / Math.max(seconds, 1e-6)),
  };
}

async function scoresOf(detector: Detector, { values, rows }: Matrix): Promise<Float64Array> {
  const scores = new Float64Array(rows);
  await detector.score(values, rows, scores);
  return scores;
}

function splitNormal(
  data: Matrix & { readonly labels: Uint8Array },
  seed: number,
): { fit: Matrix; test: Matrix; labels: Uint8Array } {
  const normal = [...data.labels.keys()].filter((row) => data.labels[row] === 0);
  const drawn = drawIndices(normal.length, Math.floor(normal.length / 2), seededRandom(seed));
  const training = new Set([...drawn].map((i) => normal[i] as number));
  const rest = [...data.labels.keys()].filter((row) => !training.has(row));
  return {
    fit: take(
      data,
      [...training].sort((a, b) => a - b),
    ),
    test: take(data, rest),
    labels: Uint8Array.from(rest, (row) => data.labels[row] as number),
  };
}

function take({ values, width }: Matrix, rows: readonly number[]): Matrix {
  const taken = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries())
    taken.set(values.subarray(row * width, (row + 1) * width), i * width);
  return { values: taken, rows: rows.length, width };
}
