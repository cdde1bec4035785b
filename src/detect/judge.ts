import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { UnusableFileError } from '../errors.js';
import type { ModelIdentity } from '../model.js';
import { changedOption } from './changed-option.js';
import { type Detector, type DetectorKind, type DetectorOptions, ModelFault } from './detector.js';
import { type Model, readModel } from './model-file.js';
import { type ThresholdRule, thresholdOf } from './threshold-rule.js';

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
  readonly threshold: ThresholdRule | null;
}

/**
 * Makes the judge from the configuration and, for trained kinds, its model folder.
 * @throws UnusableFileError when the model is missing, damaged, or made for other features
 * @throws DetectorConfigFault when the options do not fit the features
 */
export async function loadJudge(
  config: JudgeConfig,
  features: readonly string[],
  definitions: readonly string[],
): Promise<Judge> {
  if (config.model === null) return untrainedJudge(config, features);
  return judgeOf(
    readModel(config.model, trainingFlags(config.kind)),
    config,
    features,
    definitions,
    config.model,
  );
}

/** What `outrider train` needs for it. */
export function trainingFlags({ imports }: DetectorKind): string {
  return imports === 'required' ? '--import FILE --data FILE' : '--data FILE';
}

/** @param where names the model in errors */
export async function judgeOf(
  model: Model,
  config: JudgeConfig,
  features: readonly string[],
  definitions: readonly string[],
  where: string,
): Promise<Judge> {
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
  const { detector: type, name, version } = model;
  // The model's own options count: the same version of a model gives the same verdicts.
  const options = config.kind.options.safeParse(model.options);
  if (!options.success)
    throw new UnusableFileError(`${where}: its options are not those of this release; train it again`);
  const changed = changedOption(options.data, config.options);
  if (changed !== null) {
    throw new UnusableFileError(
      `${where}: the model was trained with detector.${changed.path} ${JSON.stringify(changed.trained)}, ` +
        `the configuration has ${JSON.stringify(changed.configured)}; train it again`,
    );
  }
  try {
    return {
      identity: { detector: type, name, version },
      detector: await config.kind.create({ ...config.options, ...options.data }, features, model),
      threshold: config.threshold === null ? model.threshold : thresholdOf(config.threshold, model),
      features,
    };
  } catch (cause) {
    if (!(cause instanceof ModelFault)) throw cause;
    throw new UnusableFileError(`${where}: ${cause.message}`, { cause });
  }
}

function said(name: string | undefined, definition: string | undefined): string {
  if (name === undefined) return 'absent';
  return definition === undefined || definition === name ? `'${name}'` : `'${name}' = ${definition}`;
}

async function untrainedJudge(
  { kind, options, threshold }: JudgeConfig,
  features: readonly string[],
): Promise<Judge> {
  const limit = typeof threshold === 'number' ? threshold : 1;
  const compiled = canonicalize({ type: kind.type, ...options, threshold: limit }) ?? '';
  const version = createHash('sha256').update(compiled).digest('hex').slice(0, 8);
  return {
    identity: { detector: kind.type, name: kind.type, version },
    detector: await kind.create(options, features, { arrays: {} }),
    threshold: limit,
    features,
  };
}
