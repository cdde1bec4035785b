import type { Type } from 'avsc';
import type { Config } from '../config/config.js';
import { configurationError } from '../config/fault.js';
import { readSchemaFile } from '../decode/avro-schema.js';
import { EventDecoder } from '../decode/event-decoder.js';
import { type FieldPlan, isPlanFault, isTimeField, planFields } from '../decode/field-plan.js';
import { singleObjectHeader } from '../decode/fingerprint.js';
import { schemaFolder } from '../decode/schema-folder.js';
import { RegistryClient } from '../decode/registry-client.js';
import { type RegistryWaiting, SchemaRegistry } from '../decode/schema-registry.js';
import type { SchemaSource } from '../decode/schema-source.js';
import { DetectorConfigFault } from '../detect/detector.js';
import { type Judge, loadJudge, trainingFlags } from '../detect/judge.js';
import { UnusableFileError, UnusableSchemaError } from '../errors.js';
import { type FeatureStage, compileFeatures } from '../features/compile.js';
import { anomalySchemaText, anomalyType, confluentFrame } from '../publish/anomaly-record.js';
import { Scorer, type StageTimer } from './scorer.js';

/** What the configuration's files make, before anything is connected. */
export interface EventReading {
  readonly reader: Type;
  readonly plan: FieldPlan;
  readonly features: FeatureStage;
  readonly names: readonly string[];
  readonly definitions: readonly string[];
}

/**
 * Reads the schema and lays the features over it.
 * @param use `features`: of a file, where nobody asks for the entity or the time, and they may be absent; `training`:
 * with the time, which says how many events there are in a day
 * @throws UnusableFileError when the schema cannot be used; ConfigurationError when a path is not in it
 */
export function prepareReading(
  config: Config,
  use: 'events' | 'features' | 'training' = 'events',
): EventReading {
  const { input, features } = config;
  const reader = readSchemaFile(input.schema);
  const time = use === 'features' ? null : input.time;
  const entity = use === 'events' ? input.entity : null;
  const plan = planFields(reader, { fields: features.fields, time, entity });
  if (isPlanFault(plan))
    throw configurationError(config.file, [KEY_OF_USE[plan.use]], `${plan.message} (${input.schema})`);
  for (const column of features.timeFields) {
    const path = features.fields[column] ?? [];
    if (!isTimeField(reader, path)) {
      throw configurationError(
        config.file,
        ['features'],
        `'${path.join('.')}' has no logical type of a time in the schema, which a part needs`,
      );
    }
  }
  return {
    reader,
    plan,
    features: compileFeatures(features),
    names: features.features.map(({ name }) => name),
    definitions: features.features.map(({ definition }) => definition),
  };
}

/** The detector with its model. @throws UnusableFileError, ConfigurationError */
export async function prepareJudge(config: Config, { names, definitions }: EventReading): Promise<Judge> {
  const { detector } = config;
  if (detector.kind.train !== null && detector.model === null) {
    throw new UnusableFileError(
      `${config.file}: detector.model: the detector '${detector.kind.type}' needs a trained model; name a folder and train one with: outrider train ${trainingFlags(detector.kind)}`,
    );
  }
  try {
    return await loadJudge(detector, names, definitions);
  } catch (error) {
    if (!(error instanceof DetectorConfigFault)) throw error;
    throw configurationError(config.file, ['detector', ...error.key], error.message);
  }
}

/** How schemas are looked up in a registry. */
export interface LookupOptions {
  readonly onWaiting?: RegistryWaiting | undefined;
  /** However many ids turn out to be unknown, all are asked for: nobody waits for the events. */
  readonly isPatient?: boolean;
}

/** Where the writer schemas of events come from. */
export function prepareSchemas(
  config: Config,
  reader: Type,
  { onWaiting, isPatient = false }: LookupOptions = {},
): SchemaSource {
  const { encoding, registry, schemas } = config.input;
  return encoding === 'confluent' && registry !== null
    ? new SchemaRegistry(registry, onWaiting, undefined, undefined, isPatient)
    : schemaFolder(schemas, reader);
}

export function prepareDecoder(
  config: Config,
  { reader, plan }: EventReading,
  lookups?: LookupOptions,
): EventDecoder {
  const { encoding, maxEventBytes } = config.input;
  const schemas = prepareSchemas(config, reader, lookups);
  try {
    return new EventDecoder({ encoding, reader, plan, schemas, maxEventBytes });
  } catch (cause) {
    if (!(cause instanceof UnusableSchemaError)) throw cause;
    throw new UnusableFileError(`${config.input.schema}: ${cause.message}`, { cause });
  }
}

/** Everything that scoring needs from the disk. @throws UnusableFileError, ConfigurationError */
export async function prepareScorer(config: Config): Promise<Scorer> {
  const reading = prepareReading(config);
  return scorerOf(config, reading, await prepareJudge(config, reading));
}

export function scorerOf(
  config: Config,
  reading: EventReading,
  judge: Judge,
  onStage?: StageTimer,
  onWaiting?: RegistryWaiting,
): Scorer {
  return new Scorer(prepareDecoder(config, reading, { onWaiting }), reading.features, judge, onStage);
}

/** What stands before an anomaly's body: single-object, or with a registry Confluent's frame. @throws OutriderError */
export async function anomalyFrame(config: Config, signal: AbortSignal): Promise<Buffer> {
  const { registry } = config.input;
  if (registry === null) return singleObjectHeader(anomalyType());
  const id = await new RegistryClient(registry).idOf(config.output.subject, anomalySchemaText(), signal);
  return confluentFrame(id);
}

const KEY_OF_USE = { feature: 'features', time: 'input.time', entity: 'input.entity' } as const;
