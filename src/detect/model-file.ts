import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import canonicalize from 'canonicalize';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { UnusableFileError, messageOf } from '../errors.js';
import { type ModelArrays, ModelFault } from './detector.js';
import { ARRAY_ITEMS_MAX, arrayBytes, arraysFrom, bytesIn, layoutOf } from './model-arrays.js';
import { type ScoreQuantiles, quantileArrays, takeQuantiles } from './score-quantiles.js';

/** A model folder holds `model.yml` and the arrays' numbers in `model.bin`. */
export const MODEL_FORMAT = 2;
/** Largest `model.yml`: names and definitions of 4096 features are far less. */
export const MANIFEST_BYTES_MAX = 16_777_216;

const MANIFEST = 'model.yml';
const NUMBERS = 'model.bin';

const arraySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][\w.-]*$/i),
  type: z.enum(['float64', 'int32', 'uint8']),
  length: z.number().int().min(0).max(ARRAY_ITEMS_MAX),
});
const rangeSchema = z.strictObject({
  topic: z.string(),
  /** Offsets: `from` is one of the range, `to` is not any more. */
  partitions: z.array(
    z.strictObject({
      partition: z.number().int().min(0),
      from: z.number().int().min(0),
      to: z.number().int().min(0),
    }),
  ),
  /** Offsets that were asked for. */
  sample: z.number().int().min(1),
  /** Of the places that were drawn. */
  seed: z.number().int().min(0),
});
const manifestSchema = z.strictObject({
  format: z.literal(MODEL_FORMAT),
  name: z.string().min(1),
  version: z.string().min(1),
  detector: z.string(),
  options: z.record(z.string(), z.unknown()),
  seed: z.number().int().nullable(),
  features: z.array(z.string()).min(1),
  definitions: z.array(z.string()),
  threshold: z.number(),
  /** How the threshold was set on the training scores. */
  thresholdRule: z.union([
    z.strictObject({ contamination: z.number() }),
    z.strictObject({ alarmsPerDay: z.number() }),
    z.number(),
  ]),
  training: z.strictObject({
    data: z.string(),
    rows: z.number().int(),
    rejected: z.number().int(),
    /** Events there were in a day while the training data came; null where they do not say. */
    rowsPerDay: z.number().positive().nullable(),
    /** The file that was imported. */
    imported: z.string().nullable(),
    /** The range of a topic of which the rows are a sample; absent where they are none. */
    range: rangeSchema.optional(),
  }),
  facts: z.record(z.string(), z.unknown()),
  created: z.string(),
  arrays: z.array(arraySchema),
  digest: z.string(),
});

type Manifest = z.infer<typeof manifestSchema>;
export type TrainingRange = z.infer<typeof rangeSchema>;

/** A trained model as it stands in its folder. */
export interface Model extends Omit<Manifest, 'format' | 'arrays' | 'digest'> {
  readonly arrays: ModelArrays;
  /** Of the training scores. */
  readonly quantiles: ScoreQuantiles;
}

/** A model before it has a version: the version comes from what it learnt. */
export type UnversionedModel = Omit<Model, 'version'>;

/** @returns the model with the first 8 hex digits of its content's SHA-256 as version: the same training, the same version */
export function withContentVersion(model: UnversionedModel): Model {
  // Neither its name nor where its rows came from makes it another model, only what they were.
  const { range: _range, ...rows } = model.training;
  const training = { ...rows, data: '', imported: null };
  const anonymous = { ...model, version: '', name: '', training };
  return { ...model, version: contentHash(anonymous, arrayBytes(allArrays(model))).slice(0, 8) };
}

/**
 * Writes the folder so that a reader sees the old model or the new one, never half of each.
 * @throws UnusableFileError when it cannot be written, or stands for something else than a model
 */
