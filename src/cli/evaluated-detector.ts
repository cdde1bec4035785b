import { parse } from 'yaml';
import { fromZod } from '../config/fault.js';
import type { DetectorKind, DetectorOptions } from '../detect/detector.js';
import { DETECTORS } from '../detect/registry.js';
import { UsageError, messageOf } from '../errors.js';
import { nearest } from '../nearest.js';

/** What `--detector` names. */
export interface EvaluatedDetector {
  readonly kind: DetectorKind;
  /** As they were given, without defaults; null for a type alone. */
  readonly options: DetectorOptions | null;
  /** Its type, and the options in short. */
  readonly label: string;
}

/**
 * @param text a type, or YAML on one line: `{type: isolation-forest, trees: 200}`
 * @throws UsageError, ConfigurationError
 */
export function evaluatedDetector(text: string): EvaluatedDetector {
  const { type, ...options } = written(text);
  const kind = trainableKind(text, type);
  if ('seed' in options)
    throw new UsageError(`--detector ${text}: seed: each run has its own; give the first with --seed`);
  for (const key of ['model', 'threshold'])
    if (key in options)
      throw new UsageError(
        `--detector ${text}: ${key}: it has no place here: each run trains a model of its own, with the threshold of --contamination`,
      );
  const parsed = kind.options.safeParse(options);
  if (!parsed.success) throw fromZod(`--detector ${text}`, kind.options, parsed.error, [], ['type']);
  const isPlain = Object.keys(options).length === 0;
  return {
    kind,
    options: isPlain ? null : options,
    label: isPlain ? kind.type : `${kind.type} ${short(options)}`,
  };
}

function written(text: string): { readonly type: string } & Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new UsageError(`--detector ${text}: ${messageOf(cause).replace(/:?\n[\s\S]*$/, '')}`, { cause });
  }
  if (typeof value === 'string') return { type: value };
  const type: unknown = typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
  if (typeof value !== 'object' || typeof type !== 'string')
    throw new UsageError(
      `--detector ${text}: write a type, or its options as in --detector '{type: isolation-forest, trees: 200}'`,
    );
  return { ...value, type };
}

/** Kinds that learn from rows alone. */
export function trainableKinds(): DetectorKind[] {
  return [...DETECTORS.values()].filter(({ train, imports }) => train !== null && imports !== 'required');
}

function trainableKind(text: string, type: string): DetectorKind {
  const kind = DETECTORS.get(type);
  if (kind?.train === null)
    throw new UsageError(`--detector ${text}: '${type}' is not trained: there is nothing to evaluate`);
  if (kind?.imports === 'required')
    throw new UsageError(
      `--detector ${text}: '${type}' is imported, not trained from rows: train it with --import, then outrider score`,
    );
  if (kind !== undefined) return kind;
  const names = trainableKinds().map((known) => known.type);
  const near = nearest(type, names);
  throw new UsageError(
    `--detector ${text}: '${type}' is not one of ${names.join(', ')}${near === null ? '' : `; the nearest is '${near}'`}`,
  );
}

/** `{neighbours: 3}` */
function short(options: DetectorOptions): string {
  return JSON.stringify(options).replaceAll('"', '').replaceAll(':', ': ').replaceAll(',', ', ');
}
