import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { UnusableFileError, messageOf } from '../errors.js';
import type { FeatureBatch, ModelIdentity, Reject } from '../model.js';
import { type Detector, type DetectorKind, type DetectorOptions, ModelFault } from './detector.js';
import { type Model, readModel } from './model-file.js';
import { thresholdFor } from './score-quantiles.js';

/** A detector that is ready to judge. */
export interface Judge {
  readonly identity: ModelIdentity;
  readonly detector: Detector;
  /** `isAnomaly` is score >= threshold. */
  readonly threshold: number;
  readonly features: readonly string[];
}

export interface JudgeConfig {
  readonly kind: DetectorKind;
  readonly options: DetectorOptions;
  readonly model: string | null;
  readonly threshold: number | { readonly contamination: number } | null;
}

/**
 * Makes the judge from the configuration and, for trained kinds, its model folder.
 * @throws UnusableFileError when the model is missing, damaged, or made for other features
 * @throws DetectorConfigFault when the options do not fit the features
 */
export function loadJudge(
  config: JudgeConfig,
  features: readonly string[],
  definitions: readonly string[],
): Judge {
  if (config.model === null) return untrainedJudge(config, features);
  return judgeOf(readModel(config.model), config, features, definitions, config.model);
}

/** @param where names the model in errors */
export function judgeOf(
  model: Model,
  config: JudgeConfig,
  features: readonly string[],
  definitions: readonly string[],
  where: string,
): Judge {
  if (model.detector !== config.kind.type) {
    throw new UnusableFileError(
      `${where}: the model is for detector '${model.detector}', the configuration says '${config.kind.type}'`,
    );
  }
  const stranger = Array.from({ length: Math.max(features.length, model.features.length) }, (_, i) => i).find(
    (i) => model.features[i] !== features[i] || model.definitions[i] !== definitions[i],
  );
  if (stranger !== undefined) {
    throw new UnusableFileError(
      `${where}: the model was trained on other features: number ${stranger + 1} is ${said(model.features[stranger], model.definitions[stranger])} ` +
        `in the model and ${said(features[stranger], definitions[stranger])} in the configuration; train it again`,
    );
  }
  const { quantiles, ...arrays } = model.arrays;
  let detector: Detector;
  try {
    detector = config.kind.create(config.options, features, arrays);
  } catch (cause) {
    if (!(cause instanceof ModelFault)) throw cause;
    throw new UnusableFileError(`${where}: ${cause.message}`, { cause });
  }
  const configured = config.threshold;
  if (typeof configured === 'object' && configured !== null && !(quantiles instanceof Float64Array)) {
    throw new UnusableFileError(`${where}: the model has no training scores to take a contamination from`);
  }
  const threshold =
    typeof configured === 'object' && configured !== null
      ? thresholdFor(quantiles as Float64Array, configured.contamination)
      : (configured ?? model.threshold);
  return {
    identity: { detector: model.detector, name: model.name, version: model.version },
    detector,
    threshold,
    features,
  };
}

function said(name: string | undefined, definition: string | undefined): string {
  if (name === undefined) return 'absent';
  return definition === undefined || definition === name ? `'${name}'` : `'${name}' = ${definition}`;
}

function untrainedJudge({ kind, options, threshold }: JudgeConfig, features: readonly string[]): Judge {
  const limit = typeof threshold === 'number' ? threshold : 1;
  const compiled = canonicalize({ type: kind.type, ...options, threshold: limit }) ?? '';
  const version = createHash('sha256').update(compiled).digest('hex').slice(0, 8);
  return {
    identity: { detector: kind.type, name: kind.type, version },
    detector: kind.create(options, features, {}),
    threshold: limit,
    features,
  };
}

/** Scores of a batch; a row that the detector fails on is a reject, and its score NaN, which no threshold reaches. */
export interface Verdicts {
  /** One per row of the FeatureBatch. */
  readonly scores: Float64Array;
  readonly rejects: Reject[];
}

/** @param source index in the source batch, one per row of the FieldBatch */
export function scoreBatch(judge: Judge, batch: FeatureBatch, source: Int32Array): Verdicts {
  const scores = new Float64Array(batch.rows);
  try {
    judge.detector.score(batch.values, batch.rows, scores);
    return { scores, rejects: [] };
  } catch {
    // Which row it was is found one row at a time, below: each failure becomes a reject that carries its message.
    return scoreOneByOne(judge, batch, source);
  }
}

function scoreOneByOne(
  judge: Judge,
  { rows, width, values, row }: FeatureBatch,
  source: Int32Array,
): Verdicts {
  const scores = new Float64Array(rows);
  const rejects: Reject[] = [];
  for (let i = 0; i < rows; i++) {
    try {
      judge.detector.score(values.subarray(i * width, (i + 1) * width), 1, scores.subarray(i, i + 1));
    } catch (error) {
      scores[i] = NaN;
      rejects.push({
        index: source[row[i] as number] as number,
        reason: 'detector-failed',
        message: messageOf(error),
      });
    }
  }
  return { scores, rejects };
}
