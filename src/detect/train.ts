import type { Clock } from '../model.js';
import { UnusableFileError } from '../errors.js';
import { type DetectorKind, type DetectorOptions, type Matrix, TrainingFault } from './detector.js';
import { type Model, withContentVersion } from './model-file.js';
import { CONTAMINATION_DEFAULT, scoreQuantiles } from './score-quantiles.js';
import { type ThresholdRule, thresholdOf } from './threshold-rule.js';

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
  /** Events that there are in a day; null where nothing says it. */
  readonly rowsPerDay: number | null;
  readonly name: string;
  /** Null: a contamination of CONTAMINATION_DEFAULT. */
  readonly threshold: ThresholdRule | null;
  readonly imported: { readonly name: string; readonly bytes: Uint8Array } | null;
}

export interface TrainedModel {
  readonly model: Model;
  /** What the detector says of its training, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Trains a detector and sets its threshold from its own training scores.
 * @throws UnusableFileError when the rows are too few, not finite, or all the same, or the detector cannot learn from them
 * @throws ModelFault when the threshold is a budget a day and nothing says how many rows a day has
 */
export async function trainModel(
  task: TrainingTask,
  clock: Clock,
  signal: AbortSignal,
): Promise<TrainedModel> {
  const { kind, options, features, definitions, data, source } = task;
  if (kind.train === null) throw new UnusableFileError(`the detector '${kind.type}' is not trained`);
  checkRows(data, features, source);
  const trained = await learn(task, kind.train, signal);
  const { arrays, facts = {}, notes = [] } = trained;
  const quantiles = scoreQuantiles(trained.trainingScores ?? (await scoresOf(task, trained)));
  const thresholdRule = task.threshold ?? { contamination: CONTAMINATION_DEFAULT };
  const training = {
    data: source,
    rows: data.rows,
    rejected: task.rejected,
    rowsPerDay: task.rowsPerDay,
    imported: task.imported?.name ?? null,
  };
  const model = withContentVersion({
    name: task.name,
    detector: kind.type,
    options,
    seed: typeof options.seed === 'number' ? options.seed : null,
    features: [...features],
    definitions: [...definitions],
    threshold: thresholdOf(thresholdRule, { quantiles, training }),
    thresholdRule,
    training,
    facts: { ...facts },
    created: new Date(clock()).toISOString(),
    arrays,
    quantiles,
  });
  return { model, notes };
}

async function learn(
  { data, options, imported, source }: TrainingTask,
  train: NonNullable<DetectorKind['train']>,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof train>>> {
  try {
    return await train({ data, options, imported: imported?.bytes ?? null }, signal);
  } catch (cause) {
    if (!(cause instanceof TrainingFault)) throw cause;
    throw new UnusableFileError(`${imported?.name ?? source}: ${cause.message}`, { cause });
  }
}

async function scoresOf(
  { kind, options, features, data, source }: TrainingTask,
  trained: Parameters<DetectorKind['create']>[2],
): Promise<Float64Array> {
  const scores = new Float64Array(data.rows);
  await (await kind.create(options, features, trained)).score(data.values, data.rows, scores);
  const row = scores.findIndex((score) => !(score >= 0 && score <= 1));
  if (row >= 0)
    throw new UnusableFileError(
      `${source}: the trained detector scores row ${row} ${scores[row]}, not in [0, 1]`,
    );
  return scores;
}

function checkRows({ values, rows, width }: Matrix, features: readonly string[], source: string): void {
  if (rows < TRAINING_ROWS_MIN)
    throw new UnusableFileError(
      `${source}: ${rows} usable rows are too few to train on; ${TRAINING_ROWS_MIN} is the least`,
    );
  let varies = false;
  for (let i = 0; i < rows * width; i++) {
    if (!Number.isFinite(values[i]))
      throw new UnusableFileError(
        `${source}: row ${Math.floor(i / width)}: ${features[i % width]} is ${values[i]}, not a finite number`,
      );
    if (i >= width && values[i] !== values[i % width]) varies = true;
  }
  if (!varies)
    throw new UnusableFileError(`${source}: all ${rows} rows are the same: there is nothing to learn`);
}