export function writeModel(folder: string, model: Model): void {
  const { arrays: _arrays, quantiles: _quantiles, ...facts } = model;
  const arrays = allArrays(model);
  const bytes = arrayBytes(arrays);
  const manifest: Manifest = {
    format: MODEL_FORMAT,
    ...facts,
    arrays: [...layoutOf(arrays)],
    digest: `sha256:${contentHash(model, bytes)}`,
  };
  const building = `${resolve(folder)}.new`;
  refuseToReplace(folder);
  refuseToReplace(building);
  try {
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { recursive: true });
    writeFileSync(join(building, MANIFEST), HEADER + stringify(manifest, { lineWidth: 0 }));
    writeFileSync(join(building, NUMBERS), bytes);
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } catch (cause) {
    throw new UnusableFileError(`${folder}: the model cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/**
 * A folder is replaced as a whole: one that holds anything else is somebody's work.
 * @throws UnusableFileError
 */
export function refuseToReplace(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new UnusableFileError(`${folder}: the model cannot be written: ${messageOf(cause)}`, { cause });
  }
  const other = names.find((name) => name !== MANIFEST && name !== NUMBERS);
  if (other !== undefined)
    throw new UnusableFileError(
      `${folder}: the model would replace the whole folder, and there is '${other}' in it; name a folder of its own`,
    );
}

const HEADER =
  '# Written by `outrider train`. The digest covers these facts and model.bin: an edited model is refused.\n';

/**
 * @param flags of the `outrider train` that would make it
 * @throws UnusableFileError naming the folder when it is missing, of another release, damaged or edited
 */
export function readModel(folder: string, flags = '--data FILE'): Model {
  let manifest: Manifest;
  let bytes: Buffer;
  try {
    const manifestBytes = statSync(join(folder, MANIFEST)).size;
    if (manifestBytes > MANIFEST_BYTES_MAX)
      throw damaged(folder, `${MANIFEST} has ${manifestBytes} bytes, more than ${MANIFEST_BYTES_MAX}`);
    const written: unknown = parse(readFileSync(join(folder, MANIFEST), 'utf8'));
    refuseOtherFormat(folder, written);
    manifest = manifestSchema.parse(written);
    // Before a byte of it is read.
    const [has, wanted] = [statSync(join(folder, NUMBERS)).size, bytesIn(manifest.arrays)];
    if (has !== wanted) throw damaged(folder, `${NUMBERS} has ${has} bytes, by ${MANIFEST} it has ${wanted}`);
    bytes = readFileSync(join(folder, NUMBERS));
  } catch (cause) {
    if (cause instanceof UnusableFileError) throw cause;
    const why =
      cause instanceof z.ZodError
        ? z.prettifyError(cause).replaceAll('\n', ' ')
        : // YAML shows the place in further lines.
          messageOf(cause).replace(/:?\n[\s\S]*$/, '');
    throw new UnusableFileError(
      `${folder}: no usable model: ${why}. Train one with: outrider train ${flags}`,
      { cause },
    );
  }
  const { format: _format, arrays: layout, digest, ...facts } = manifest;
  const arrays = arraysFrom(layout, bytes);
  if (typeof arrays === 'string') throw damaged(folder, arrays);
  try {
    const { quantiles, rest } = takeQuantiles(arrays);
    const model: Model = { ...facts, arrays: rest, quantiles };
    if (digest !== `sha256:${contentHash(model, bytes)}`)
      throw damaged(folder, 'the model does not match its digest');
    return model;
  } catch (cause) {
    if (!(cause instanceof ModelFault)) throw cause;
    throw damaged(folder, cause.message);
  }
}

function damaged(folder: string, why: string): UnusableFileError {
  return new UnusableFileError(`${folder}: ${why}: it was edited or damaged; train it again`);
}

function refuseOtherFormat(folder: string, written: unknown): void {
  const format = (written as { format?: unknown } | null)?.format;
  if (typeof format !== 'number' || format === MODEL_FORMAT) return;
  throw new UnusableFileError(
    `${folder}: the model is of format ${format}, this release reads format ${MODEL_FORMAT}; train it again`,
  );
}

/** A model's default name: its folder's. */
export function modelNameOf(folder: string): string {
  return basename(resolve(folder));
}

function allArrays({ arrays, quantiles }: Pick<Model, 'arrays' | 'quantiles'>): ModelArrays {
  return { ...arrays, ...quantileArrays(quantiles) };
}

function contentHash(model: Model, bytes: Buffer): string {
  const { arrays: _arrays, quantiles: _quantiles, created: _created, ...facts } = model;
  return createHash('sha256')
    .update(canonicalize({ ...facts, layout: layoutOf(allArrays(model)) }) ?? '')
    .update(bytes)
    .digest('hex');
}
