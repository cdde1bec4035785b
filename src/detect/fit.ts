import { UnusableFileError, messageOf } from '../errors.js';
import { plural } from '../plural.js';
import {
  type Detector,
  type DetectorKind,
  type DetectorOptions,
  type Matrix,
  ModelFault,
  type Trained,
  TrainingFault,
} from './detector.js';

/** Fewest rows that a detector is trained on. */
export const TRAINING_ROWS_MIN = 16;

export interface FittingTask {
  readonly kind: DetectorKind;
  readonly options: DetectorOptions;
  /** Names in the vector's order. */
  readonly features: readonly string[];
  readonly data: Matrix;
  /** Where the rows come from, as the user would say it. */
  readonly source: string;
  /** The file that was imported. */
  readonly imported: { readonly name: string; readonly bytes: Uint8Array } | null;
}

export interface Fitted {
  readonly trained: Trained;
  readonly detector: Detector;
  /** One per row, in [0, 1]: the detector's own where it has them, else what `score` says. */
  readonly trainingScores: Float64Array;
}

/**
 * Trains a detector and asks it for the scores of the rows that it learnt from.
 * @throws UnusableFileError when the rows are too few, not finite, or all the same, or the detector cannot learn from them
 * @throws DetectorConfigFault when the options do not go together
 */
export async function fitDetector(task: FittingTask, signal: AbortSignal): Promise<Fitted> {
  const { kind, options, features, data, source } = task;
  if (kind.train === null) throw new UnusableFileError(`the detector '${kind.type}' is not trained`);
  checkRows(data, features, source);
  const blamed = task.imported?.name ?? source;
  const input = { data, options, imported: task.imported?.bytes ?? null };
  try {
    const trained = await kind.train(input, signal);
    const detector = await kind.create(options, features, trained);
    return { trained, detector, trainingScores: await trainingScores(task, trained, detector) };
  } catch (cause) {
    if (!(cause instanceof TrainingFault || cause instanceof ModelFault)) throw cause;
    throw new UnusableFileError(`${blamed}: ${cause.message}`, { cause });
  }
}

/** @throws UnusableFileError naming the row whose score is not one */
export async function scoresOf(
  detector: Detector,
  { values, rows }: Matrix,
  source: string,
): Promise<Float64Array> {
  const scores = new Float64Array(rows).fill(NaN);
  try {
    await detector.score(values, rows, scores);
  } catch (cause) {
    throw new UnusableFileError(`${source}: the detector cannot score the rows: ${messageOf(cause)}`, {
      cause,
    });
  }
  checkScores(scores, source);
  return scores;
}

async function trainingScores(
  { kind, data, source }: FittingTask,
  { trainingScores: own }: Trained,
  detector: Detector,
): Promise<Float64Array> {
  if (own === undefined) return scoresOf(detector, data, source);
  if (own.length !== data.rows)
    throw new Error(`'${kind.type}' gave ${own.length} training scores for ${data.rows} rows`);
  checkScores(own, source);
  return own;
}

function checkScores(scores: Float64Array, source: string): void {
  const row = scores.findIndex((score) => !(score >= 0 && score <= 1));
  if (row >= 0)
    throw new UnusableFileError(
      `${source}: the detector gives usable row ${row} (the first is 0) the score ${scores[row]}, not in [0, 1]`,
    );
}

function checkRows({ values, rows, width }: Matrix, features: readonly string[], source: string): void {
  if (rows < TRAINING_ROWS_MIN)
    throw new UnusableFileError(
      `${source}: ${plural(rows, 'usable row is', 'usable rows are')} too few to train on; ${TRAINING_ROWS_MIN} is the least`,
    );
  let varies = false;
  for (let i = 0; i < rows * width; i++) {
    if (!Number.isFinite(values[i]))
      throw new UnusableFileError(
        `${source}: usable row ${Math.floor(i / width)} (the first is 0): ${features[i % width]} is ${values[i]}, not a finite number`,
      );
    if (i >= width && values[i] !== values[i % width]) varies = true;
  }
  if (!varies)
    throw new UnusableFileError(`${source}: all ${rows} rows are the same: there is nothing to learn`);
}
