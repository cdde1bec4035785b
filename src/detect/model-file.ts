import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import canonicalize from 'canonicalize';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { UnusableFileError, messageOf } from '../errors.js';
import type { ModelArrays } from './detector.js';

/** A model folder holds `model.yml` and the arrays' numbers, little-endian, one after the other, in `model.bin`. */
export const MODEL_FORMAT = 1;

const arraySchema = z.strictObject({
  name: z.string(),
  type: z.enum(['float64', 'int32']),
  length: z.number().int().min(0).max(268_435_456),
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
  contamination: z.number(),
  training: z.strictObject({
    data: z.string(),
    rows: z.number().int(),
    rejected: z.number().int(),
  }),
  created: z.string(),
  arrays: z.array(arraySchema),
  digest: z.string(),
});

type Manifest = z.infer<typeof manifestSchema>;

/** A trained model as it stands in its folder. */
export type Model = Omit<Manifest, 'format' | 'arrays' | 'digest'> & { readonly arrays: ModelArrays };

/** A model before it has a version: the version comes from what it learnt. */
export type UnversionedModel = Omit<Model, 'version'>;

/** @returns the model with the first 8 hex digits of its content's SHA-256 as version: the same training, the same version */
export function withContentVersion(model: UnversionedModel): Model {
  // Neither its name nor the name of the file it learnt from makes it another model.
  const anonymous = { ...model, version: '', name: '', training: { ...model.training, data: '' } };
  const version = contentHash(anonymous, arrayBytes(model.arrays)).slice(0, 8);
  return { ...model, version };
}

/** Writes the folder so that a reader sees the old model or the new one, never half of each. */
export function writeModel(folder: string, model: Model): void {
  const { arrays, ...facts } = model;
  const bytes = arrayBytes(arrays);
  const manifest: Manifest = {
    format: MODEL_FORMAT,
    ...facts,
    arrays: Object.entries(arrays).map(([name, array]) => ({
      name,
      type: array instanceof Float64Array ? 'float64' : 'int32',
      length: array.length,
    })),
    digest: `sha256:${contentHash(model, bytes)}`,
  };
  const building = `${resolve(folder)}.new`;
  try {
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { recursive: true });
    writeFileSync(join(building, 'model.yml'), HEADER + stringify(manifest, { lineWidth: 0 }));
    writeFileSync(join(building, 'model.bin'), bytes);
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } catch (cause) {
    throw new UnusableFileError(`${folder}: the model cannot be written: ${messageOf(cause)}`, { cause });
  }
}

const HEADER =
  '# Written by `outrider train`. The digest covers these facts and model.bin: an edited model is refused.\n';

/** @throws UnusableFileError naming the folder when it is missing, damaged or edited */
export function readModel(folder: string): Model {
  const manifestFile = join(folder, 'model.yml');
  let manifest: Manifest;
  let bytes: Buffer;
  try {
    manifest = manifestSchema.parse(parse(readFileSync(manifestFile, 'utf8')));
    bytes = readFileSync(join(folder, 'model.bin'));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : messageOf(cause);
    throw new UnusableFileError(
      `${folder}: no usable model: ${why}. Train one with: outrider train --data FILE`,
      { cause },
    );
  }
  const { format: _format, arrays: layout, digest, ...facts } = manifest;
  const model: Model = { ...facts, arrays: readArrays(folder, layout, bytes) };
  if (digest !== `sha256:${contentHash(model, bytes)}`) {
    throw new UnusableFileError(
      `${folder}: the model does not match its digest: it was edited or damaged; train it again`,
    );
  }
  return model;
}

/** A model's default name: its folder's. */
export function modelNameOf(folder: string): string {
  return basename(resolve(folder));
}

function contentHash(model: Model, bytes: Buffer): string {
  const { arrays: _arrays, created: _created, ...facts } = model;
  return createHash('sha256')
    .update(canonicalize(facts) ?? '')
    .update(bytes)
    .digest('hex');
}

function arrayBytes(arrays: ModelArrays): Buffer {
  const parts = Object.values(arrays).map((array) => {
    const part = Buffer.alloc(array.byteLength);
    if (array instanceof Float64Array) array.forEach((value, i) => part.writeDoubleLE(value, i * 8));
    else array.forEach((value, i) => part.writeInt32LE(value, i * 4));
    return part;
  });
  return Buffer.concat(parts);
}

function readArrays(folder: string, layout: Manifest['arrays'], bytes: Buffer): ModelArrays {
  const arrays: Record<string, Float64Array | Int32Array> = {};
  let at = 0;
  for (const { name, type, length } of layout) {
    const itemBytes = type === 'float64' ? 8 : 4;
    const start = at;
    at += length * itemBytes;
    if (at > bytes.length) throw new UnusableFileError(`${folder}: model.bin is shorter than model.yml says`);
    arrays[name] =
      type === 'float64'
        ? Float64Array.from({ length }, (_, i) => bytes.readDoubleLE(start + i * 8))
        : Int32Array.from({ length }, (_, i) => bytes.readInt32LE(start + i * 4));
  }
  if (at !== bytes.length) throw new UnusableFileError(`${folder}: model.bin is longer than model.yml says`);
  return arrays;
}
