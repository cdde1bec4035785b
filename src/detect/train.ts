import type { Clock } from '../model.js';
import { UnusableFileError } from '../errors.js';
import { ModelFault } from './detector.js';
import { type FittingTask, fitDetector } from './fit.js';
import { type Model, type TrainingRange, withContentVersion } from './model-file.js';
import { CONTAMINATION_DEFAULT, scoreQuantiles } from './score-quantiles.js';
import { type ThresholdRule, budgetShare, thresholdOf } from './threshold-rule.js';

export interface TrainingTask extends FittingTask {
  /** What each feature is made of. */
  readonly definitions: readonly string[];
  /** Rows that could not be used. */
  readonly rejected: number;
  /** Events that there are in a day; null where nothing says it. */
  readonly rowsPerDay: number | null;
  /** Of a topic, where the rows are a sample of it. */
  readonly range?: TrainingRange | undefined;
  readonly name: string;
  /** Null: a contamination of CONTAMINATION_DEFAULT. */
  readonly threshold: ThresholdRule | null;
}

export interface TrainedModel {
  readonly model: Model;
  /** What the detector says of its training, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Trains a detector and sets its threshold from its own training scores.
 * @throws UnusableFileError when the rows are too few, not finite, or all the same, the detector cannot learn from
 * them, or the threshold is a budget a day and nothing says how many rows a day has
 * @throws DetectorConfigFault when the options do not go together
 */
export async function trainModel(
  task: TrainingTask,
  clock: Clock,
  signal: AbortSignal,
): Promise<TrainedModel> {
  const { kind, options, features, definitions, data, source } = task;
  const rule = task.threshold ?? { contamination: CONTAMINATION_DEFAULT };
  checkBudget(rule, task);
  const { trained, trainingScores } = await fitDetector(task, signal);
  const { arrays, facts = {}, notes = [] } = trained;
  const quantiles = scoreQuantiles(trainingScores);
  const training = {
    data: source,
    rows: data.rows,
    rejected: task.rejected,
    rowsPerDay: task.rowsPerDay,
    imported: task.imported?.name ?? null,
    ...(task.range === undefined ? {} : { range: task.range }),
  };
  const model = withContentVersion({
    name: task.name,
    detector: kind.type,
    options,
    seed: typeof options.seed === 'number' ? options.seed : null,
    features: [...features],
    definitions: [...definitions],
    threshold: thresholdOf(rule, { quantiles, training }),
    thresholdRule: rule,
    training,
    facts: { ...facts },
    created: new Date(clock()).toISOString(),
    arrays,
    quantiles,
  });
  return { model, notes };
}

/** Where a budget is asked for, the rate has to be known before the time is spent. */
function checkBudget(rule: ThresholdRule, { rowsPerDay, source }: TrainingTask): void {
  if (typeof rule !== 'object' || !('alarmsPerDay' in rule)) return;
  try {
    budgetShare(rule.alarmsPerDay, rowsPerDay);
  } catch (cause) {
    if (!(cause instanceof ModelFault)) throw cause;
    throw new UnusableFileError(`${source}: ${cause.message}`, { cause });
  }
}
