import type { Clock } from '../model.js';
import { UnusableFileError } from '../errors.js';
import type { DetectorKind, DetectorOptions, Matrix } from './detector.js';
import { type Model, withContentVersion } from './model-file.js';
import { CONTAMINATION_DEFAULT, scoreQuantiles, thresholdFor } from './score-quantiles.js';

/** Fewest rows that a detector is trained on. */
export const TRAINING_ROWS_MIN = 16;

export interface TrainingTask {
  readonly kind: DetectorKind;
  readonly options: DetectorOptions;
  /** Names in the vector's order, and what each is made of. */
  readonly features: readonly string[];
  readonly definitions: readonly string[];
  readonly data: Matrix;
  /** Where the rows come from, as the user would say it, and how many could not be used. */
  readonly source: string;
  readonly rejected: number;
  readonly name: string;
  readonly contamination: number | null;
}

/**
 * Trains a detector and sets its threshold from its own training scores.
 * @throws UnusableFileError when the rows are too few, not finite, or all the same
 */
export async function trainModel(task: TrainingTask, clock: Clock, signal: AbortSignal): Promise<Model> {
  const { kind, options, features, definitions, data, source } = task;
  if (kind.train === null) throw new UnusableFileError(`the detector '${kind.type}' is not trained`);
  checkRows(data, source);
  const trained = await kind.train(data, options, signal);
  const scores = new Float64Array(data.rows);
  kind.create(options, features, trained).score(data.values, data.rows, scores);
  const quantiles = scoreQuantiles(scores);
  const contamination = task.contamination ?? CONTAMINATION_DEFAULT;
  return withContentVersion({
    name: task.name,
    detector: kind.type,
    options,
    seed: typeof options.seed === 'number' ? options.seed : null,
    features: [...features],
    definitions: [...definitions],
    threshold: thresholdFor(quantiles, contamination),
    contamination,
    training: { data: source, rows: data.rows, rejected: task.rejected },
    created: new Date(clock()).toISOString(),
    arrays: { ...trained, quantiles },
  });
}

function checkRows({ values, rows, width }: Matrix, source: string): void {
  if (rows < TRAINING_ROWS_MIN)
    throw new UnusableFileError(
      `${source}: ${rows} usable rows are too few to train on; ${TRAINING_ROWS_MIN} is the least`,
    );
  let varies = false;
  for (let i = 0; i < rows * width; i++) {
    if (!Number.isFinite(values[i]))
      throw new UnusableFileError(`${source}: row ${Math.floor(i / width)} has a value that is not finite`);
    if (i >= width && values[i] !== values[i % width]) varies = true;
  }
  if (!varies)
    throw new UnusableFileError(`${source}: all ${rows} rows are the same: there is nothing to learn`);
}
